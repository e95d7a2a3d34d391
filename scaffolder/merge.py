"""Three-way merge of trees with git, in a throw-away repository: nothing of the user's changes.

`base` is what the template gave, `theirs` what it gives now, `ours` the index of the service.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .errors import RefusedError
from .git import Git, Repository
from .render import ANSWERS_FILE

OURS = "yours"
"""How conflict markers call the user's side."""

Tree = dict[str, tuple[str, bytes]]
"""Path → mode and content."""


@dataclass(frozen=True)
class Blob:
    """A file as git knows it."""

    mode: str
    oid: str


@dataclass(frozen=True)
class Change:
    """A path that differs between two trees; `old` is None for one added, `new` for one deleted."""

    path: str
    old: Blob | None
    new: Blob | None

    @property
    def kind(self) -> str:
        """Return "add", "modify" or "delete"."""
        if self.old is None:
            return "add"
        return "modify" if self.new else "delete"


@dataclass(frozen=True)
class Conflict:
    """A path that the user has to decide on: its index stages (1 base, 2 ours, 3 theirs)."""

    path: str
    stages: Mapping[int, Blob]
    reason: str


@dataclass(frozen=True)
class Merge:
    """What a merge comes to: from the tree `ours` to the tree `result`, through `changes`."""

    scratch: Git
    ours: str
    result: str
    changes: list[Change]
    conflicts: list[Conflict] = field(default_factory=list)
    kept_deleted: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        """Return every path that is written, in the work tree or in the index."""
        return sorted({*(c.path for c in self.changes), *(c.path for c in self.conflicts)})

    def diff(self, *, colour: bool = False) -> str:
        """Return the difference as a patch that `git apply` takes."""
        flag = "--color=always" if colour else "--color=never"
        done = self.scratch("diff-tree", "-r", "-p", "--binary", flag, self.ours, self.result)
        return done.stdout.decode(errors="surrogateescape")


@contextmanager
def scratch(repository: Repository) -> Iterator[Git]:
    """Make a throw-away bare repository that reads the user's objects and keeps its own.

    It ignores the user's configuration, so that a merge comes to the same everywhere.
    """
    directory = Path(tempfile.mkdtemp(prefix="viscaffold-"))
    try:
        quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        git = Git(directory, quiet)
        git("init", "-q", "--bare", "--template=", f"--object-format={repository.object_format}")
        # A file that is new in a directory which the user renamed goes where the others went.
        git("config", "merge.directoryRenames", "true")
        alternates = directory / "objects" / "info" / "alternates"
        alternates.parent.mkdir(exist_ok=True)
        alternates.write_bytes(os.fsencode(repository.objects.resolve()) + b"\n")
        yield git
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def read_tree(directory: Path) -> Tree:
    """Read a rendered directory."""
    tree: Tree = {}
    for folder, _, files in os.walk(directory):
        for name in files:
            path = Path(folder, name)
            relative = path.relative_to(directory).as_posix()
            mode = "100755" if path.stat().st_mode & 0o100 else "100644"
            tree[relative] = (mode, path.read_bytes())
    return tree


def merge(git: Git, repository: Repository, base: Tree, theirs: Tree, label: str) -> Merge:
    """Merge in the scratch repository `git`; `label` is how conflict markers call their side.

    Raise RefusedError if a file stands where a directory has to be.
    """
    ours = _index_tree(git, repository)
    mine = _list_tree(git, ours)
    base, theirs = _like_ours(git, repository, mine, base, theirs)
    _write_commits(git, base, theirs, ours, label)
    command = ["merge-tree", "--write-tree", "-z", "--messages", OURS, label]
    fields = os.fsdecode(git(*command, expect=(0, 1)).stdout).split("\0")
    result, stages, messages = _parse(fields)
    _refuse_blocked(messages)
    deleted = [path for path, found in stages.items() if found.keys() == {1, 3}]
    result = _without(git, result, deleted)
    return Merge(
        git,
        ours,
        result,
        _changes(git, ours, result),
        [_conflict(p, found, messages) for p, found in stages.items() if p not in deleted],
        deleted,
        [text for kind, _, text in messages if kind.startswith("Path updated")],
    )


def _index_tree(git: Git, repository: Repository) -> str:
    """Write the service's part of the index as a tree, into the scratch repository."""
    copy = git.cwd / "index.ours"
    if repository.index.exists():
        shutil.copyfile(repository.index, copy)
    done = repository.git(
        "write-tree",
        f"--prefix={repository.prefix}",
        expect=(0, 128),
        env={"GIT_INDEX_FILE": str(copy), "GIT_OBJECT_DIRECTORY": str(git.cwd / "objects")},
    )
    if done.returncode:
        words = done.stderr.decode(errors="replace")
        raise RefusedError(
            f"git cannot write the index as a tree: {words.strip()}",
            "finish what is under way (`git status` shows it)",
        )
    return done.stdout.decode().strip()


def _list_tree(git: Git, tree: str) -> dict[str, Blob]:
    listed = {}
    for line in git.fields("ls-tree", "-r", "-z", tree):
        about, _, path = line.partition("\t")
        mode, _, oid = about.split(" ")
        listed[path] = Blob(mode, oid)
    return listed


