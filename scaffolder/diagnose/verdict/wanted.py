"""What a program asked for in vain, given to a copy of it."""

import errno
import re
import shlex
import signal
import struct
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from posixpath import dirname, splitext

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.variables.characters import lacks_characters, lacks_locale
from scaffolder.diagnose.causes.variables.homes import expanded
from scaffolder.diagnose.causes.variables.values import asks_for, plain_values
from scaffolder.diagnose.causes.variables.workdir import elsewhere
from scaffolder.diagnose.evidence.alternatives import ZONES
from scaffolder.diagnose.evidence.files import is_device
from scaffolder.diagnose.evidence.harmless import PROBES
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.text import quoted

from . import cures
from .cures import Cure
from .factor import Factor, mounted
from .removed import without_mark
from .room import more
from .swapped import other_way_round
from .translated import translated

CRASHES = (
    signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP,
)  # fmt: skip
"""Signals by which a program ends over what it did not get, such as a file that it reads."""
MOST = 3
LIBRARY = re.compile(r"\.so(?:\.[\w.]+)?$")
LOCALE = Cure(
    "locale",
    "locale-missing",
    "environment",
    "the program does not start with a locale that the image does not have",
    "ENV LANG=C.UTF-8 LC_ALL=C.UTF-8, which every glibc image has, or generate the locale",
    proves=True,
)
BEYOND = "the locale is not one of UTF-8, and the program needs that"
UTC = b"TZif" + bytes(16) + struct.pack(">6I", 0, 0, 0, 0, 1, 4) + bytes(6) + b"UTC\0"
"""A time zone, as small as they come (RFC 8536)."""


def wanted(case: Case) -> Iterator[Factor]:
    """Return what gives a program what its last failed call asked for."""
    config, call = case.config, case.seen.failed_last or case.seen.gave_up
    yield from other_way_round(case)
    sought = [*plain(case, sought=True), *_expanded(case)]
    yield from sought
    yield from without_mark(case)
    yield from translated(case)
    yield from more(case)
    is_beyond = lacks_characters(case)
    if case.seen.locales_sought or is_beyond or lacks_locale(case):
        value = "C.UTF-8"
        yield Factor(
            f"the locale {value}",
            replace(config, env={**config.env, "LANG": value, "LC_ALL": value}),
            flags=f"-e LC_ALL={value}",
            cure=replace(LOCALE, text=BEYOND) if is_beyond else LOCALE,
        )
    if zones := case.seen.zone_sought:
        path = f"{ZONES}/{zones[0]}"
        yield Factor(
            f"a time zone at {path}",
            config,
            files={path: UTC},
            flags="-v /usr/share/zoneinfo:/usr/share/zoneinfo:ro",
            cure=cures.TIME_ZONE,
        )
        return
    # A copy may lack a mount: what is there in the container is not what it ended over. A watchdog
    # looks for a sign of life: with that, a copy hangs for ever.
    is_there = call is not None and call.error == errno.ENOENT and case.has(call.path)
    decider = case.seen.decider
    is_killed = decider is not None and decider.signal not in (0, *CRASHES)
    if call is None or sought or is_there or is_killed or case.seen.authorities_sought:
        return
    if LIBRARY.search(call.path) or is_device(call.path):  # an empty file is none
        return
    if call.error == errno.ENOENT and call.path and not call.name.startswith("exec"):
        for folder in elsewhere(case, call):
            yield Factor(
                f"{folder} as the working directory",
                replace(config, workdir=folder),
                flags=f"--workdir {shlex.quote(folder)}",
                cure=cures.WORKDIR,
            )
        path = dirname(call.path) if call.makes else call.path
        for is_directory in _kinds(call):
            yield Factor(
                f"{'a directory' if is_directory else 'an empty file'} at {path}",
                config,
                files={path: None if is_directory else b""},
                flags=mounted(path),
                cure=cures.PLACE if is_directory else cures.FILE,
            )


def plain(case: Case, *, sought: bool) -> Iterator[Factor]:
    """Give values without the quotes around them: those by which it `sought` in vain, or others.

    One env file has quotes around all of its values: a copy gets them without at once.
    """
    named = {n: v for n, v in plain_values(case) if asks_for(case, case.config.env[n]) is sought}
    if named:
        values = "its value" if len(named) == 1 else "their values"
        yield Factor(
            f"{' and '.join(named)} without the quotes, spaces or carriage return around {values}",
            replace(case.config, env={**case.config.env, **named}),
            flags=" ".join(f"-e {name}=..." for name in named),
            cure=cures.VALUE,
        )


def _expanded(case: Case) -> Iterator[Factor]:
    """Give values the home that ~ stands for in a shell."""
    for name, value in islice(expanded(case), MOST):
        if asks_for(case, case.config.env[name]):
            given = f"{name}={value}"
            yield Factor(
                given,
                replace(case.config, env={**case.config.env, name: value}),
                flags=f"-e {quoted(given)}",
                cure=replace(cures.VALUE, cause="home-not-expanded"),
            )


def _kinds(call: Call) -> tuple[bool, ...]:
    """Tell whether a call wants a directory; what only asks for a path may want either."""
    if call.name in ("chdir", "statfs") or call.makes or call.lists:
        return (True,)
    return (False, True) if PROBES.match(call.name) and not splitext(call.path)[1] else (False,)
