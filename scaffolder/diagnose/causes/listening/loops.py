"""Programs that a shell loop keeps restarting, and that die each time."""

import re
from collections.abc import Iterator
from itertools import pairwise

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import inspected, live, logged
from scaffolder.diagnose.evidence.log_search import shape
from scaffolder.diagnose.evidence.moments import moment
from scaffolder.diagnose.evidence.phase import RECENT_SECONDS, Phase
from scaffolder.diagnose.programs.scripts import Script

from .turns import goes_on

LOOP = re.compile(r"(?:^|[;&|\n(]|\bdo\b|\bthen\b)\s*(?:while|until|for)\b")
DEATH = re.compile(
    r"^(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception)(?::|$)"
    r"|^(?:\S+: (?:line )?\d+: +)?(?:\d+ )?(?:Killed|Aborted|Bus error|Segmentation fault)\b"
    r"|^panic: |panicked at|can't open file|: (?:command )?not found$|^Error: Cannot find module"
)
"""The last output of a program that dies, or the shell's message about it."""
FEWEST = 3
SLACK_SECONDS = 5.0


@cause(
    "restarted-in-a-loop",
    "a shell loop keeps starting a program that dies each time",
    pattern="process",
    reads=["logs", "live", "files"],
    page="nothing-moves",
    when=Phase.RUNNING,
)
def restarted_in_a_loop(case: Case) -> Found | None:
    """Find a container that stays up while its main program keeps dying."""
    loop = _loop(case)
    processes = case.processes or ()
    if loop is None or not processes or case.sockets:
        return None
    now = case.now.timestamp()
    recent = [(at, words) for at, words in _said(case) if now - at < RECENT_SECONDS]
    dead = [(at, words) for at, words in recent if DEATH.search(words[:300])]
    last = dead[-1][1] if dead else ""
    times = [at for at, words in dead if shape(words) == shape(last)]
    if len(times) < FEWEST:
        return None
    since = [words for at, words in recent if at >= times[0]]
    pause = max(later - at for at, later in pairwise(times))
    others = [p for p in processes if p is not case.first]
    young = all(p.seconds <= now - times[-2] + SLACK_SECONDS for p in others)
    if not young or now - times[-1] > 2 * pause + SLACK_SECONDS:
        return None
    if goes_on(loop.text, since, len(dead)):
        return None
    where = loop.path or "the command"
    return Found(
        f"the loop in {where} keeps restarting the program, which dies each time"
        f" ({len(times)} recent deaths), while the container stays up: {last[:200]}",
        "fix what it reports; exec the program as PID 1, and let a restart policy start it"
        " again, so that its exit is visible",
        (
            logged(case, last),
            live(case, "ps", "; ".join(f"{p.seconds} s {p.command[:60]}" for p in processes[:3])),
            inspected(case, "Config.Cmd", list(case.config.argv)),
        ),
    )


def _loop(case: Case) -> Script | None:
    """Return the shell script that is started and contains a loop; None if there is none."""
    shells = (f.script for f in case.launched if f.script and f.script.language == "sh")
    return next((script for script in shells if LOOP.search(script.text)), None)


def _said(case: Case) -> Iterator[tuple[float, str]]:
    """Yield what it wrote, and when."""
    for line in case.lines:
        if at := moment(line.time):
            yield at.timestamp(), line.text.strip()
