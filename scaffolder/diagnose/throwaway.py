"""Throw-away containers: labelled, removed whatever happens, and swept by the next start."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .engine import Engine, EngineError

LABEL = "viscaffold.throwaway"
OLD_SECONDS = 3600


def owner() -> str:
    """Return what tells this process from all others: machine, number, and when it began."""
    return f"{socket.gethostname()}/{os.getpid()}/{_began(os.getpid())}"


def _began(process: int) -> str:
    """Return when a process of this machine began, in ticks since the boot; empty if it is gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


@contextmanager
def created(
    engine: Engine, image: str, *options: str, command: tuple[str, ...] = ("viscaffold",)
) -> Iterator[str]:
    """Create a container that is not started; remove it in the end, with its own volumes.

    An image without a command of its own needs one to make a container, which is never run.

    Raises EngineError if it cannot be created.
    """
    label = f"{LABEL}={owner()}/{int(time.time())}"
    args = ("create", "--label", label, "--pull", "never", *options, image, *command)
    ran = engine.ask(*args, seconds=30)
    name = ran.text.strip()
    if ran.code or not name:
        raise EngineError(f"no container can be made of {image}: {ran.complaint[:300]}")
    try:
        yield name
    finally:
        engine.run("rm", "--force", "--volumes", name, seconds=30)


def sweep(engine: Engine) -> list[str]:
    """Remove what killed processes of viscaffold left behind; return the ids."""
    template = f'{{{{.ID}}}} {{{{.Label "{LABEL}"}}}}'
    listed = engine.ask("ps", "--all", "--filter", f"label={LABEL}", "--format", template).text
    found = [line.split(" ", 1) for line in listed.splitlines() if " " in line]
    left = [name for name, label in found if _is_left(label)]
    for name in left:
        engine.run("rm", "--force", "--volumes", name, seconds=30)
    return left


def _is_left(label: str) -> bool:
    parts = label.strip().split("/")
    if len(parts) != 4 or not parts[3].isdecimal():
        return True
    host, process, began, made = parts
    if time.time() - int(made) > OLD_SECONDS:
        return True
    return host == socket.gethostname() and (
        not process.isdecimal() or _began(int(process)) != began
    )
