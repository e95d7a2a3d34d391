"""Git as a process that talks to a server: asks nobody, and is given up after a while.

It speaks no protocol that runs a program of the URL's choice, and runs no hook. Helpers for
credentials and keys are the user's; what is in a URL itself is on no command line, and in no
message (credentials.py).
"""

import os
import re
import signal
import subprocess
from pathlib import Path

from scaffolder.engine.git import MEANT, QUIET, REDIRECTIONS
from scaffolder.errors import RefusedError, ScaffoldError, UsageError
from scaffolder.text import printable, quoted, shown

from . import credentials
from .origin import SCHEMES, Origin, without_credentials

SECONDS = 60.0
"""The time limit of one request to a server; VISCAFFOLD_GIT_SECONDS sets another."""

MOVED = (
    "check the address; a template in a folder is URL//FOLDER@TAG; where it has moved, edit "
    "_overlays in .copier-answers.yml, and commit"
)

MOST_WORDS = 4000
"""Characters of what git, or a server's hook, says."""

REASONS = {
    r"\(non-fast-forward\)|\(fetch first\)": (
        "it has the branch already, with other commits",
        "merge that branch there, or delete it",
    ),
    r"hook declined|protected branch": (
        "it does not take the branch",
        "ask who looks after it: its own words are above",
    ),
    "repository not exported": (  # git daemon says "access denied or", too
        "the repository does not exist: it was moved or deleted",
        MOVED,
    ),
    r"could not read (Username|Password)|unable to get password|Authentication failed|"
    r"Permission denied|terminal prompts disabled|HTTP 40[13]|error: 40[13]|access denied": (
        "it asks for credentials that git does not have here",
        "set up a credential helper or an ssh key for it, as for git clone",
    ),
    r"Host key verification failed": (
        "ssh does not know the server",
        "connect to it once, to see and accept its key: ssh HOST",
    ),
    r"not found|does not exist|does not appear to be a git repository": (
        "the repository does not exist: it was moved or deleted",
        MOVED,
    ),
    r"Could not resolve|Connection refused|unable to connect|Failed to connect|"
    r"Network is unreachable|No route to host|Connection timed out": (
        "it cannot be reached",
        "check the network and the address",
    ),
}
"""Words of git → what they mean, and what to do."""


class MissingTagError(RefusedError):
    """The repository has no such tag."""


def clean(origin: Origin) -> str:
    """Return what git is given on its command line, where other users of the machine can see it."""
    return without_credentials(origin.url)


def _environment(origin: Origin, git_dir: Path | None) -> dict[str, str]:
    """Return the environment of a git that talks to a server and asks nobody at a terminal.

    Programs that the user named to answer for them are used: helpers, agents, GIT_ASKPASS, and
    SSH_ASKPASS where SSH_ASKPASS_REQUIRE says so; without that it is a desktop's window.
    """
    environment = {k: v for k, v in os.environ.items() if k not in REDIRECTIONS}
    if environment.get("SSH_ASKPASS_REQUIRE") not in ("force", "prefer"):
        environment.pop("SSH_ASKPASS", None)
        environment["SSH_ASKPASS_REQUIRE"] = "never"
    environment.setdefault("GCM_INTERACTIVE", "never")
    environment |= {
        "LC_ALL": "C",
        "GIT_DIR": str(git_dir or os.devnull),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": ":".join(SCHEMES),
        "GIT_LFS_SKIP_SMUDGE": "1",
    }
    return credentials.added(environment, origin.url)


def run(origin: Origin, git_dir: Path | None, *args: str) -> str:
    """Run git and return what it prints; raise as `run_bytes`."""
    return os.fsdecode(run_bytes(origin, git_dir, *args))


def run_bytes(origin: Origin, git_dir: Path | None, *args: str, stdin: bytes = b"") -> bytes:
    """Run git in a repository, or in none, and return what it prints.

    Raise RefusedError, with the reason in words, if it fails or takes too long; MissingTagError if
    there is no such tag.
    """
    seconds = _seconds()
    try:
        process = subprocess.Popen(
            ["git", *MEANT, *QUIET, *args],
            cwd=Path("/"),
            env=_environment(origin, git_dir),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # without a terminal, so that ssh cannot ask there
        )
    except FileNotFoundError:
        raise ScaffoldError("git was not found on PATH", "install git 2.38 or newer") from None
    try:
        out, words = process.communicate(stdin, timeout=seconds)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)  # with whatever it has started to talk for it
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise RefusedError(
                f"{origin.place} did not answer within {seconds:g} s",
                "try again; VISCAFFOLD_GIT_SECONDS=300 waits longer",
            ) from None
        raise
    if process.returncode:
        raise _failure(origin, args[0], words.decode(errors="replace"))
    return out


def _seconds() -> float:
    text = os.environ.get("VISCAFFOLD_GIT_SECONDS", "")
    try:
        seconds = float(text or SECONDS)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:  # noqa: PLR2004 - eleven days
        raise UsageError(f"VISCAFFOLD_GIT_SECONDS is {shown(text)}: expected seconds")
    return seconds


def _failure(origin: Origin, command: str, words: str) -> RefusedError:
    """Build the error of a git that failed; its words never have the credentials of the URL."""
    plain = re.sub(r"(\w+://)[^/@\s]*@", r"\1", words.replace(origin.url, clean(origin)))
    plain = "\n".join(printable(line) for line in plain[:MOST_WORDS].strip().splitlines())
    if re.search(r"couldn't find remote ref|Remote branch .* not found", plain):
        return MissingTagError(f"{origin.place} has no tag {origin.version}")
    what = f"{origin.place} cannot be {'pushed to' if command == 'push' else 'read'}"
    lines = "\n".join(f"  {line}" for line in plain.splitlines())
    for pattern, (reason, hint) in REASONS.items():
        if re.search(pattern, plain, re.IGNORECASE):
            return RefusedError(f"{what}: {reason}\n{lines}", hint)
    return RefusedError(f"{what}:\n{lines}", f"git ls-remote {quoted(origin.place)}")
