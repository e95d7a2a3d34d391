"""The checks: what each is called, what it needs, and the function that makes it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from importlib import import_module

from scaffolder.errors import ScaffoldError

from .findings import Finding, skipped
from .subject import Subject

MODULES = ("machine", "git", "tools", "docker", "service", "settings", "secrets")
"""The modules of `checks`, in the order in which they are made and shown."""


class Needs(Enum):
    """What has to be there for a check to have a meaning; without it, it is not made."""

    NOTHING = auto()
    SERVICE = auto()
    REPOSITORY = auto()
    """A service in a git repository."""


Function = Callable[[Subject], Iterator[Finding]]


@dataclass(frozen=True)
class Check:
    """A check, as `@check` declares it."""

    id: str
    needs: Needs
    function: Function

    def is_meant_for(self, subject: Subject) -> bool:
        """Tell whether what it needs is there."""
        there = {
            Needs.NOTHING: True,
            Needs.SERVICE: subject.service is not None,
            Needs.REPOSITORY: subject.service is not None and subject.repository is not None,
        }
        return there[self.needs]


_declared: list[Check] = []


def check(name: str, needs: Needs = Needs.NOTHING) -> Callable[[Function], Function]:
    """Declare the check `name`: a function that yields what it finds in a `Subject`."""

    def declare(function: Function) -> Function:
        _declared.append(Check(name, needs, function))
        return function

    return declare


@cache
def checks() -> tuple[Check, ...]:
    """Return all checks, in order."""
    for module in MODULES:
        import_module(f"{__package__}.checks.{module}")
    return tuple(_declared)


def examine(subject: Subject, wanted: Iterable[Check]) -> Iterator[tuple[Check, Finding]]:
    """Make those of the `wanted` checks that have a meaning, and yield what each finds.

    What a check cannot read hides none of the others.
    """
    for each in wanted:
        try:
            if each.is_meant_for(subject):
                yield from ((each, finding) for finding in each.function(subject))
        except (ScaffoldError, OSError) as error:
            said = error.message if isinstance(error, ScaffoldError) else str(error)
            hint = error.hint if isinstance(error, ScaffoldError) else ""
            yield each, skipped(f"it cannot be told: {said}", hint)
