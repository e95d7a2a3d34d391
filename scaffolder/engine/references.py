"""Code that a merge would leave broken, though no line of it conflicts.

A stage's module goes or comes together with lines that import it. Where the user moved or wrote
such lines elsewhere, a merge of lines leaves them. What is beyond doubt is put right: a line that
held no more than the name. All else is the user's to decide on, as a conflict.
"""

from collections.abc import Collection, Container, Iterable, Mapping
from types import MappingProxyType

from scaffolder.languages.all import LANGUAGES, is_code, of_path
from scaffolder.languages.base import Code, is_within, parts

from . import mentions, trees
from .git import Repository
from .merge import Conflict, Merge, with_files
from .moved_files import Moved, Placed
from .trees import Blob, Tree

NOWHERE: Moved = MappingProxyType({})

HINT = "edit it, then git add it"


def gone(before: Iterable[str], after: Iterable[str], moved: Moved = NOWHERE) -> dict[str, str]:
    """Return the modules of the paths `before` that none of those `after` holds.

    For each, what became of it: "is gone", or where it is, by `moved`.
    """
    old, new = (
        {code.module_of(path) for path in paths if (code := of_path(path))}
        for paths in (before, after)
    )
    fates = {
        code.module_of(path): f"is {' and '.join(map(code.module_of, paths))} now"
        for path, paths in moved.items()
        if (code := of_path(path))
    }
    return {module: fates.get(module, "is gone") for module in sorted(old - new)}


def broken(path: str, before: bytes, now: bytes, missing: Mapping[str, str]) -> dict[int, str]:
    """Return what is wrong with code `now` that was all right `before`, by its line.

    `missing` are modules that it cannot import any more, and what became of each.
    """
    language = of_path(path)
    if language is None:
        return {}
    old, new = language.read(before, path), language.read(now, path)
    if new is None:
        return {0: f"it is no longer valid {language.TITLE}"} if old else {}
    found = {
        line: f"line {line} imports {', '.join(f'{one}, which {missing[one]}' for one in modules)}"
        for line, modules in _imported(new, missing).items()
    }
    imports = old.imports if old else []
    names = {one.name: missing[one.module] for one in imports if one.module in missing}
    for name in names.keys() - new.bound:
        for line in new.uses.get(name, []):
            found.setdefault(line, f"line {line} uses {name}, which {names[name]}")
    return dict(sorted(found.items()))


def _imported(code: Code, missing: Container[str]) -> dict[int, list[str]]:
    """Return the missing modules that each line imports; of a package and its modules the package.

    `from package import module` imports both.
    """
    found: dict[int, list[str]] = {}
    for one in code.imports:
        told = found.get(one.line, [])
        if one.module in missing and not any(is_within(one.module, outer) for outer in told):
            found[one.line] = [*told, one.module]
    return found


def check(repository: Repository, merged: Merge, base: Tree, theirs: Tree, placed: Placed) -> Merge:
    """Return the merge with code that it would break put right, or as conflicts."""
    deleted = [c.path for c in merged.changes if c.kind == "delete" and is_code(c.path)]
    deleted += placed.carried
    both = _merged(repository, merged, theirs)
    if not deleted and not both:
        return merged
    ours, result = merged.before, merged.after
    missing, added = gone(deleted, result, placed.moved), gone(theirs, base).keys()
    merged.notes.extend(mentions.notes(merged, missing, theirs))
    unsettled = {conflict.path for conflict in merged.conflicts}
    paths = (_mentioning(merged, missing) | both) - unsettled & ours.keys() & result.keys()
    # What the template has like this is not the merge's doing.
    paths = {path for path in paths if not _is_from(repository, theirs, path, result[path])}
    blobs = [side[path].oid for path in paths for side in (ours, result)]
    contents = trees.contents(merged.scratch, blobs)
    files: dict[str, tuple[str, bytes]] = {}
    for path in sorted(paths):
        was, now = contents[ours[path].oid], contents[result[path].oid]
        short = _without_names(path, was, now, missing) if path in base else now
        wrong = [*broken(path, was, short, missing).values()]
        wrong = wrong or _not_listed(path, short, theirs, added)
        if wrong:
            stages = sides(repository, path, ours, base, theirs)
            merged.conflicts.append(Conflict(path, stages, ", ".join(wrong), HINT))
        elif short != now:
            files[path] = (result[path].mode, short)
    return with_files(merged, files) if files else merged


def _read(content: bytes, path: str) -> Code | None:
    language = of_path(path)
    return language.read(content, path) if language else None


def sides(
    repository: Repository, path: str, ours: Mapping[str, Blob], base: Tree, theirs: Tree
) -> dict[int, Blob]:
    """Return the sides of a conflict; of a file that is the user's alone all are the same."""
    stages = dict.fromkeys((1, 2, 3), ours[path])
    if path in base and path in theirs:
        for number, side in ((1, base), (3, theirs)):
            stages[number] = Blob(side[path][0], trees.oid(repository, side[path][1]))
    return stages


def _not_listed(path: str, now: bytes, theirs: Tree, added: Collection[str]) -> list[str]:
    """Return the new modules that code does not take up as the template's version of it does."""
    mine = _read(now, path)
    other = _read(theirs[path][1], path) if path in theirs else None
    if mine is None or other is None:
        return []
    names = sorted({one.name for one in other.imports if one.module in added} - {""})
    return [
        f"it does not list {name}, which is new, as the template does"
        for name in names
        if _times(mine, name) != _times(other, name)
    ]


def _times(code: Code, name: str) -> tuple[int, int]:
    """Return how often code imports something by a name, and uses it."""
    return sum(one.name == name for one in code.imports), len(code.uses.get(name, []))


def _is_from(repository: Repository, theirs: Tree, path: str, blob: Blob) -> bool:
    """Tell whether a file is what the template has at `path`."""
    return path in theirs and blob.oid == trees.oid(repository, theirs[path][1])


def _merged(repository: Repository, merged: Merge, theirs: Tree) -> set[str]:
    """Return the code that comes of edits on both sides."""
    return {
        change.path
        for change in merged.changes
        if change.kind == "modify" and is_code(change.path) and change.path in theirs
        if change.new and not _is_from(repository, theirs, change.path, change.new)
    }


def _mentioning(merged: Merge, modules: Iterable[str]) -> set[str]:
    """Return the code in the result that has the last word of one of the modules."""
    words = sorted({parts(module)[-1] for module in modules})
    if not words:
        return set()
    patterns = [part for word in words for part in ("-e", word)]
    command = (
        "grep",
        "-lzwF",
        *patterns,
        merged.result,
        "--",
        *(f"*{found.SUFFIX}" for found in LANGUAGES.values()),
    )
    done = merged.scratch(*command, expect=(0, 1))
    listed = done.stdout.decode(errors="surrogateescape").split("\0")[:-1]
    return {name.partition(":")[2] for name in listed}


def _without_names(path: str, was: bytes, now: bytes, missing: Mapping[str, str]) -> bytes:
    """Return code without the broken lines that hold no more than the name of a missing module."""
    words = {parts(module)[-1].encode() + b"," for module in missing}
    while True:
        lines = now.splitlines(keepends=True)
        bad = broken(path, was, now, missing)
        kept = [
            line
            for number, line in enumerate(lines, 1)
            if number not in bad or line.strip() not in words
        ]
        if len(kept) == len(lines):
            return now
        now = b"".join(kept)
