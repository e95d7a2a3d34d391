"""What a check found."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from scaffolder.errors import ScaffoldError


@dataclass(frozen=True)
class Result:
    """One check of one set of stages: it passed if there are no problems."""

    check: str
    stages: list[str]
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def title(self) -> str:
        """Return what was checked, for messages."""
        return f"{self.check:<9} {'+'.join(self.stages) or 'no stage'}"


def timed(check: str, stages: Iterable[str], find: Callable[[], list[str]]) -> Result:
    """Run a check; what viscaffold itself refuses is a problem of the template, too."""
    start = time.monotonic()
    try:
        problems = find()
    except ScaffoldError as error:
        problems = [error.message + (f"\nTry: {error.hint}" if error.hint else "")]
    return Result(check, list(stages), problems, time.monotonic() - start)
