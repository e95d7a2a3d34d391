"""Git servers: which versions a repository has, and what is in one of them.

Git is asked for no more than tags. Nothing is checked out: no filter, submodule or link of the
repository has an effect.
"""

from dataclasses import dataclass
from pathlib import Path

from scaffolder import temporary
from scaffolder.engine import trees
from scaffolder.engine.trees import Tree
from scaffolder.errors import RefusedError
from scaffolder.overlays.format import files

from . import git_remote, tags
from .origin import Origin
from .trust import TrustPolicy, require_contact


@dataclass(frozen=True)
class Tagged:
    """The content of a tag."""

    tree: Tree
    commit: str


def versions(origin: Origin, trust: TrustPolicy) -> dict[str, str]:
    """Return tag → commit of a repository, for tags that are versions, oldest first.

    Raise RefusedError if the repository is not trusted, cannot be read, or does not answer in time.
    """
    require_contact(origin.place, trust)
    if origin.place not in _remembered:
        _remembered[origin.place] = _versions(origin)
        if not _remembering:
            return _remembered.pop(origin.place)
    return _remembered[origin.place]


_remembered: dict[str, dict[str, str]] = {}
_remembering: list[bool] = []


def remember() -> None:
    """Ask every server once from now on: a fleet has one template, and many services."""
    _remembering.append(True)


def _versions(origin: Origin) -> dict[str, str]:
    lines = git_remote.run(
        origin, None, "ls-remote", "--tags", "--", git_remote.clean(origin)
    ).splitlines()
    commits: dict[str, str] = {}
    for line in lines:
        oid, _, ref = line.partition("\t")
        tag = ref.removeprefix("refs/tags/")
        peeled = tag.endswith("^{}")
        if peeled or tag not in commits:
            commits[tag.removesuffix("^{}")] = oid
    return {tag: commits[tag] for tag in tags.ordered(commits)}


def fetch(origin: Origin, trust: TrustPolicy) -> Tagged:
    """Fetch what the tag `origin.version` holds, and no more.

    Raise RefusedError if there is no such tag, or as `versions`.
    """
    require_contact(origin.place, trust)
    with temporary.directory() as directory:
        git_remote.run(origin, directory, "init", "--quiet", "--bare", "--template=")
        ref = f"refs/tags/{origin.version}"
        options = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules")
        try:
            git_remote.run(
                origin, directory, "fetch", *options, "--", git_remote.clean(origin), f"{ref}:{ref}"
            )
        except git_remote.MissingTagError as error:
            raise _no_tag(origin, trust) from error
        commit = git_remote.run(origin, directory, "rev-parse", f"{ref}^{{commit}}").strip()
        return Tagged(_read(origin, directory, commit), commit)


def head(origin: Origin, git_dir: Path, ref: str) -> None:
    """Fetch the last commit of the default branch, as `ref`; raise as `versions`."""
    _fetch(origin, git_dir, f"+HEAD:{ref}", depth=1)


def branch(origin: Origin, git_dir: Path, name: str, *, depth: int) -> str:
    """Fetch a branch; return its commit, or an empty text if there is none. Raise as `versions`.

    `depth` is how many commits of it, where it is not all of them.
    """
    ref = "refs/viscaffold/server"
    try:
        _fetch(origin, git_dir, f"+refs/heads/{name}:{ref}", depth=depth)
    except git_remote.MissingTagError:
        return ""
    return git_remote.run(origin, git_dir, "rev-parse", ref).strip()


def _fetch(origin: Origin, git_dir: Path, refspec: str, *, depth: int) -> None:
    options = ["--quiet", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance"]
    options += [f"--depth={depth}"] if depth else []
    git_remote.run(origin, git_dir, "fetch", *options, "--", git_remote.clean(origin), refspec)


def push(origin: Origin, git_dir: Path, branch: str) -> None:
    """Push a branch that the server does not have, or that goes on from the one it has."""
    ref = f"refs/heads/{branch}"
    git_remote.run(
        origin, git_dir, "push", "--quiet", "--", git_remote.clean(origin), f"{ref}:{ref}"
    )


def _no_tag(origin: Origin, trust: TrustPolicy) -> RefusedError:
    asked = tags.parsed(origin.version)
    known = versions(origin, trust)
    series = [tag for tag in known if asked and (tags.parsed(tag) or asked)[0] == asked[0]]
    found = series or list(known)
    if not found:
        error = tags.no_version(origin)
        return git_remote.MissingTagError(
            f"{origin.place} has no tag {origin.version}; it has no tag that is a version",
            error.hint,
        )
    return git_remote.MissingTagError(
        f"{origin.place} has no tag {origin.version}; it has {', '.join(found[-5:])}",
        f"{origin.place}@{found[-1]}",
    )


def _read(origin: Origin, directory: Path, commit: str) -> Tree:
    """Read the files of a commit that belong to an overlay; links are not followed, but named."""
    listed = git_remote.run(origin, directory, "ls-tree", "-r", "-z", "-l", commit).split("\0")[:-1]
    inside = f"{origin.folder}/" if origin.folder else ""
    wanted: list[tuple[str, str, str]] = []
    size = 0
    places: list[str] = []
    for line in listed:
        about, _, whole = line.partition("\t")
        mode, _, oid, length = about.split()
        if whole.rpartition("/")[2] == files.MANIFEST:
            places.append(whole.removesuffix(files.MANIFEST).rstrip("/"))
        path = whole.removeprefix(inside)
        if whole.startswith(inside) and (files.belongs(path) or path in files.CONFIGS):
            wanted.append((path, mode, oid))
            size += int(length) if length != "-" else 0
    if size > files.MOST_BYTES or len(wanted) > files.MOST_FILES:
        raise RefusedError(f"{origin.shown} is larger than a template can be")
    if places and origin.folder not in places:
        raise _elsewhere(origin, places)
    asked = sorted({oid for _, mode, oid in wanted if mode not in files.OTHERS})
    stdin = trees.lines(asked)
    read = git_remote.run_bytes(origin, directory, "cat-file", "--batch", stdin=stdin)
    held = trees.complete(asked, trees.parsed(asked, read))
    return {path: (mode, b"" if mode in files.OTHERS else held[oid]) for path, mode, oid in wanted}


def _elsewhere(origin: Origin, places: list[str]) -> RefusedError:
    """Build the error for a repository whose templates are not where one was looked for."""
    where = f"the folder {origin.folder}" if origin.folder else "the top"
    others = ", ".join(folder or "its top" for folder in places[:5])
    url = git_remote.clean(origin)
    source = f"{url}//{places[0]}" if places[0] else url
    return RefusedError(
        f"{origin.shown} has no {files.MANIFEST} in {where}; there is one in {others}",
        f"{source}@{origin.version}",
    )
