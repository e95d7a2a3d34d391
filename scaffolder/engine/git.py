"""Git, as a process: never through a shell, never where the environment points instead of `cwd`."""

import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from scaffolder.errors import RefusedError, ScaffoldError

OLDEST = (2, 38)
"""The first with `git merge-tree --write-tree`."""

# They point git away from the directory that it is run in (hooks have them set, for example), or
# change what it takes for a path or a difference. Those of `git rev-parse --local-env-vars` but for
# GIT_CONFIG_*, which is the user's configuration, and more of git(1), ENVIRONMENT VARIABLES.
REDIRECTIONS = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_ATTR_SOURCE",
    "GIT_COMMON_DIR",
    "GIT_DIFF_OPTS",
    "GIT_DIR",
    "GIT_EXTERNAL_DIFF",
    "GIT_GLOB_PATHSPECS",
    "GIT_GRAFT_FILE",
    "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)

# What growing a service must not start: hooks (one runs at every change of an index), and a monitor
# of the file system, which would vouch for a copy of the index that it never saw.
QUIET = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false")

# A directory that only looks like a bare repository is never taken for one: it can be tracked
# content, and its configuration names programs. Where one is meant, GIT_DIR says so.
MEANT = ("-c", "safe.bareRepository=explicit")

LINES = 5
"""How many lines of git's output are shown."""

LITTLE = 1024 * 1024
"""Bytes; with less on the disk, that is the likely reason for a failure."""

STATES = {
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "rebase-merge": "rebase",
    "rebase-apply/applying": "am",
    "rebase-apply": "rebase",
}


class GitError(ScaffoldError):
    """Git failed; its own words are in the message."""


