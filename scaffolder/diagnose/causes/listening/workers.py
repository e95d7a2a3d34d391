"""Workers that keep dying while PID 1 keeps running."""

import errno
import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, live, logged, seen, watched
from scaffolder.diagnose.causes.memory.usage import killed_for_memory
from scaffolder.diagnose.evidence.call_words import in_words
from scaffolder.diagnose.evidence.dying import dying
from scaffolder.diagnose.evidence.facts import Process
from scaffolder.diagnose.evidence.moments import moment
from scaffolder.diagnose.evidence.phase import RECENT_SECONDS, Phase
from scaffolder.text import quoted as typed

DEATHS = re.compile(
    r"WORKER TIMEOUT \(pid:\d+\)"  # gunicorn
    r"|Worker \(pid:\d+\) (?:was sent SIG\w+|exited with code|was terminated)"
    r"|Child process \[\d+\] died"  # uvicorn
    r"|worker process \d+ exited (?:on signal|with (?:fatal )?code [1-9])"  # nginx
    r"|DAMN ! worker \d+ .{0,80}died|worker \d+ \(pid: \d+\) .{0,80}harakiri"  # uWSGI
    r"|child (?:pid )?\d+,? .{0,80}(?:exited on signal|exit signal)"  # php-fpm, Apache
    r"|Worker exited prematurely|Process '?\S*Worker\S*'? pid:\d+ exited with"  # Celery
    r"|Terminating timed out worker|worker \d+ .{0,80}\bdied\b"  # Puma
    r"|server process \(PID \d+\) was terminated by signal"  # Postgres
    r"|\bexited: \S+ \((?:exit status \d+; not expected|terminated by SIG\w+; not expected)\)"
    r"|worker (?:\d+ |\w+ )?(?:died|crashed|was killed|killed)\b",
    re.IGNORECASE,
)
"""How servers and process managers report that a worker has died."""
WELL = re.compile(
    r"\b(?:code|status)\W{0,3}0\b"
    r"|\b(?:recycl|retir|rotat|quota|max[_ -]?(?:requests|jobs|tasks)|gracef|planned|on purpose)"
    r"|\b(?:job|request|task|message|item)s? (?:limit|budget|maximum)|\blimit of (?:its )?(?:\d+ )?"
    r"(?:job|request|task|message|item)s",
    re.IGNORECASE,
)
"""How a worker ends that was done, as one that is replaced after so many requests."""
VAGUE = re.compile(
    r"(?<!process )\bworker \S+(?: .{0,80})? died(?! (?:with|by|of|on))", re.IGNORECASE
)
"""What does not say how it died."""
FEWEST = 2
MOST_DONE = 16
"""How many workers at the most have said that they are done before it is told that they end."""


def deaths(case: Case) -> list[str]:
    """Return the lines of the last minutes that report the death of a worker.

    Its own last words come before, among those of others, and may say that it is done.
    """
    now = case.now.timestamp()
    found, done = [], 0
    for line in case.lines:
        at = moment(line.time)
        recent = at is None or now - at.timestamp() < RECENT_SECONDS
        is_well = WELL.search(line.text) is not None
        if not DEATHS.search(line.text):
            done = min(done + is_well, MOST_DONE)
        elif done or is_well:
            done -= not is_well
        elif recent:
            found.append(line.text.strip())
    return found


@cause(
    "workers-die",
    "workers keep dying while PID 1 keeps running",
    pattern="process",
    reads=["logs", "live", "rerun"],
    page="nothing-moves",
    when=Phase.RUNNING,
    explains=["check-timeout", "check-broken", "check-wrong-port", "not-listening"],
)
def workers_die(case: Case) -> Found | None:
    """Find workers that time out, crash or exit, and are started again."""
    found = deaths(case)
    if len(found) < FEWEST:
        return _in_a_copy(case)
    processes = case.processes or ()
    first = case.first
    workers = [p for p in processes if first and p.parent == first.pid]
    young = first is not None and all(p.seconds < first.seconds for p in workers)
    slow = sum("timeout" in line.lower() for line in found)
    timed = slow * 2 >= len(found)
    why = "they exceed the server's timeout and are killed" if timed else "they crash"
    return Found(
        f"workers keep dying while PID 1 keeps running ({len(found)} recent deaths), and what they"
        f" were at is lost: {why}: {found[-1][:150]}",
        "find the request that hangs and give its calls a timeout; only then raise the"
        " server's timeout (gunicorn --timeout)"
        if timed
        else "read the log before each death; raise --memory if they run out of memory",
        (
            logged(case, "\n".join(found[-3:])),
            *killed_for_memory(case),
            *(
                (live(case, "ps", f"PID 1: {first.seconds} s; workers: {_ages(workers)}"),)
                if first and workers
                else ()
            ),
        ),
        proven=young and bool(processes) and not all(map(VAGUE.search, found)),
    )