def _like_ours(
    git: Git, repository: Repository, mine: Mapping[str, Blob], base: Tree, theirs: Tree
) -> tuple[Tree, Tree]:
    """Fit both renders to the service: the answers file, and the line endings of its files.

    A file that the user turned to CRLF would otherwise differ from the template in every line.
    """
    base, theirs = dict(base), dict(theirs)
    for path in base.keys() & theirs.keys() & mine.keys():
        oid = mine[path].oid
        if path == ANSWERS_FILE:
            base[path] = (mine[path].mode, git("cat-file", "blob", oid).stdout)
        elif base[path] != theirs[path] and oid != _oid(repository, base[path][1]):
            content = git("cat-file", "blob", oid).stdout
            if b"\n" in content and content.count(b"\n") == content.count(b"\r\n"):
                base[path] = (base[path][0], base[path][1].replace(b"\n", b"\r\n"))
                theirs[path] = (theirs[path][0], theirs[path][1].replace(b"\n", b"\r\n"))
    return base, theirs


def _oid(repository: Repository, content: bytes) -> str:
    digest = hashlib.new(repository.object_format, usedforsecurity=False)
    digest.update(b"blob %d\0" % len(content) + content)
    return digest.hexdigest()


def _write_commits(git: Git, base: Tree, theirs: Tree, ours: str, label: str) -> None:
    """Write three commits, two of them children of `base`: git finds the base by itself."""
    stream = _commit("base", base) + _commit(label, theirs, parent="base")
    head, parent = _commit_head(OURS), b"from refs/heads/base\ndeleteall\n"
    stream += head + parent + b'M 040000 %s ""\n\n' % ours.encode()
    git("fast-import", "--quiet", stdin=stream)


def _commit(ref: str, tree: Tree, parent: str = "") -> bytes:
    parts = [_commit_head(ref)]
    if parent:
        parts.append(b"from refs/heads/%s\ndeleteall\n" % parent.encode())
    for path, (mode, content) in tree.items():
        parts.append(b"M %s inline %s\n" % (mode.encode(), _quoted(path)))
        parts.append(b"data %d\n%s\n" % (len(content), content))
    return b"".join(parts) + b"\n"


def _commit_head(ref: str) -> bytes:
    return b"commit refs/heads/%s\ncommitter viscaffold <> 0 +0000\ndata 0\n" % ref.encode()


def _quoted(path: str) -> bytes:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return b'"' + os.fsencode(escaped) + b'"'


Stages = dict[str, dict[int, Blob]]
Messages = list[tuple[str, list[str], str]]


def _parse(fields: list[str]) -> tuple[str, Stages, Messages]:
    """Parse what `git merge-tree -z --messages` prints (its manual, OUTPUT)."""
    stages: Stages = {}
    at = 1
    while at < len(fields) and fields[at]:
        about, _, path = fields[at].partition("\t")
        mode, oid, number = about.split(" ")
        stages.setdefault(path, {})[int(number)] = Blob(mode, oid)
        at += 1
    messages: Messages = []
    at += 1
    while at < len(fields) - 1:
        count = int(fields[at])
        paths = fields[at + 1 : at + 1 + count]
        kind, text = fields[at + 1 + count : at + 3 + count]
        messages.append((kind, paths, text.strip()))
        at += count + 3
    return fields[0], stages, messages


def _refuse_blocked(messages: Messages) -> None:
    blocked = [paths[0] for kind, paths, _ in messages if kind == "CONFLICT (file/directory)"]
    if blocked:
        raise RefusedError(
            f"a file stands where a directory has to be: {blocked[0].removesuffix('~' + OURS)}",
            "move it away with `git mv`",
        )


def _conflict(path: str, stages: Mapping[int, Blob], messages: Messages) -> Conflict:
    about = [(kind, text) for kind, paths, text in messages if path in paths and "CONFLICT" in kind]
    kind, text = about[0] if about else ("", "")
    words = {
        "CONFLICT (contents)": "you and the template changed the same lines",
        "CONFLICT (binary)": "it is binary; yours stays in place",
    }
    if kind == "CONFLICT (contents)" and 1 not in stages:
        return Conflict(path, stages, "you and the template added it, with different contents")
    return Conflict(path, stages, words.get(kind, text))


def _without(git: Git, tree: str, paths: list[str]) -> str:
    """Return `tree` less `paths`."""
    if not paths:
        return tree
    index = {"GIT_INDEX_FILE": str(git.cwd / "index.less")}
    git("read-tree", tree, env=index)
    lines = "".join(f"0 {'0' * len(tree)}\t{path}\0" for path in paths)
    git("update-index", "-z", "--index-info", stdin=os.fsencode(lines), env=index)
    return git("write-tree", env=index).stdout.decode().strip()


def _changes(git: Git, old: str, new: str) -> list[Change]:
    fields = git.fields("diff-tree", "-r", "-z", "--raw", "--no-renames", old, new)
    changes = []
    for about, path in zip(fields[::2], fields[1::2], strict=True):
        old_mode, new_mode, old_oid, new_oid, status = about.removeprefix(":").split(" ")
        before = None if status == "A" else Blob(old_mode, old_oid)
        after = None if status == "D" else Blob(new_mode, new_oid)
        changes.append(Change(path, before, after))
    return changes
