"""The programs that work on a service needs, as they are on this machine."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

SECONDS = 10.0
"""How long a program may take to say its version; one that downloads itself first never ends."""

NOWHERE = "/"
"""Where they run: version managers read settings of the directory, which may be a stranger's."""


@dataclass(frozen=True)
class Tool:
    """A program, and what is wrong with it."""

    name: str
    found: str = ""
    """What it says of itself; empty where it is not there."""
    problem: str = ""
    """Why work on the service fails with it, to follow its name."""
    fix: str = ""


def said(program: str, *args: str, variables: Mapping[str, str] | None = None) -> tuple[str, str]:
    """Run a program; return what it prints, and why that failed, to follow the program's name."""
    place = shutil.which(program)
    if place is None:
        return "", "was not found on PATH"
    try:
        ran = subprocess.run(
            [place, *args], cwd=NOWHERE, env=variables, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "", f"did not answer within {SECONDS:g} s"
    except OSError as error:
        return "", f"cannot be run: {error.strerror}"
    if ran.returncode:
        last = (ran.stderr.strip() or f"status {ran.returncode}").splitlines()[-1]
        return "", f"does not work: {last[:200]}"
    return ran.stdout.strip(), ""


def version(text: str) -> tuple[int, ...]:
    """Return the first version in a text as numbers, which compare; nothing without one."""
    match = re.search(r"\d+(?:\.\d+)+", text)
    return tuple(map(int, match[0].split("."))) if match else ()
