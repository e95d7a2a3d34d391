"""Trees of files in a throw-away repository: nothing of the user's changes."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .git import Git, Repository

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
class Overlay:
    """A tree that git has, with some of its files replaced; None takes one away."""

    tree: str
    files: Mapping[str, Blob | None] = field(default_factory=dict)


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
        # moves.py does it, for whole directories too.
        git("config", "merge.directoryRenames", "false")
        alternates = directory / "objects" / "info" / "alternates"
        alternates.parent.mkdir(exist_ok=True)
        alternates.write_bytes(quoted(str(repository.objects.resolve())) + b"\n")
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


def list_tree(git: Git, tree: str) -> dict[str, Blob]:
    """Return the files of a tree, by path."""
    listed = {}
    for line in git.fields("ls-tree", "-r", "-z", tree):
        about, _, path = line.partition("\t")
        mode, _, oid = about.split(" ")
        listed[path] = Blob(mode, oid)
    return listed


def oid(repository: Repository, content: bytes) -> str:
    """Return the name that git gives to a file's content."""
    digest = hashlib.new(repository.object_format, usedforsecurity=False)
    digest.update(b"blob %d\0" % len(content) + content)
    return digest.hexdigest()


def write_commits(git: Git, base: Tree | Overlay, sides: Mapping[str, Tree | Overlay]) -> None:
    """Write a commit of `base`, and its children, as branches of the names given."""
    stream = _commit("base", base)
    for name, side in sides.items():
        stream += _commit(name, side, parent="base")
    git("fast-import", "--quiet", "--force", stdin=stream)


def write_tree(git: Git, tree: Tree | Overlay) -> str:
    """Write a tree; return its name."""
    git("fast-import", "--quiet", "--force", stdin=_commit("tree", tree))
    return git.line("rev-parse", "refs/heads/tree^{tree}")


def _commit(ref: str, content: Tree | Overlay, parent: str = "") -> bytes:
    """Return a commit as `git fast-import` reads it."""
    parts = [b"commit refs/heads/%s\n" % ref.encode()]
    parts.append(b"committer viscaffold <> 0 +0000\ndata 0\n")
    if parent:
        parts.append(b"from refs/heads/%s\ndeleteall\n" % parent.encode())
    if isinstance(content, Overlay):
        parts.append(b'M 040000 %s ""\n' % content.tree.encode())
        for path, blob in content.files.items():
            how = b"M %s %s" % (blob.mode.encode(), blob.oid.encode()) if blob else b"D"
            parts.append(b"%s %s\n" % (how, quoted(path)))
    else:
        for path, (mode, data) in content.items():
            parts.append(b"M %s inline %s\n" % (mode.encode(), quoted(path)))
            parts.append(b"data %d\n%s\n" % (len(data), data))
    return b"".join(parts) + b"\n"


def quoted(path: str) -> bytes:
    """Return a path in quotes, as git's own files have them."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return b'"' + os.fsencode(escaped) + b'"'


def changes(git: Git, old: str, new: str) -> list[Change]:
    """Compare two trees; a rename is a deletion and an addition."""
    fields = git.fields("diff-tree", "-r", "-z", "--raw", "--no-renames", old, new)
    found = []
    for about, path in zip(fields[::2], fields[1::2], strict=True):
        old_mode, new_mode, old_oid, new_oid, status = about.removeprefix(":").split(" ")
        before = None if status == "A" else Blob(old_mode, old_oid)
        after = None if status == "D" else Blob(new_mode, new_oid)
        found.append(Change(path, before, after))
    return found
