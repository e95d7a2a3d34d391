"""What a program that ended is meant for, and what it says of itself."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.variables.usual import USUAL
from scaffolder.diagnose.evidence.phase import Phase

from .readings import SHORT_SECONDS

SERVES = re.compile(
    r"\b(?:listening|serving|accepting|ready|waiting for|watching|polling|monitoring|consuming"
    r"|subscribed|scheduled|next (?:run|check|poll|job)|registered"
    r"|(?:running|started|up),? (?:on|at|port)"
    r"|server (?:is |has )?(?:started|running|up)|(?:started|running)(?: the)?(?: \w+)? server"
    r"|starting (?:\S+ ){1,3}(?:daemon|server|service))\b",
    re.IGNORECASE,
)
"""What a server, or a worker, says when it is up; a job that is done says something else."""
SERVES_AT = re.compile(
    r"\b(?:listening|serving|accepting|(?:ready|running|started)\s+(?:on|at))\b[^\n]*?"
    r"(?:\bport\W{1,3}\d|(?:localhost|[\d.]{7,15}|[]*]|(?<![\w.-])):\d{2,5}\b)",
    re.IGNORECASE,
)
"""How a server says on which port, or address of its own, it can be reached."""

IS_UP = re.compile(
    r"\b(?:service|server|daemon|\w+d)\b (?:is |has )?(?:now )?"
    rf"(?:up\b|started|running|ready|at work)|{SERVES_AT.pattern}",
    re.IGNORECASE,
)
"""The same, where it says of itself that it is up, and may say more afterwards."""
STOPS = re.compile(
    r"\b(?:stopp(?:ed|ing)|shut(?:s|ting)?[ -]?down|terminat(?:ed|ing|es))\b", re.IGNORECASE
)
"""What a service says at its end, and a job seldom: that it has stopped, not that it is done."""
RESULTS = re.compile(
    r"\b\w*(?:done|finish|complet|migrat|success|process|export|import|seed|creat|nothing|wrote"
    r"|written|sent|built|build|passed|total|usage|version|bye|exit|stopp|shut|no )\w*",
    re.IGNORECASE,
)
"""What a job says of its work, or what was asked for its usage."""
WORK = re.compile(rf"{RESULTS.pattern}|\d", re.IGNORECASE)
"""The same, or a number of what it has done."""
LAST, LONGEST = 5, 1000
"""How many of the last lines are read, and how much of a line."""


def claims_to_serve(case: Case) -> bool:
    """Tell whether the last thing that it says is what a server says when it is up."""
    return bool(SERVES.search(last_line(case)))


def says_where(case: Case) -> bool:
    """Tell whether that is on which port it can be reached."""
    return bool(SERVES_AT.search(last_line(case)))


def is_meant_to_serve(case: Case) -> bool:
    """Tell whether it ended with 0 at once, and its image has a port for this very command."""
    is_short = case.exit_code == 0 and case.state.seconds <= SHORT_SECONDS
    return is_short and bool(case.config.exposed) and case.is_meant("EXPOSE")


def is_idle(case: Case) -> bool:
    """Tell whether such a program had nothing to do, as a server that was not told to serve.

    It may be told to do one job instead, by a variable that was set for this container, or say what
    it has done. A script is asked for what it runs.
    """
    theirs = case.image.env if case.image else {}
    own = [n for n, v in case.config.env.items() if v != theirs.get(n) and not USUAL.fullmatch(n)]
    is_script = any(item.script and item.script.language == "sh" for item in case.launched)
    reported = any(WORK.search(line.text) for line in case.lines[-LAST:])
    is_other = own or is_script or reported or case.seen.reads_nothing or case.image is None
    return is_meant_to_serve(case) and not is_other


def reports(case: Case) -> bool:
    """Tell whether it says at its end that it has done something."""
    return any(RESULTS.search(line.text[:LONGEST]) for line in case.log.lines[-LAST:])


def last_line(case: Case) -> str:
    """Return the last thing that it says; empty if nothing."""
    return next((line.text for line in reversed(case.lines) if line.text.strip()), "")


def last_logged(case: Case) -> str:
    """Return the last line of the log itself, whatever a copy shows beside it."""
    said = (line.text for line in reversed(case.log.lines) if line.text.strip())
    return next(said, "")


def may_have_served(case: Case) -> bool:
    """Tell whether an end with 0 may be that of a server, which nobody said has done its work.

    It may have said that it is up before it ended, or in an earlier run that was killed: this one
    has said nothing then.
    """
    claims = said_up(case) or claims_to_serve(case) or stops_unasked(case)
    return case.is_silent or bool(claims) or is_meant_to_serve(case)


def stops_unasked(case: Case) -> bool:
    """Tell whether it says at its end that it has stopped, and nobody told it to."""
    is_asked = case.signals or case.phase & Phase.STOPPED
    return not is_asked and bool(STOPS.search(last_logged(case)[:LONGEST]))


def said_up(case: Case) -> str:
    """Return the line in which it says that it is up, whatever it says afterwards; or nothing."""
    return next((line.text for line in case.log.lines if IS_UP.search(line.text[:LONGEST])), "")
