"""Environments with what services have locked: kept in the repository, by what they are made of.

They are viscaffold's own, never the user's. One that is in use is not removed, and where services
cannot be tested at the same time in one, a second verification waits for the first.
"""

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from scaffolder import paths, temporary
from scaffolder.languages.base import Command, NotFoundError, hosts_only
from scaffolder.reporting import Reporter

from . import checkout, places, processes
from .log import Log, last_lines
from .processes import CannotStartError, Limits
from .steps import MissingError, NotAsExpectedError, says_full
from .subject import Subject

MOST = 3
"""How many are kept; the one that was not used for the longest time goes first."""

COMPLETE = "viscaffold.complete"
LIMITS = Limits(seconds=900)


@contextmanager
def ready(subject: Subject, log: Log, report: Reporter) -> Iterator[Path]:
    """Give an environment for a service; it is made if it is not there.

    Raise MissingError if a tool is not there or no registry answers, NotAsExpectedError if what the
    service has locked cannot be installed.
    """
    with _held(subject, report) as (root, lock):
        if not (root / COMPLETE).exists():
            shutil.rmtree(root, ignore_errors=True)
        _install(subject, root, log)
        if not _in_turn(subject):
            fcntl.flock(lock, fcntl.LOCK_SH)
        yield root
    _prune(root.parent)


@contextmanager
def workplace(subject: Subject, environment: Path) -> Iterator[Path]:
    """Give a copy of the service for tools to work in.

    Where one service is built after the other, it is always the same place, in which only what
    changed is written: tools that build know by that what they have built already. It is outside of
    the repository, whose own files tools would find above it.
    """
    if not _in_turn(subject):
        with temporary.directory() as place:
            checkout.mirror(subject.root, place / subject.name)
            yield place / subject.name
        return
    digest = hashlib.sha256(os.fsencode(environment)).hexdigest()[:16]
    place = paths.cache() / "workplaces" / digest / subject.name
    checkout.mirror(subject.root, place)
    yield place


def _in_turn(subject: Subject) -> bool:
    return subject.tools.checks["tests"].in_turn


@contextmanager
def _held(subject: Subject, report: Reporter) -> Iterator[tuple[Path, IO[str]]]:
    """Give the place of an environment, which nobody else changes meanwhile."""
    try:
        key = subject.language.environment_key(subject.root, subject.tools.locks)
    except NotFoundError as error:
        raise MissingError(str(error)) from error
    scope = subject.scope if _in_turn(subject) else ""
    digest = hashlib.sha256(json.dumps([key, scope]).encode()).hexdigest()[:16]
    root = places.own(subject.home, "environments") / f"{subject.language.NAME}-{digest}"
    with root.with_suffix(".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report.note("Another verification is at work here; this one waits for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)  # so that its time is that of the last use
        lock.write(f"{time.time()}\n")
        lock.flush()
        yield root, lock


def _install(subject: Subject, root: Path, log: Log) -> None:
    if (root / COMPLETE).exists() and not _in_turn(subject):
        return
    try:
        for each in subject.directories:
            place = subject.root / each
            for command in subject.language.installation(root, place, subject.tools.locks):
                _run(subject, command, log)
    except NotFoundError as error:
        raise MissingError(str(error)) from error
    (root / COMPLETE).touch()


def _run(subject: Subject, command: Command, log: Log) -> None:
    whole = Command(command.run, {**processes.inherited(), **command.variables})
    try:
        ended, said = processes.run(
            whole, cwd=Path("/"), log=log, title="environment", limits=LIMITS
        )
    except CannotStartError as error:
        raise MissingError(f"{command.run[0]} cannot be run: {error}") from error
    if ended.status and subject.language.is_unreachable(said):
        reason = hosts_only("".join(last_lines(said)[-1:]).strip())
        raise MissingError(f"the package registry did not answer: {reason}")
    if ended.status and says_full(said):
        raise MissingError(f"there is no room for what it needs in {subject.home}, or in a cache")
    if ended.status:
        raise NotAsExpectedError("its dependencies can be installed", str(ended), said)


def _prune(environments: Path) -> None:
    """Remove environments that were not used for long, and are not in use."""
    locks = sorted(environments.glob("*.lock"), key=lambda lock: lock.stat().st_mtime)
    for path in locks[:-MOST]:
        with suppress(OSError), path.open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path.with_suffix(""), ignore_errors=True)
            path.unlink()
