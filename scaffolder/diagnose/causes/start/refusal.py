"""The runtime's error, and whether it means a missing program."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.phase import Phase

NEVER = Phase.START | Phase.IMAGE


MISSING = re.compile(
    r"no such file|too many levels of symbolic|not found|not a directory|dangling", re.IGNORECASE
)


def is_missing(case: Case) -> bool:
    """Tell whether the runtime, or the check of an image, did not find the program.

    Podman does not keep the runtime's words: then the check is all that there is.
    """
    problem = case.program.problem if case.program else None
    found = problem is not None and problem.kind in {"missing", "dangling", "not-in-path"}
    unsaid = case.phase == Phase.IMAGE or not case.refusal
    return found and (unsaid or bool(MISSING.search(case.refusal)))
