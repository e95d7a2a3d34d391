"""Programs that a shell loop keeps restarting, and that die each time."""

import re
from itertools import pairwise

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import inspected, live, logged
from scaffolder.diagnose.evidence.facts import moment
from scaffolder.diagnose.evidence.log_search import shape
from scaffolder.diagnose.evidence.phase import RECENT_SECONDS, Phase
from scaffolder.diagnose.programs.launched import Launched

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
    times, last = _deaths(case)
    if len(times) < FEWEST:
        return None
    now = case.now.timestamp()
    pause = max(later - at for at, later in pairwise(times))
    others = [p for p in processes if p is not case.first]
    young = all(p.seconds <= now - times[-2] + SLACK_SECONDS for p in others)
    if not young or now - times[-1] > 2 * pause + SLACK_SECONDS:
        return None
    where = (loop.script.path if loop.script else "") or "the command"
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


def _loop(case: Case) -> Launched | None:
    """Return the shell script that is started and contains a loop; None if there is none."""
    shells = (f for f in case.launched if f.script and f.script.language == "sh")
    return next((f for f in shells if f.script and LOOP.search(f.script.text)), None)


def _deaths(case: Case) -> tuple[list[float], str]:
    """Return the times of the latest kind of death message, and its last line."""
    now = case.now.timestamp()
    found = [
        (at.timestamp(), line.text.strip())
        for line in case.lines
        if DEATH.search(line.text[:300]) and (at := moment(line.time))
    ]
    last = found[-1][1] if found else ""
    alike = shape(last)
    times = [at for at, words in found if now - at < RECENT_SECONDS and shape(words) == alike]
    return times, last
