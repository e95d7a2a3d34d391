"""Every failure that is expected: what was found, what to type next, and the exit code."""

from collections.abc import Iterable
from difflib import get_close_matches
from enum import IntEnum
from typing import ClassVar

from .text import shown


class ExitCode(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    CONFLICTS = 3
    NOT_VERIFIED = 4
    REFUSED = 5
    UPDATE = 10
    FOUND = 10  # diagnose: a fault was found
    UNDETERMINED = 11
    INTERNAL = 70
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.DONE: "done",
    ExitCode.FAILED: "failed: git is missing, the disk is full, a check failed (`doctor`: one that "
    "stops the next step), or a repository of a fleet failed",
    ExitCode.USAGE: "usage: a wrong option or argument",
    ExitCode.CONFLICTS: "done, with conflicts for you to resolve: then `--continue`, or `--abort`",
    ExitCode.NOT_VERIFIED: "a step of a verification failed; the service is as before",
    ExitCode.REFUSED: "refused: the directory or the service does not allow it; nothing was "
    "changed",
    ExitCode.FOUND: "an update is available (`update --check`, `fleet status`), or a fault was "
    "found (`diagnose`, `report`, `minimal`, `bisect`)",
    ExitCode.UNDETERMINED: "undetermined: the answer lists what was ruled out (`diagnose`, "
    "`report`) or is missing to tell (`minimal`, `verify`)",
    ExitCode.INTERNAL: "internal error: please report it",
    ExitCode.INTERRUPTED: "interrupted; nothing was changed, except what `fleet update` lists as "
    "updated",
}
"""What each means, as README.md has it, too."""


class ScaffoldError(Exception):
    """The machine is in the way: a program is missing, a disk is full. Exit code 1."""

    exit_code: ClassVar[int] = ExitCode.FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        """Say what was found in `message`, and what to type next in `hint`."""
        super().__init__(message)
        self.message = message
        self.hint = hint


class UnreadableError(ScaffoldError):
    """What is there cannot be read, or not in time. Exit code 1."""


class UsageError(ScaffoldError):
    """What was typed is wrong. Exit code 2."""

    exit_code = ExitCode.USAGE


class RefusedError(ScaffoldError):
    """The state of the place or of the service forbids it. Exit code 5, nothing changed."""

    exit_code = ExitCode.REFUSED


LISTED = 12
"""The most known names that are listed where none is close."""


def unknown(kind: str, name: str, known: Iterable[str], hint: str) -> UsageError:
    """Build the error for a name that is not among `known`, with the closest ones."""
    known = sorted(known)
    close = get_close_matches(name, known, n=3)
    more = [f"and {len(known) - LISTED} more"] if len(known) > LISTED else []
    listed = ", ".join([*known[:LISTED], *more])
    suggestion = f"did you mean {' or '.join(close)}?" if close else f"known: {listed}"
    problem = f"there is no {kind} {shown(name)}"
    return UsageError(f"{problem}; {suggestion}" if known else problem, hint)