def _in_a_copy(case: Case) -> Found | None:
    """Find workers that end without a word in a copy, too, where none of the container serves."""
    found = dying(case.seen.trace)
    if found is None or case.sockets or (found.call and found.call.is_network):
        return None
    call = found.call
    over = f": {in_words(call)}" if call else ", and does not say why"
    return Found(
        f"workers keep dying while PID 1 keeps running ({found.times} in a copy), and nothing tells"
        f" of it: the last one {found.words}{over}",
        f"give it {call.path}, where the worker looks for it"
        if call and call.error == errno.ENOENT and call.path
        else "let the workers write to the container's log, and fix what they report",
        (
            *((seen(case, call),) if call else ()),
            watched(
                case,
                f"{found.last.name} (process {found.last.number}), which {found.parent.name}"
                f" (process {found.parent.number}) has started, {found.words}",
            ),
        ),
        basis=Basis.INFERRED,
    )


def _ages(workers: list[Process]) -> str:
    return ", ".join(f"{p.seconds} s" for p in workers[:5])


STATES = re.compile(
    r"(?P<up>success: (?P<a>\S+) entered RUNNING)|(?P<gone>gave up: (?P<b>\S+) entered FATAL)"
    r"|(?P<never>spawnerr: (?P<why>[^\n]+))|(?:exited: (?P<c>\S+) \((?P<how>[^)]*not expected)\))"
)


@cause(
    "supervised-down",
    "a process manager gave up on a program and keeps running without it",
    pattern="process",
    reads=["logs", "changes", "files", "live"],
    page="nothing-moves",
    when=Phase.RUNNING | Phase.ENDED,
)
def supervised_down(case: Case) -> Found | None:
    """Find programs that supervisord reports as FATAL, and their last output."""
    gone: dict[str, str] = {}
    why = ""
    for match in STATES.finditer(case.text):
        why = match["why"] or match["how"] or why
        if match["up"]:
            gone.pop(match["a"], None)
        elif match["gone"]:
            gone[match["b"]] = why
    if not gone:
        return None
    name, reason = next(iter(gone.items()))
    path, words = _own_log(case, name)
    said = f"; its log {path} says: {words[-200:]}" if words else ""
    line = case.said(rf"[^\n]*gave up: {re.escape(name)} [^\n]*")
    return Found(
        f"supervisord gave up on {name}, and the container keeps running without it:"
        f" {reason or 'it exits right after its start'}{said}",
        f"fix what makes {name} exit; send its output to the container's log"
        " (stdout_logfile=/dev/stdout, stdout_logfile_maxbytes=0), and stop the container with it"
        " (an eventlistener, or one program per container)",
        (
            *((logged(case, line),) if line else ()),
            *(
                (
                    Evidence(
                        "changes", f"docker cp {typed(f'{case.target}:{path}')} -", words[-300:]
                    ),
                )
                if words
                else ()
            ),
        ),
        (f"docker exec {case.target} supervisorctl status",),
        proven=line is not None and case.phase == Phase.RUNNING,
    )


def _own_log(case: Case, name: str) -> tuple[str, str]:
    """Return the log that supervisord keeps of a program, and its last line; stderr comes first."""
    files = [
        path
        for _kind, path in case.changes
        if re.search(rf"/{re.escape(name)}[-.](?:stderr|stdout|err|out|log)", path)
    ]
    for path in sorted(files, key=lambda path: "err" not in path):
        data = case.files.content(path, 1 << 18) or b""
        lines = [line for line in data.decode("utf-8", "replace").splitlines() if line.strip()]
        if lines:
            return path, lines[-1].strip()
    return "", ""
