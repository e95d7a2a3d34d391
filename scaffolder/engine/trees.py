"""Trees of files in a throw-away repository: nothing of the user's changes."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from scaffolder import temporary

from .git import Git, GitError, Repository

FSCK = "git fsck lists what is damaged; fetch it again, or restore it from another clone"

# Nothing of it has to outlast a loss of power, or to be small; and new files follow moved
# directories by moves.py.
SETTINGS = {
    "core.fsync": "none",
    "core.compression": "0",
    "pack.depth": "0",
    "pack.window": "0",
    "merge.directoryRenames": "false",
}
THROWAWAY = tuple(word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}"))

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
    files: Mapping[str, "Blob | tuple[str, bytes] | None"] = field(default_factory=dict)


@contextmanager
def scratch(repository: Repository) -> Iterator[Git]:
    """Make a throw-away bare repository that reads the user's objects and keeps its own.

    It ignores the user's configuration, so that a merge comes to the same everywhere.
    """
    with temporary.directory() as directory:
        quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        git = Git(directory, {**quiet, "GIT_DIR": str(directory)}, THROWAWAY)
        git("init", "-q", "--bare", "--template=", f"--object-format={repository.object_format}")
        borrow(directory / "objects", repository.objects)
        yield git


def borrow(objects: Path, of: Path) -> None:
    """Make a repository read the objects of another one, too."""
    alternates = objects / "info" / "alternates"
    alternates.parent.mkdir(exist_ok=True)
    alternates.write_bytes(quoted(str(of.resolve())) + b"\n")


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


def write_files(tree: Tree, directory: Path) -> None:
    """Write the files of a tree below a directory, which is made if it is not there."""
    for folder in sorted({directory, *((directory / path).parent for path in tree)}):
        folder.mkdir(parents=True, exist_ok=True)
    for path, (mode, content) in tree.items():
        file = directory / path
        file.write_bytes(content)
        if mode == "100755":
            file.chmod(0o755)


def list_tree(git: Git, tree: str) -> dict[str, Blob]:
    """Return the files of a tree, by path."""
    listed = {}
    for line in git.fields("ls-tree", "-r", "-z", tree):
        about, _, path = line.partition("\t")
        mode, _, oid = about.split(" ")
        listed[path] = Blob(mode, oid)
    return listed


def contents(git: Git, oids: Iterable[str]) -> dict[str, bytes]:
    """Return what blobs hold, by their names; all are asked for at once.

    Raise GitError for one that is missing or damaged.
    """
    asked = {*oids}
    return complete(asked, present(git, asked))


def present(git: Git, oids: Iterable[str]) -> dict[str, bytes]:
    """Return the same of those blobs that there are."""
    asked = sorted({*oids})
    if not asked:
        return {}
    return parsed(asked, git("cat-file", "--batch", stdin=lines(asked)).stdout)


def complete(asked: Iterable[str], found: dict[str, bytes]) -> dict[str, bytes]:
    """Return what was found, if it is all that was asked for; raise as `contents`."""
    missing = next((name for name in asked if name not in found), None)
    if missing:
        raise GitError(f"the object {missing} is missing from the repository, or damaged", FSCK)
    return found


def lines(names: Iterable[str]) -> bytes:
    """Return names of objects as git reads them."""
    return "".join(f"{name}\n" for name in names).encode()


def parsed(asked: Iterable[str], printed: bytes) -> dict[str, bytes]:
    """Return the blobs in what `git cat-file --batch` printed of those asked for, in order."""
    found, at = {}, 0
    for name in asked:
        end = printed.index(b"\n", at)
        about = printed[at:end].split()
        at = end + 1
        if about[-1] != b"missing":
            found[name] = printed[at : at + int(about[2])]
            at += int(about[2]) + 1
    return found


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
        parts += [_file(path, entry) for path, entry in content.files.items()]
    else:
        parts += [_file(path, entry) for path, entry in content.items()]
    return b"".join(parts) + b"\n"


def _file(path: str, entry: Blob | tuple[str, bytes] | None) -> bytes:
    """Return a file as `git fast-import` reads it: one that git has, a new one, or none."""
    if entry is None:
        return b"D %s\n" % quoted(path)
    if isinstance(entry, Blob):
        return b"M %s %s %s\n" % (entry.mode.encode(), entry.oid.encode(), quoted(path))
    mode, data = entry
    inline = b"M %s inline %s\n" % (mode.encode(), quoted(path))
    return inline + b"data %d\n%s\n" % (len(data), data)


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
