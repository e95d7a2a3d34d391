"""Git as a process that talks to a server: asks nobody, and is given up after a while.

It speaks no protocol that runs a program of the URL's choice, and runs no hook. Helpers for
credentials and keys are the user's; what is in a URL itself is put in by git's configuration, so
that it is on no command line, and in no message.
"""

import os
import re
import signal
import subprocess
from pathlib import Path

from scaffolder import names
from scaffolder.engine.git import QUIET, REDIRECTIONS
from scaffolder.errors import RefusedError, ScaffoldError, UsageError

from .origin import SCHEMES, Origin, recorded

SECONDS = 60.0
"""So long may one request to a server take; VISCAFFOLD_GIT_SECONDS sets another limit."""

REASONS = {
    "repository not exported": (  # git daemon says "access denied or", too
        "there is no such repository: it has moved, or it is gone",
        "check the address; where it has moved, edit _overlays in .copier-answers.yml, and commit",
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
        "there is no such repository: it has moved, or it is gone",
        "check the address; where it has moved, edit _overlays in .copier-answers.yml, and commit",
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
    return recorded(origin.url)


def _environment(origin: Origin) -> dict[str, str]:
    """Return the environment of a git that talks to a server and asks nobody.

    Credentials of the URL are put in by git's configuration. Helpers and keys are the user's.
    """
    environment = {k: v for k, v in os.environ.items() if k not in REDIRECTIONS}
    environment |= {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "SSH_ASKPASS_REQUIRE": "never",
        "GIT_ALLOW_PROTOCOL": ":".join(SCHEMES),
        "GIT_LFS_SKIP_SMUDGE": "1",
    }
    if origin.url != clean(origin):
        count = int(environment.get("GIT_CONFIG_COUNT", "0") or "0")
        environment |= {
            "GIT_CONFIG_COUNT": str(count + 1),
            f"GIT_CONFIG_KEY_{count}": f"url.{origin.url}.insteadOf",
            f"GIT_CONFIG_VALUE_{count}": clean(origin),
        }
    return environment


def run(origin: Origin, cwd: Path | None, *args: str) -> str:
    """Run git and return what it prints; raise as `run_bytes`."""
    return os.fsdecode(run_bytes(origin, cwd, *args))


def run_bytes(origin: Origin, cwd: Path | None, *args: str) -> bytes:
    """Run git and return what it prints.

    Raise RefusedError, with the reason in words, if it fails or takes too long; MissingTagError if
    there is no such tag.
    """
    seconds = _seconds()
    options = (*QUIET, "-c", "credential.interactive=false")
    try:
        process = subprocess.Popen(
            ["git", *options, *args],
            cwd=cwd or Path("/"),
            env=_environment(origin),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # without a terminal, so that ssh cannot ask there
        )
    except FileNotFoundError:
        raise ScaffoldError("git was not found on PATH", "install git 2.38 or newer") from None
    try:
        out, words = process.communicate(timeout=seconds)
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
        raise _failure(origin, words.decode(errors="replace"))
    return out


def _seconds() -> float:
    text = os.environ.get("VISCAFFOLD_GIT_SECONDS", "")
    try:
        seconds = float(text or SECONDS)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:  # noqa: PLR2004 - eleven days
        raise UsageError(f"VISCAFFOLD_GIT_SECONDS is {names.shown(text)}: expected seconds")
    return seconds


def _failure(origin: Origin, words: str) -> RefusedError:
    """Build the error of a git that failed; its words never have the credentials of the URL."""
    plain = re.sub(r"(\w+://)[^/@\s]*@", r"\1", words.replace(origin.url, clean(origin)))
    plain = "\n".join(names.printable(line) for line in plain.strip().splitlines())
    if re.search(r"couldn't find remote ref|Remote branch .* not found", plain):
        return MissingTagError(f"{origin.place} has no tag {origin.version}")
    lines = "\n".join(f"  {line}" for line in plain.splitlines()[:5])
    for pattern, (reason, hint) in REASONS.items():
        if re.search(pattern, plain, re.IGNORECASE):
            return RefusedError(f"{origin.place} cannot be read: {reason}\n{lines}", hint)
    return RefusedError(f"{origin.place} cannot be read:\n{lines}", f"git ls-remote {origin.place}")
