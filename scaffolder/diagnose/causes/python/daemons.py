"""Python programs whose work is left to threads that do not keep them: daemon threads."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, ended, nothing_logged, watched
from scaffolder.diagnose.causes.silence.claims import may_have_served
from scaffolder.diagnose.causes.silence.readings import readings
from scaffolder.diagnose.evidence.phase import Phase

SCHEDULER = re.compile(r"^(?!\s*(?:#|from\b|import\b))[^\n]*\bBackgroundScheduler\(", re.MULTILINE)
THREAD = re.compile(
    r"^(?!\s*#)[^\n]*\b(?:Thread|Timer)\((?:[^()]|\([^()]*\))*\bdaemon\s*=\s*True"
    r"|^(?!\s*#)[^\n]*(?:\.daemon\s*=\s*True|\.setDaemon\(True\))",
    re.MULTILINE,
)
BLOCKING = "use BlockingScheduler, whose start() does not return, or keep the main thread waiting"
JOIN = "keep the main thread waiting"


@cause(
    "daemon-threads-only",
    "a Python program ends with 0 because only daemon threads are left",
    pattern="process",
    reads=["rerun", "files", "inspect"],
    page="nothing-moves",
    when=Phase.FINISHED | Phase.DIED,
    basis=Basis.INFERRED,
    explains=["nothing-keeps-it", "ends-again-and-again", "input-closed"],
)
def daemon_threads_only(case: Case) -> Found | None:
    """Find BackgroundScheduler, or Thread(daemon=True), as the last thing that a program starts."""
    seen = case.seen
    wait = seen.unkept
    if case.exit_code or not may_have_served(case) or wait is None or wait.name == "listen":
        return None
    if seen.gave_up or seen.swallowed or seen.ending:
        return None
    for script, _reading in readings(case):
        scheduler = SCHEDULER.search(script.text)
        match = scheduler or THREAD.search(script.text)
        if match is None or not script.path:
            continue
        line = script.text[match.start() :].strip().partition("\n")[0]
        what = "BackgroundScheduler" if scheduler else "a daemon thread"
        return Found(
            f"the main thread ends right after it has started {what} ({script.path}:"
            f" `{line[:120]}`), and Python does not wait for daemon threads: it exits with 0, while"
            f" the thread still waits in {wait.name} for its next task",
            f"{BLOCKING if scheduler else JOIN} (thread.join(), threading.Event().wait(),"
            " signal.pause()), or make it no daemon",
            (
                content(case, script.path, line),
                watched(case, f"a thread waits in {wait.name} when the program ends"),
                ended(case),
                *((nothing_logged(case),) if case.is_silent else ()),
            ),
        )
    return None
