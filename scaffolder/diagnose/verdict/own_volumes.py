"""Copies that may write to what is mounted: to a small volume of their own with the same content.

Copies get mounts read-only, and many programs end over that. Only where one does, the next copies
get what they hold in anonymous volumes, which are removed with them.
"""

import errno
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.docker.isolation import obstacle
from scaffolder.diagnose.evidence.config import Config, Mount
from scaffolder.diagnose.evidence.files import is_below, mount_around
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.seen import Seen
from scaffolder.docker.client import Engine, EngineError

from .copies import Outcome, run
from .cures import WRITABLE
from .factor import Factor
from .further import is_better
from .handed import LARGEST
from .unchanged import is_like, take_in
from .watching import tracer_for

MOST = 2000
SECONDS = 1.0
"""How many files are copied at the most, and for how long they are counted."""


def on_own_volumes(engine: Engine, case: Case, same: Outcome) -> Outcome:
    """Watch a copy that may write, where one was refused to; what it shows counts if it is alike.

    Where it is not, as it keeps running, something else kept the container from its data.
    """
    before = case.config
    calls = same.trace.calls if same.trace else ()
    refused = [mount_around(c.made, before.mounts) for c in calls if c.error == errno.EROFS]
    mounts = _owned(engine, before, [mount for mount in refused if mount])
    if mounts == before.mounts or case.phase == Phase.RUNNING:
        return same
    case.config = replace(before, mounts=mounts)
    try:
        found = run(engine, case, Factor("nothing", case.config), tracer_for(case))
    except EngineError as error:
        case.unsought.append(f"what a copy does that may write to its mounts: {error.message}")
        case.config = before
        return same
    if found.trace and not found.trace.obstacle and is_like(case, found):
        take_in(case, Seen(found.trace))
        return found
    case.config = before
    return same


def where_it_writes(
    engine: Engine, case: Case, factor: Factor, found: Outcome, tried: list[str]
) -> Outcome:
    """Run a changed copy again that got further and ended otherwise, with volumes of its own.

    It may only have ended because it could not write to what is mounted, which the container can.
    """
    is_past = not found.alive and not found.is_refused and found.exit_code != case.exit_code
    is_past = is_past and factor.cure is not None
    mounts = _owned(engine, factor.config, factor.config.mounts) if is_past else ()
    if not found.exit_code or not mounts or mounts == factor.config.mounts:
        return found
    roomy = replace(factor, config=replace(factor.config, mounts=mounts))
    try:
        again = run(engine, case, roomy)
    except EngineError:
        return found
    if not is_better(case, again):
        return found
    tried[-1] = f"rerun {factor.changed}, and with its own data to write to: {again.words}"
    return again


def not_read_only(case: Case) -> Iterator[Factor]:
    """Return copies that may write to a mount which is read-only, and where the program reads."""
    config, opened = case.config, case.seen.opened
    for mount in config.mounts:
        if mount.writable or not any(is_below(path, mount.destination) for path in opened):
            continue
        # What is on another machine is not there, and therefore not small.
        own = _own(replace(mount, writable=True), is_remote=False)
        if own.is_own:
            yield Factor(
                f"a writable mount over {mount.destination}",
                replace(config, mounts=tuple(own if m is mount else m for m in config.mounts)),
                without=f":ro at {mount.destination}",
                cure=replace(
                    WRITABLE,
                    text=f"{mount.destination} is mounted read-only (:ro), and the program has to"
                    " write to it",
                    fix="mount it without :ro, or have the program write elsewhere",
                    is_exact=True,
                ),
            )


def _owned(engine: Engine, config: Config, which: Sequence[Mount]) -> tuple[Mount, ...]:
    """Return the mounts of a copy, where some of them are its own if that can be."""
    remote = engine.is_remote
    return tuple(_own(m, is_remote=remote) if m in which else m for m in config.mounts)


def _own(mount: Mount, *, is_remote: bool) -> Mount:
    is_plain = mount.writable and "," not in mount.destination
    is_fit = is_plain and not obstacle(mount, is_remote=is_remote)
    return replace(mount, is_own=True) if is_fit and is_small(mount.source) else mount


def is_small(source: str) -> bool:
    """Tell whether a directory has so little in it that a copy can have it for itself."""
    deadline, size, count = time.monotonic() + SECONDS, 0, 0
    if not os.path.isdir(source):  # noqa: PTH112 - a file cannot be a volume
        return False
    for found in _entries(source):
        count, size = count + 1, size + found.stat(follow_symlinks=False).st_size
        if size > LARGEST or count > MOST or time.monotonic() > deadline:
            return False
    return True


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            yield entry
            if entry.is_dir(follow_symlinks=False):
                yield from _entries(entry.path)
