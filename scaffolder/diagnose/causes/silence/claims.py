"""What a program that ended is meant for, and what it says of itself."""

import re

from scaffolder.diagnose.case import Case

from .readings import SHORT_SECONDS

SERVES = re.compile(
    r"\b(?:listening|serving|accepting|ready|waiting for|watching|polling|monitoring|consuming"
    r"|subscribed)\b",
    re.IGNORECASE,
)
"""What a server, or a worker, says when it is up; a job that is done says something else."""
SERVES_AT = re.compile(
    r"\b(?:listening|serving|accepting|(?:ready|running|started)\s+(?:on|at))\b[^\n]*?"
    r"(?:\bport\W{1,3}\d|(?:localhost|[\d.]{7,15}|[]*]|(?<![\w.-])):\d{2,5}\b)",
    re.IGNORECASE,
)
"""How a server says on which port, or address of its own, it can be reached."""


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


def last_line(case: Case) -> str:
    """Return the last thing that it says; empty if nothing."""
    return next((line.text for line in reversed(case.lines) if line.text.strip()), "")
