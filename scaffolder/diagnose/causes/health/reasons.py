"""Why a service answers a health check as it does: what it logged about that request.

Servers such as nginx log into files: the log of their container is empty, also while they run.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence, content, logged
from scaffolder.diagnose.causes.reaching.answers import ANSWERED, WORD
from scaffolder.diagnose.causes.reaching.peers import shares
from scaffolder.diagnose.evidence.log_files import LEVEL, LOGS, logs
from scaffolder.diagnose.evidence.log_search import FAILURE, shortened
from scaffolder.text import quoted

from .checks import failing, output, target

RAISED = re.compile(r"^[\w.]*(?:Error|Exception)\b")
"""How the last line of a traceback begins, which says what happened."""
BESIDE = re.compile(
    r"^\S+ \S+ \[\w+\] [\d#]+: (?:\*\d+ )?"
    r"|, (?:client|server|request|host|referrer): (?:\"[^\"]*\"|[^,]*)"
)
"""What nginx writes around its message: when, and about which request."""
LONGEST = 200
GATEWAYS = re.compile(r"\b50[234]\b")
RECENT, AGAIN = timedelta(minutes=2), 3


def reason(case: Case) -> tuple[str, Evidence] | None:
    """Return what the service logged about the request of its check, and where; None if nothing."""
    check = failing(case)
    asked = target(case, check) if check else None
    if asked is None or not asked[2]:
        return None
    path = re.escape(asked[2])
    about = re.compile(rf"\b(?:GET|HEAD) {path}(?![\w/.-])|{path} \[GET\]")
    said = _about([line.text for line in case.lines], about)
    if said:
        return f"its log says: {_short(said)}", logged(case, said)
    for path, lines in _files(case):
        said = _about(lines, about)
        if said:
            return f"{path} says: {_short(said)}", content(case, path, said)
    return _behind(case)


def _behind(case: Case) -> tuple[str, Evidence] | None:
    """Return what a neighbour refuses again and again that this container asks it for.

    A gateway answers its own check with 502 to 504 as long as it takes none behind it for well.
    """
    if not GATEWAYS.search(output(case)):
        return None
    here = {address for address in case.config.networks.values() if address}
    since = (case.now - RECENT, case.now)
    for other in case.neighbours:
        if other.status != "running" or not shares(case, other):
            continue
        lines = [line.text.strip() for line in case.sources.log_of(other.name, since).lines]
        refused = [
            (match["asked"], match["status"], line)
            for line in lines
            if (match := ANSWERED.search(line)) and here.intersection(WORD.findall(line))
        ]
        asked, status, line = refused[-1] if refused else ("", "", "")
        if sum((asked, status) == each[:2] for each in refused) >= AGAIN:
            command = f"docker logs --since {RECENT.seconds}s {quoted(other.name)}"
            told = f"{other.name}, behind it, answers its {asked[:LONGEST]} with {status}"
            return f"{told} again and again", Evidence("neighbours", command, line[:LONGEST])
    return None


def _files(case: Case) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the logs that it has written, into itself or into a mount for logs."""
    written = [path for kind, path in case.changes if kind != "D" and LOGS.search(path)]
    places = [mount.destination for mount in case.config.mounts if "log" in mount.destination]
    mounted = (name for place in places for name in case.files.names(place) if LOGS.search(name))
    for log in logs(case.files, [*written, *mounted]):
        yield log.path, log.lines


def _about(lines: Sequence[str], about: re.Pattern[str]) -> str:
    """Return the last line that reports a failure of a request, or what was raised in it."""
    for at in reversed(range(len(lines))):
        line = shortened(lines[at])
        if about.search(line) and (FAILURE.search(line) or LEVEL.search(line)):
            follow = iter(lines[at + 1 :])
            if next(follow, "").startswith("Traceback"):
                return next((text for text in follow if RAISED.match(text)), line)
            return line
    return ""


def _short(line: str) -> str:
    plain = BESIDE.sub("", line)
    return plain if len(plain) <= LONGEST else f"{plain[:LONGEST]} ..."