@dataclass(frozen=True)
class Git:
    """Git, run in `cwd`."""

    cwd: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()

    def __call__(
        self,
        *args: str,
        stdin: bytes = b"",
        expect: tuple[int, ...] = (0,),
        env: Mapping[str, str] | None = None,
    ) -> "subprocess.CompletedProcess[bytes]":
        """Run git; raise GitError for a status that is not expected, ScaffoldError without git."""
        try:
            done = subprocess.run(
                **self._process(args, env), input=stdin, capture_output=True, check=False
            )
        except FileNotFoundError:
            raise ScaffoldError(
                "git was not found on PATH", "install git 2.38 or newer (git-scm.com/downloads)"
            ) from None
        if done.returncode == -signal.SIGINT:  # a terminal interrupts all that runs in it
            raise KeyboardInterrupt
        if done.returncode not in expect:
            raise self._failure(args, done)
        return done

    def _process(
        self, args: tuple[str, ...], env: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Return how subprocess starts this git."""
        environment = {k: v for k, v in os.environ.items() if k not in REDIRECTIONS}
        environment |= {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", **self.variables, **(env or {})}
        command = ["git", *MEANT, *self.options, *args]
        return {"args": command, "cwd": self.cwd, "env": environment}

    def limited(self, *args: str, most: int) -> bytes | None:
        """Run git; return what it prints, or None, and end it, where that is more than `most`."""
        with subprocess.Popen(
            **self._process(args),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            found: bytes = process.stdout.read(most + 1)
            if len(found) > most:
                process.kill()
                return None
        if process.returncode:
            raise GitError(f"`git {shlex.join(args[:2])}` failed: {process.returncode}")
        return found

    def _failure(
        self, args: tuple[str, ...], done: "subprocess.CompletedProcess[bytes]"
    ) -> GitError:
        """Build the error of a failed git, which may list many files and not name the full disk."""
        lines = done.stderr.decode(errors="replace").strip().splitlines() or [str(done.returncode)]
        more = [f"and {len(lines) - LINES} more lines"] if len(lines) > LINES else []
        words = "\n".join(lines[:LINES] + more)
        room = shutil.disk_usage(self.cwd).free
        hint = f"make room: the disk of {self.cwd} has {room // 1024} KiB left"
        return GitError(
            f"`git {shlex.join(args[:2])}` failed: {words}", hint if room < LITTLE else ""
        )

    def line(self, *args: str) -> str:
        """Run git; return what it prints, without the line's end."""
        return os.fsdecode(self(*args).stdout).removesuffix("\n")

    def fields(
        self, *args: str, stdin: str = "", env: Mapping[str, str] | None = None
    ) -> list[str]:
        """Run git with `-z`; return what it prints, split."""
        return os.fsdecode(self(*args, stdin=os.fsencode(stdin), env=env).stdout).split("\0")[:-1]


def require_version() -> None:
    """Raise ScaffoldError if git is older than needed."""
    words = Git(Path()).line("version")
    found = re.search(r"(\d+)\.(\d+)", words)
    if not found or (int(found[1]), int(found[2])) < OLDEST:
        raise ScaffoldError(
            f"{words} is too old: adding a stage needs git 2.38 or newer",
            "install a newer git (git-scm.com/downloads)",
        )


@dataclass(frozen=True)
class Repository:
    """The repository that a directory is in."""

    git: Git
    top: Path
    prefix: str
    """The directory's path below `top`: empty, or ending in a slash."""
    git_dir: Path
    objects: Path
    object_format: str

    @property
    def directory(self) -> Path:
        """Return the directory itself."""
        return Path(self.top, self.prefix)

    @property
    def index(self) -> Path:
        """Return the path of the index."""
        return self.git_dir / "index"

    @cached_property
    def common(self) -> Path:
        """Return the directory that all work trees of the repository share."""
        return Path(self.git.line("rev-parse", "--path-format=absolute", "--git-common-dir"))

    def tracked(self) -> frozenset[str]:
        """Return the files that git tracks, as the service calls them."""
        paths = self.git.fields("ls-files", "-z", "--", self.prefix or ".")
        return frozenset(path.removeprefix(self.prefix) for path in paths)

    def head(self) -> str:
        """Return the commit that is checked out, or an empty string before the first."""
        found = self.git("rev-parse", "--quiet", "--verify", "HEAD", expect=(0, 1, 128))
        return found.stdout.decode().strip()

    def unfinished(self) -> str:
        """Return the operation that git is in the middle of, or an empty string."""
        there = self._root_refs()
        for name, word in STATES.items():
            if name in there or (self.git_dir / name).exists():
                return word
        return self._sequence()

    def _root_refs(self) -> list[str]:
        """Return the references beside HEAD, where the repository has no file for each."""
        if not (self.git_dir / "reftable").is_dir():
            return []
        listed = self.git("for-each-ref", "--include-root-refs", "--format=%(refname)")
        return listed.stdout.decode(errors="replace").split()

    def _sequence(self) -> str:
        """Return what goes on between two commits of several: their list tells."""
        try:
            left = (self.git_dir / "sequencer" / "todo").read_text(encoding="utf-8")
        except OSError:
            return ""
        return "revert" if left.startswith("revert") else "cherry-pick"


def repository(directory: Path) -> Repository | None:
    """Find the repository whose work tree `directory` is in; None if there is none.

    Raise RefusedError where git refuses to look (a repository of another user, a damaged or an
    embedded bare one), and where the repository's work tree is another directory.
    """
    git = Git(directory, options=QUIET)
    where = ("--show-toplevel", "--show-prefix", "--absolute-git-dir", "--git-path objects")
    asked = [word for option in where for word in option.split()]
    done = git("rev-parse", *asked, "--show-object-format", expect=(0, 128))
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip()
        if "not a git repository" in words:
            return None
        raise RefusedError(
            f"git does not work here: {words}",
            "make `git status` work here; of a bare repository, take a clone",
        )
    lines = os.fsdecode(done.stdout).split("\n")[:-1]
    if len(lines) != len(where) + 1:  # a path with a newline: one question at a time
        lines = [git.line("rev-parse", *option.split()) for option in where] + lines[-1:]
    top, prefix, git_dir, objects, object_format = lines
    _require_own(directory, Path(top), prefix, Path(git_dir))
    return Repository(
        Git(Path(top), options=QUIET),
        Path(top),
        prefix,
        Path(git_dir),
        directory / objects,
        object_format,
    )


def _require_own(directory: Path, top: Path, prefix: str, git_dir: Path) -> None:
    """Raise RefusedError if git would work on files elsewhere, or on another directory's index."""
    if (top / prefix).resolve() != directory.resolve():
        raise RefusedError(
            f"the repository of {directory} has its work tree in {top} (core.worktree)",
            "git config --unset core.worktree, if that is not meant",
        )
    back = git_dir / "gitdir"  # a linked work tree's way back (gitrepository-layout(5))
    owner = (git_dir / _first_line(back)).parent if back.is_file() else git_dir.parent
    linked = back.is_file() or git_dir.name == ".git"
    if linked and owner.resolve() != top.resolve():
        raise RefusedError(
            f"{top / '.git'} leads to {git_dir}, which belongs to {owner}",
            "where the directory was moved: git worktree repair",
        )


def _first_line(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="surrogateescape").partition("\n")[0]
