"""Trees of files in a throw-away repository: nothing of the user's changes."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import RefusedError
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


def index_tree(git: Git, repository: Repository) -> str:
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


def write_commits(git: Git, base: Tree, ours: tuple[str, str], theirs: tuple[str, Tree]) -> None:
    """Write three commits, two of them children of `base`, as branches of the names given."""
    stream = _commit("base", base) + _commit(*theirs, parent="base")
    name, tree = ours
    head, parent = _commit_head(name), b"from refs/heads/base\ndeleteall\n"
    stream += head + parent + b'M 040000 %s ""\n\n' % tree.encode()
    git("fast-import", "--quiet", stdin=stream)


def write_tree(git: Git, tree: Tree) -> str:
    """Write a tree; return its name."""
    git("fast-import", "--quiet", stdin=_commit("tree", tree))
    return git.line("rev-parse", "refs/heads/tree^{tree}")


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


def write_entries(
    git: Git, index: Mapping[str, str], entries: Iterable[tuple[str, int, Blob | None]], width: int
) -> None:
    """Put path, stage and blob into the index that the variables `index` name; None removes it.

    `width` is the length of an object's name: "none" is that many zeros.
    """
    lines = []
    for path, stage, blob in entries:
        found = blob or Blob("0", "0" * width)
        lines.append(f"{found.mode} {found.oid} {stage}\t{path}\0")
    git("update-index", "-z", "--index-info", stdin=os.fsencode("".join(lines)), env=index)


def without(git: Git, tree: str, paths: list[str]) -> str:
    """Return `tree` less `paths`."""
    if not paths:
        return tree
    index = {"GIT_INDEX_FILE": str(git.cwd / "index.less")}
    git("read-tree", tree, env=index)
    write_entries(git, index, [(path, 0, None) for path in paths], len(tree))
    return git("write-tree", env=index).stdout.decode().strip()


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
