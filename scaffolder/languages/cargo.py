"""How cargo is run: with the registries that the user's own settings have, and no others."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from .base import NotFoundError, NotLockedError, hosts_only

SECONDS = 60
"""The time limit for one run."""

NOWHERE = "/"
"""Where it runs. It reads settings of the directory that it is run in and of those above: one in
/tmp could be anybody's, and one in a service its template's."""

CAUSE = "\n\nCaused by:\n"


class NoCargoError(NotLockedError):
    """There is no cargo."""


def run(directory: Path, *args: str) -> str:
    """Run cargo for the package in `directory`; return what it prints.

    Raise NotLockedError, with what cargo says, if it fails, and NoCargoError if there is none.
    """
    manifest = ("--manifest-path", str(directory / "Cargo.toml"))
    try:
        done = subprocess.run(
            ["cargo", *args, *manifest],
            cwd=NOWHERE,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise NotLockedError(f"the package registry took more than {SECONDS} s") from error
    except subprocess.CalledProcessError as error:
        raise NotLockedError(reason(error.stderr, directory)) from error
    except FileNotFoundError as error:
        raise NoCargoError("cargo, which comes with Rust, was not found") from error
    except OSError as error:
        raise NoCargoError(f"cargo cannot be run: {error.strerror}") from error
    return done.stdout


def program() -> str:
    """Return where cargo is; raise NotFoundError if it is not there."""
    found = shutil.which("cargo")
    if not found:
        raise NotFoundError("cargo, which comes with Rust, was not found (https://rustup.rs)")
    return found


def compiler() -> str:
    """Return the versions of cargo and of the compiler; raise NotFoundError if one is missing."""
    commands = ([program(), "-vV"], ["rustc", "-vV"])
    try:
        return "".join(
            subprocess.run(
                each, cwd=NOWHERE, env=environment(), capture_output=True, text=True, check=True,
                timeout=SECONDS,
            ).stdout
            for each in commands
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise NotFoundError("the Rust compiler does not work: rustc -vV failed") from error


def sources(directory: Path) -> set[str]:
    """Return where the dependencies of the package in `directory` come from, as locks write it."""
    described = json.loads(run(directory, "metadata", "--no-deps", "--format-version", "1"))
    found = (one["source"] for package in described["packages"] for one in package["dependencies"])
    return {source for source in found if source}


def environment() -> dict[str, str]:
    """Return the environment for cargo: it is plain-spoken, and installs no other cargo."""
    told = {"CARGO_TERM_COLOR": "never", "CARGO_TERM_PROGRESS_WHEN": "never"}
    return {"CARGO_NET_RETRY": "1", **_home(os.environ), **told, "RUSTUP_AUTO_INSTALL": "0"}


def _home(variables: Mapping[str, str]) -> dict[str, str]:
    """Return variables with the directory of cargo's settings as it is from here."""
    home = variables.get("CARGO_HOME")
    # Not `Path.resolve`, which would follow links.
    return {**variables, **({"CARGO_HOME": os.path.abspath(home)} if home else {})}  # noqa: PTH100


def reason(said: str, directory: Path) -> str:
    """Return what cargo says in one line: the error, and the first and last of its causes.

    Nobody looks for a manifest in `directory`.
    """
    own = re.compile(rf" ?\({re.escape(str(directory))}\)|{re.escape(str(directory))}/")
    error, *causes = re.split(r"^error: ", own.sub("", said), flags=re.MULTILINE)[-1].split(CAUSE)
    told = (error, *causes[:1], *causes[1:][-1:])
    words = ": ".join(part.strip().partition("\n")[0] for part in told)
    return hosts_only(words) or "cargo failed without a word"
