"""Limits that a script sets for what it starts: `ulimit -t 2`."""

import re
import signal
from dataclasses import dataclass

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, ended, logged, watched
from scaffolder.diagnose.causes.memory.usage import killed_for_memory
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.scripts import sourced

from .script import quote, scripts, where

SETS = re.compile(
    r"^[^#\n]*\bulimit[ \t]+(?:-[HS][ \t]+)*-(?P<which>[tfvn])[ \t]+(?P<value>\d+)\b[^\n]*",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Limit:
    """What is limited (ulimit, POSIX and bash(1)), and how its end shows."""

    what: str
    signals: tuple[int, ...]
    says: str


LIMITS = {
    "t": Limit(
        "processor time, in seconds",
        (signal.SIGXCPU, signal.SIGKILL),
        r"cpu (?:time )?limit exceeded|\bKilled\b",
    ),
    "f": Limit(
        "the size of files, in blocks",
        (signal.SIGXFSZ,),
        r"file ?size limit exceeded|file too large",
    ),
    "v": Limit("memory, in KiB", (), r"cannot allocate memory|out of memory|\bMemoryError\b"),
    "n": Limit("open files", (), r"too many open files"),
}


@cause(
    "limit-in-script",
    "a script sets a limit that what it starts exceeds",
    pattern="memory",
    reads=["files", "rerun", "logs"],
    page="check-resources",
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=[
        "output-thrown-away", "memory-exhausted", "files-limit", "file-size-limit",
        "ended-by-signal", "killed-from-outside", "killed-from-inside", "last-call", "said-why",
        "errexit",
    ],
)  # fmt: skip
def limit_in_script(case: Case) -> Found | None:
    """Find `ulimit` in a script, and the end that such a limit makes."""
    if killed_for_memory(case):
        return None
    for main in scripts(case):
        for script in (main, *sourced(case.files, main, case.config.workdir)):
            for match in SETS.finditer(script.text):
                limit = LIMITS[match["which"]]
                shown = _shows(case, limit)
                if shown:
                    line = match[0].strip()
                    flag = f"ulimit -{match['which']} {match['value']}"
                    return Found(
                        f"{where(script)} limits {limit.what} ({flag}), and what it starts ends"
                        " over that",
                        f"raise or remove it there: {line[:100]}",
                        (quote(case, script, line), shown, ended(case)),
                    )
    return None


def _shows(case: Case, limit: Limit) -> Evidence | None:
    """Return what shows that a limit was met: the signal, or what is said of it."""
    hit = (p for p in case.seen.trace.processes.values() if p.signal in limit.signals)
    killed = next(hit, None)
    if killed:
        name = signal.Signals(killed.signal).name
        return watched(case, f"{name} ends {killed.name} (process {killed.number})")
    says = case.said(rf"[^\n]*(?:{limit.says})[^\n]*")
    return logged(case, says) if says else None
