"""Throwaway containers: recorded before creation, always removed, and swept after a crash.

A label proves nothing: anyone who builds an image can add one. What is ours has the name and the
random token of a record in the user's own directory. The record is locked by the process that
needs the container; the lock ends with the process, kill -9 included, and the next start sweeps.
"""

import fcntl
import json
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from scaffolder import paths

from .client import Engine, EngineError

LABEL = "viscaffold.throwaway"
PREFIX = "viscaffold-throwaway-"
LATE_SECONDS = 120
"""How long a daemon may take to create what a dead process requested."""
REMOVE_SECONDS = 60.0
"""How long a busy daemon may take to find a container, and to remove it."""


@dataclass(frozen=True)
class Record:
    """A container of ours: its name, and the expected value of its label."""

    name: str
    token: str
    daemon: str


@contextmanager
def created(
    engine: Engine,
    image: str,
    *options: str,
    command: tuple[str, ...] = ("viscaffold",),
    stdin: IO[bytes] | None = None,
) -> Iterator[str]:
    """Create a container without starting it; remove it at the end, with its volumes.

    An image without a command needs one to create a container; it is never run. What a busy daemon
    does not remove in time keeps its record, and is swept later.

    Raises EngineError if it cannot be created.
    """
    record = Record(f"{PREFIX}{secrets.token_hex(8)}", secrets.token_hex(16), _daemon())
    with _recorded(record) as place:
        try:
            named = ("--name", record.name, "--label", f"{LABEL}={record.token}", "--pull", "never")
            args = ("create", *named, *options, image, *command)
            ran = engine.ask(*args, seconds=30, stdin=stdin)
            if ran.code or not ran.text.strip():
                raise EngineError(f"cannot create a container from {image}: {ran.complaint[:300]}")
            yield record.name
        finally:
            if _remove(engine, record):
                place.unlink(missing_ok=True)


def sweep(engine: Engine) -> list[str]:
    """Remove what killed processes of viscaffold left behind; return the names."""
    removed = []
    for place, record in _abandoned():
        if record is None or record.daemon != _daemon():
            continue
        gone = _remove(engine, record)
        removed += [record.name] if gone else []
        if gone or time.time() - place.stat().st_mtime > LATE_SECONDS:
            place.unlink(missing_ok=True)
    return removed


def recorded() -> frozenset[str]:
    """Return the names of this user's throwaway containers."""
    return frozenset(path.name for path in _home().glob(f"{PREFIX}*"))


def _remove(engine: Engine, record: Record) -> bool:
    """Remove the container of a record, if it is the one that was created for it."""
    template = f'{{{{.Id}}}} {{{{index .Config.Labels "{LABEL}"}}}}'
    asked = ("inspect", "--type", "container", "--format", template, record.name)
    ran = engine.run(*asked, seconds=REMOVE_SECONDS)
    identity, _, token = ran.text.strip().partition(" ")
    if ran.code != 0 or not identity or token != record.token:
        return False
    return engine.run("rm", "--force", "--volumes", identity, seconds=REMOVE_SECONDS).code == 0


def _daemon() -> str:
    """Return which daemon is used: elsewhere the same name is another container."""
    asked = (os.environ.get(name, "") for name in ("DOCKER_HOST", "DOCKER_CONTEXT"))
    return "/".join((socket.gethostname(), *asked))


def _home() -> Path:
    return paths.state() / "throwaway"


@contextmanager
def _recorded(record: Record) -> Iterator[Path]:
    """Keep a record locked in the block; without a writable home there is none to sweep."""
    place, handle = _home() / record.name, -1
    with suppress(OSError):
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = place.with_name(f".{record.name}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.write(handle, json.dumps(vars(record)).encode())
        draft.rename(place)
    try:
        yield place
    finally:
        if handle >= 0:
            os.close(handle)


def _abandoned() -> Iterator[tuple[Path, Record | None]]:
    """Yield the records of dead processes, each locked by this one; None if one is malformed."""
    for place in sorted(_home().glob(f"{PREFIX}*")):
        with suppress(OSError), place.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield place, _read(file.read(4096), place.name)


def _read(data: bytes, name: str) -> Record | None:
    try:
        record = Record(**json.loads(data))
    except (ValueError, TypeError):
        return None
    return record if record.name == name and record.token else None
