"""Git, as a process: never through a shell, never where the environment points instead of `cwd`."""

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .errors import RefusedError, ScaffoldError

OLDEST = (2, 38)
"""The first with `git merge-tree --write-tree`."""

# They point git away from the directory that it is run in; set inside hooks, for example.
# Those of `git rev-parse --local-env-vars` but for GIT_CONFIG_*, which is the user's configuration.
REDIRECTIONS = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)

STATES = {
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
}


class GitError(ScaffoldError):
    """Git failed; its own words are in the message."""


@dataclass(frozen=True)
class Git:
    """Git, run in `cwd`."""

    cwd: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def __call__(
        self,
        *args: str,
        stdin: bytes = b"",
        expect: tuple[int, ...] = (0,),
        env: Mapping[str, str] | None = None,
    ) -> "subprocess.CompletedProcess[bytes]":
        """Run git; raise GitError for a status that is not expected, ScaffoldError without git."""
        environment = {k: v for k, v in os.environ.items() if k not in REDIRECTIONS}
        environment |= {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
        environment |= {**self.variables, **(env or {})}
        try:
            done = subprocess.run(
                ["git", *args],
                cwd=self.cwd,
                env=environment,
                input=stdin,
                capture_output=True,
                check=False,
            )
        except FileNotFoundError:
            raise ScaffoldError(
                "git was not found on PATH", "install git 2.38 or newer (git-scm.com/downloads)"
            ) from None
        if done.returncode == -signal.SIGINT:  # a terminal interrupts all that runs in it
            raise KeyboardInterrupt
        if done.returncode not in expect:
            words = done.stderr.decode(errors="replace").strip()
            raise GitError(f"`git {shlex.join(args[:2])}` failed: {words or done.returncode}")
        return done

    def line(self, *args: str) -> str:
        """Run git; return what it prints, without the line's end."""
        return os.fsdecode(self(*args).stdout).removesuffix("\n")

    def fields(self, *args: str, env: Mapping[str, str] | None = None) -> list[str]:
        """Run git with `-z`; return what it prints, split."""
        return os.fsdecode(self(*args, env=env).stdout).split("\0")[:-1]


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
    def index(self) -> Path:
        """Return the path of the index."""
        return self.git_dir / "index"

    def unfinished(self) -> str:
        """Return the operation that git is in the middle of, or an empty string."""
        found = (word for name, word in STATES.items() if (self.git_dir / name).exists())
        return next(found, "")


def repository(directory: Path) -> Repository | None:
    """Find the repository whose work tree `directory` is in; None if there is none.

    Raise RefusedError where git refuses to look: a repository of another user, a damaged one.
    """
    git = Git(directory)
    where = ["--show-toplevel", "--show-prefix", "--absolute-git-dir", "--git-path", "objects"]
    done = git("rev-parse", *where, "--show-object-format", expect=(0, 128))
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip()
        if "not a git repository" in words:
            return None
        raise RefusedError(f"git does not work here: {words}")
    top, prefix, git_dir, objects, object_format = os.fsdecode(done.stdout).split("\n")[:5]
    return Repository(
        Git(Path(top)), Path(top), prefix, Path(git_dir), directory / objects, object_format
    )
