"""More of what a program was refused, given to a copy: space in memory, or a higher limit.

A fix that is too small is none: so each is tried as it is advised, and a larger one after it.
"""

import errno
import re
import shlex
import signal
from collections.abc import Iterator
from dataclasses import replace

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.memory.kernel import limit_of
from scaffolder.diagnose.causes.memory.usage import MIB
from scaffolder.diagnose.evidence.limits import raised
from scaffolder.diagnose.evidence.phase import SIGNALLED
from scaffolder.diagnose.evidence.trace import Call

from . import cures
from .cures import Cure
from .factor import Factor

ROOMS = (256 * MIB, 1024 * MIB)
FULL = {errno.ENOSPC, errno.EDQUOT}
LIMITS = (
    ("memlock", -1, r"mlock", {errno.ENOMEM, errno.EPERM, errno.EAGAIN}),
    ("memlock", -1, r"mmap|mremap", {errno.EAGAIN}),
    ("nofile", 65_536, r".", {errno.EMFILE}),
    ("fsize", -1, r".", {errno.EFBIG}),
)
"""A ulimit, a value that is seldom too low, and the calls and errors that it shows in."""
HIGH = {"nofile": 65_536, "nice": 40, "rtprio": 99}
"""The values of ulimits that are seldom raised further; of the others, there is none (-1)."""

SYSCTL = Cure(
    "sysctl",
    "kernel-limit",
    "memory",
    "a limit of the kernel is too small for what the program asks for",
    "raise it (--sysctl), or ask for less",
    proves=True,
)
REFUSED = Cure(
    "ulimit refused",
    "ulimit-refused",
    "memory",
    "the container's hard limit is lower than what the program raises its own to",
    "raise it (--ulimit)",
    proves=True,
)


def more(case: Case) -> Iterator[Factor]:
    """Return what gives a program more of what its last failed call, or its crash, lacked."""
    call = case.seen.failed_call or case.seen.gave_up
    if call and call.error in FULL:
        yield from (_roomy(case, room) for room in ROOMS)
    elif _is_bus_error(case):
        yield from (_shared(case, room) for room in ROOMS if room > case.config.shm)
    if call:
        yield from _raised(case, call)


def _is_bus_error(case: Case) -> bool:
    """Tell whether a page of a mapped file could not be had, as in a /dev/shm that is full."""
    decider = case.seen.decider
    ended = decider.signal if decider else case.exit_code - SIGNALLED
    return ended == signal.SIGBUS


def _shared(case: Case, room: int) -> Factor:
    option = f"--shm-size {room // MIB}m"
    return Factor(
        f"a /dev/shm of {room // MIB} MiB",
        replace(case.config, shm=room, memory=_memory(case, room)),
        flags=option,
        cure=replace(cures.SHARED, fix=f"give it more: {option}", is_exact=True),
    )


def _roomy(case: Case, room: int) -> Factor:
    config = case.config
    roomy = {place: without_size(options) for place, options in config.tmpfs.items()}
    return Factor(
        f"{room // MIB} MiB of space in memory",
        replace(config, tmpfs=roomy, shm=room, memory=_memory(case, room)),
        flags=f"--tmpfs ... --shm-size {room // MIB}m, of more than it has",
        cure=cures.SPACE,
    )


def _memory(case: Case, room: int) -> int:
    """Return the memory limit of a copy: its own, or else enough for what is kept in memory."""
    return case.config.memory or 2 * room


def _raised(case: Case, call: Call) -> Iterator[Factor]:
    if own := raised(call):
        value = HIGH.get(own, -1)
        option = f"--ulimit {own}={value}"
        yield Factor(
            f"a higher limit {own}",
            replace(case.config, ulimits={**case.config.ulimits, own: value}),
            flags=option,
            cure=replace(REFUSED, fix=f"raise it: {option}", is_exact=True),
        )
    if limit := limit_of(call):
        options = " ".join(f"--sysctl {shlex.quote(f'{n}={v}')}" for n, v in limit.settings.items())
        yield Factor(
            "a higher limit of the kernel",
            replace(case.config, sysctls={**case.config.sysctls, **limit.settings}),
            flags=options,
            cure=SYSCTL,
        )
    for name, value, calls, errors in LIMITS:
        if call.error in errors and re.match(calls, call.name):
            option = f"--ulimit {name}={value}"
            yield Factor(
                f"{'no' if value < 0 else 'a higher'} limit {name}",
                replace(case.config, ulimits={**case.config.ulimits, name: value}),
                flags=option,
                cure=replace(cures.ulimit(name), fix=f"raise it: {option}", is_exact=True),
            )


def without_size(options: str) -> str:
    """Return the options of a tmpfs without its limits."""
    kept = (
        o for o in options.split(",") if not o.startswith(("size=", "nr_inodes=", "nr_blocks="))
    )
    return ",".join(kept)
