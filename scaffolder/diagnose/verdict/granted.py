"""The fewest capabilities with which a copy runs, of those that Docker gives by default.

A program that may not do one privileged thing ends there: what it needs next shows only in a copy
that may. No copy gets a capability that a container without options does not have.
"""

import errno
import re
from collections.abc import Collection
from dataclasses import replace

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.identity.capabilities import lacks
from scaffolder.diagnose.evidence.decisive import REFUSALS
from scaffolder.diagnose.evidence.seen import Seen
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.docker.client import Engine, EngineError

from . import cures
from .apart import networkless
from .copies import Outcome, run, tried_with
from .factor import Factor
from .watching import tracer_for

NEEDS = (
    ("CHOWN", r"f?l?chown(?:at)?$"),
    ("SETGID", r"set(?:re|res|fs)?gid|setgroups"),
    ("SETUID", r"set(?:re|res|fs)?uid"),
    ("FOWNER", r"f?chmod(?:at)?|utime"),
    ("KILL", r"t?g?kill$"),
    ("NET_BIND_SERVICE", r"bind$"),
    ("NET_RAW", r"socket$"),
    ("MKNOD", r"mknod"),
    ("SYS_CHROOT", r"chroot$"),
    ("SETPCAP", r"capset$|prctl$"),
    ("SETFCAP", r"l?f?setxattr$"),
    ("DAC_OVERRIDE", r"open|creat|mkdir|unlink|rename|rmdir|access|execve"),
)
"""A capability of Docker's default set, and the calls that are refused without it."""
MOST = 6


def needed(call: Call | None) -> str:
    """Return the capability that a refused call needs; empty if it is none of these."""
    if call is None or call.error not in REFUSALS:
        return ""
    return next((name for name, calls in NEEDS if re.match(calls, call.name)), "")


def granted(
    engine: Engine, case: Case, tried: list[str], beyond: dict[str, str]
) -> tuple[Factor, Outcome] | None:
    """Give copies one capability more at a time; return the first copy that runs, or None.

    Of one that gets further, and then ends as it has no network, that is noted in `beyond`: it is
    no proof, and refutes nothing.
    """
    names: list[str] = []
    seen = case.seen
    while case.exit_code and len(names) < MOST:
        name = _next(seen, names)
        if not name or not lacks(case, name):
            return None
        names.append(name)
        factor = _with(case, names)
        found = tried_with(engine, case, factor, tried)
        if found is None:
            return None
        try:
            watched = run(engine, case, factor, tracer_for(case))
        except EngineError:
            return None
        seen = Seen(watched.trace) if watched.trace else Seen()
        if (found.alive or found.exit_code == 0) and not _next(seen, names):
            return factor, found
        call = networkless(case, seen.trace)
        if call and not _next(seen, names):
            lacks_it = f"gets further, and then lacks a network, as only copies do ({call.words})"
            tried[-1] = f"rerun {factor.changed}: {lacks_it}"
            beyond[cures.CAPABILITIES.factor] = f"{factor.changed} a copy {lacks_it}"
            return None
    return None


def _next(seen: Seen, names: Collection[str]) -> str:
    """Return what a copy needs that has some already; empty if nothing.

    What it does not end over counts as well: a server may stay without its workers.
    """
    refused = (c for c in reversed(seen.trace.calls) if names and c.error == errno.EPERM)
    calls = (seen.failed_call, *refused)
    return next((name for call in calls if (name := needed(call)) not in (*names, "")), "")


def _with(case: Case, names: list[str]) -> Factor:
    options = " ".join(f"--cap-add {name}" for name in names)
    told = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    many = f", one after another: {told}" if len(names) > 1 else ""
    return Factor(
        f"the {'capabilities' if many else 'capability'} {told}",
        replace(case.config, capabilities_added=(*case.config.capabilities_added, *names)),
        flags=f"{' '.join(f'--cap-drop {n}' for n in case.config.capabilities_dropped)} {options}",
        cure=replace(
            cures.CAPABILITIES,
            text=f"the program needs what was dropped{many}" if many else cures.CAPABILITIES.text,
            fix=f"add back only what it needs: {options}",
            is_exact=True,
        ),
    )
