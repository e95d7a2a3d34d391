"""The machine: room on its disks, and its clock."""

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from scaffolder import paths, temporary
from scaffolder.docker.info import Info
from scaffolder.doctor.catalogue import check
from scaffolder.doctor.findings import Finding, fine, problem, warning
from scaffolder.doctor.subject import Subject

MIB = 1 << 20
LITTLE, SHORT = 100 * MIB, 1024 * MIB
"""Bytes: with less than the first, the next change fails, with less than the second, an image."""
FEW, SOME = 1_000, 20_000
"""Files: what a change writes, and what the environment of a service has."""

EARLY = 300.0
"""Seconds by which a commit may be of the future: clocks of people differ."""
APART = 30.0
"""Seconds by which the clock of Docker may differ: tokens and packages are refused for more."""


@check("disk")
def disk(subject: Subject) -> Iterator[Finding]:
    """Look for room where a service, temporary files and caches are written."""
    places = (subject.place, temporary.parent(), paths.cache())
    seen: dict[int, Path] = {}
    for place in map(_existing, places):
        seen.setdefault(place.stat().st_dev, place)
    for place in seen.values():
        yield from _room(place)


def _existing(place: Path) -> Path:
    """Return a directory, or the nearest above it that is there."""
    return next(path for path in (place, *place.parents) if path.is_dir())


def _room(place: Path) -> Iterator[Finding]:
    found = os.statvfs(place)
    free, files = found.f_bavail * found.f_frsize, found.f_favail
    made = found.f_files  # some file systems make inodes as they need them, and say 0
    if not os.access(place, os.W_OK):
        yield problem(f"{place} cannot be written to", f"ls -ld {place}; id")
    elif free < LITTLE or (made and files < FEW):
        yield problem(_left(place, free, files), f"make room: du -xh {place} | sort -h | tail")
    elif free < SHORT or (made and files < SOME):
        yield warning(_left(place, free, files), f"make room: du -xh {place} | sort -h | tail")
    else:
        yield fine(f"{place}: {free // MIB} MiB free")


def _left(place: Path, free: int, files: int) -> str:
    return f"the disk of {place} has {free // MIB} MiB and {files} files (inodes) left"


@check("clock")
def clock(subject: Subject) -> Iterator[Finding]:
    """Compare the clock with the newest commit and with Docker's."""
    now = time.time()
    found = subject.repository
    if found and found.head():
        made = int(found.git.line("log", "-1", "--format=%ct", "--no-show-signature"))
        if made - now > EARLY:
            ahead = timedelta(seconds=round(made - now))
            yield warning(f"HEAD was committed in {ahead}: the clock here, or there, is wrong",
                          "timedatectl set-ntp true, if it is the one here")  # fmt: skip
            return
    engine = subject.docker
    ahead_by = engine.ahead if isinstance(engine, Info) else None
    if ahead_by is not None and abs(ahead_by) > APART:
        direction = "ahead of" if ahead_by > 0 else "behind"
        yield warning(f"the clock of Docker is {abs(ahead_by):.0f} s {direction} the one here",
                      "restart Docker, or its virtual machine")  # fmt: skip
        return
    yield fine(time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now)))
