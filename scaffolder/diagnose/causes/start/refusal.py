"""What the runtime said, and whether it misses the program."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence import Evidence, inspected, quoted
from scaffolder.diagnose.phase import Phase

NEVER = Phase.START | Phase.IMAGE


MISSING = re.compile(
    r"no such file|too many levels of symbolic|not found|not a directory|dangling", re.IGNORECASE
)


def refused(case: Case) -> Evidence:
    """Show what the runtime said."""
    if case.state.error:
        return inspected(case, "State.Error", case.state.error)
    if case.phase == Phase.IMAGE:
        return inspected(case, "Config", f"Entrypoint and Cmd: {list(case.config.argv)}")
    return Evidence("logs", f"docker logs --tail 5 {quoted(case)}", case.refusal)


def is_missing(case: Case) -> bool:
    """Tell whether the runtime did not find the program, or an image's check did not."""
    problem = case.program.problem if case.program else None
    found = problem is not None and problem.kind in {"missing", "dangling", "not-in-path"}
    return found and (case.phase == Phase.IMAGE or bool(MISSING.search(case.refusal)))
