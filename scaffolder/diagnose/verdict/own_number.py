"""A pid file in whose number a program finds itself: it takes itself for one that runs already.

A killed run leaves the file in a volume, or in the container. The numbers begin anew with each
start, so the program is likely to have the very same one again, and ends.
"""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence, content
from scaffolder.diagnose.evidence.gave_up import process_found
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.docker.client import Engine
from scaffolder.text import quoted

from .copies import tried_with
from .cures import LEFT_OVER
from .factor import Factor
from .rerun import Rerun
from .revealed import command

NOBODY = b"4194303\n"
"""The largest number that a process can have on Linux."""
LONGEST, MOST, NEAR = 16, 2, 3
"""How many bytes such a file has, how many are tried, and how many are read before it is used."""
RENAMES = ("rename", "link")
IN_PROC = re.compile(r"/proc/(\d+)(?:/|$)")


def finds_itself(engine: Engine, case: Case, tried: list[str]) -> Rerun | None:
    """Return the pid file without whose number a copy keeps running.

    Another copy gets the file as it is, since both may write where the file is.
    """
    for path, data in _pid_files(case):
        kept = Factor(f"{path} as the container left it", case.config, files={path: data})
        other = f"the number of no process in {path}"
        changed = Factor(other, case.config, files={path: NOBODY}, cure=LEFT_OVER)
        found = tried_with(engine, case, changed, tried)
        same = tried_with(engine, case, kept, tried) if found and found.alive else None
        if not found or not same or same.alive or same.exit_code != case.exit_code:
            continue
        number, fares = data.decode().strip(), f"with {other} a copy {found.words}"
        return Rerun(
            LEFT_OVER.cause,
            LEFT_OVER.pattern,
            f"{path} is {LEFT_OVER.text}: it holds {number}, which is the number of the program"
            " itself again, or of one that started it, so it takes itself for one that runs"
            f" already, and ends ({fares})",
            f"remove it at the start (rm -f {quoted(path)} before exec), put it on a --tmpfs, or do"
            " without it: the engine sees to it that a container runs once",
            cured=True,
            proves=LEFT_OVER.proves,
            factor=LEFT_OVER.factor,
            evidence=(
                content(case, path, number),
                Evidence(
                    "rerun",
                    command(case, changed),
                    f"{fares}; with the file as it is, it {same.words}",
                ),
            ),
            tried=tried[:-2],
        )
    return None


def _pid_files(case: Case) -> list[tuple[str, bytes]]:
    """Return the files with the number of a process that a copy asked for and found.

    Where none was watched, those that are called so.
    """
    if case.seen.trace.processes:
        return _asked(case)
    mounts = (m for m in case.config.mounts if m.writable and m.kind == "volume")
    names = [name for mount in mounts for name in case.files.names(mount.destination)]
    paths = dict.fromkeys(path for path in names if path.endswith(".pid"))
    found = ((path, case.files.content(path, LONGEST)) for path in paths)
    return [(path, data) for path, data in found if data and data.strip().isdigit()][:MOST]


def _asked(case: Case) -> list[tuple[str, bytes]]:
    """Return what was read last, and not written before, ahead of the question for its number."""
    calls = case.seen.trace.calls
    found: dict[str, bytes] = {}
    for at, call in enumerate(calls):
        number = _sought(call)
        if not number or len(found) >= MOST:
            continue
        written = {c.made for c in calls[:at] if c.writes or c.name.startswith(RENAMES)}
        read = (c.path for c in reversed(calls[:at]) if c.name.startswith("open") and not c.error)
        for path in [*dict.fromkeys(read)][:NEAR]:
            data = None if path in written else case.files.content(path, LONGEST)
            if data and data.strip() == number:
                found[path] = data
    return [*found.items()]


def _sought(call: Call) -> bytes:
    """Return the number of the process that a call finds; empty if it looks for none."""
    if call.error:
        return b""
    if number := process_found(call):
        return str(number).encode()
    match = IN_PROC.match(call.path)
    return match[1].encode() if match else b""
