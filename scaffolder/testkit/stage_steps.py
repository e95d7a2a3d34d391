"""Services do what their stages say of them: the `verify` steps of the catalogue are played."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from scaffolder import temporary
from scaffolder.engine.trees import write_files
from scaffolder.verify import subject as verified
from scaffolder.verify.local import asked
from scaffolder.verify.log import Log
from scaffolder.verify.outcome import Outcome, Result

from . import combinations, results
from .results import timed
from .subject import SERVICE, Subject


def check(subject: Subject, environment: Path) -> Iterator[results.Result]:
    """Start every service, and play the steps of all its stages, one service after the other."""
    for stages in combinations.own_sets(subject.catalogue, subject.own):
        if any(subject.catalogue.stages[name].verify for name in stages):
            yield timed("verify", stages, partial(_problems, subject, environment, stages))


def _problems(subject: Subject, environment: Path, stages: tuple[str, ...]) -> list[str]:
    with temporary.directory() as place:
        root = place / SERVICE
        write_files(subject.tree(stages), root)
        service = verified.Subject(
            root,
            "",
            str(subject.answers["name"]),
            subject.tools,
            subject.toolchain,
            [subject.catalogue.stages[name] for name in stages],
            place,
        )
        for outcome in asked(service, environment, Log(place / "log")):
            if outcome.result is not Result.PASSED:
                return [subject.localized(_told(outcome))]
    return []


def _told(outcome: Outcome) -> str:
    expected = [f"expected: {outcome.expected}"] if outcome.expected else []
    return "\n".join([outcome.step, *expected, f"found: {outcome.found}", *outcome.log])
