"""Stages come and go without a trace: the bytes after adding, and after removing again."""

from collections.abc import Iterator
from functools import partial
from itertools import combinations, pairwise
from pathlib import Path

from scaffolder import temporary
from scaffolder.engine import git, trees
from scaffolder.engine.journal import Journal
from scaffolder.engine.trees import Tree, write_files
from scaffolder.interrupts import restored
from scaffolder.operations import plan
from scaffolder.operations.locking import LockMode
from scaffolder.operations.plan import Operation
from scaffolder.operations.service import Service
from scaffolder.reporting import SILENT
from scaffolder.text import printable

from .combinations import Stages
from .results import Result, timed
from .subject import Subject


def check(subject: Subject) -> Iterator[Result]:
    """Add every stage of the overlay and remove it again; add it before and after every other."""
    known = subject.catalogue
    base = tuple(known.chosen([]))
    others = [name for name in known.stages if name not in base]
    for name in subject.own:
        if name not in base:
            alone = tuple(known.chosen([name]))
            yield timed("add", [name], partial(_way, subject, [base, alone, base]))
    pairs = [pair for pair in combinations(others, 2) if set(pair) & set(subject.own)]
    for pair in pairs:
        yield timed("order", pair, partial(_orders, subject, base, pair))


def _orders(subject: Subject, base: Stages, pair: tuple[str, str]) -> list[str]:
    both = tuple(subject.catalogue.chosen(pair))
    found: list[str] = []
    for first in pair:
        way = [base, tuple(subject.catalogue.chosen([first])), both]
        found += _way(subject, list(dict.fromkeys(way)))
    return list(dict.fromkeys(found))


def _way(subject: Subject, way: list[Stages]) -> list[str]:
    """Take a service from one set of stages to the next; return what is not as it has to be."""
    found: list[str] = []
    with temporary.directory() as place, restored():
        root = Path(place).resolve()
        write_files(subject.tree(way[0]), root)
        git.Git(root)("init", "--quiet", "--template=")
        git.Git(root)("add", "--all", "--force")
        for old, new in pairwise(way):
            _move(subject, root, old, new)
            found += _compare(root, subject.tree(new), new)
    return found


def _move(subject: Subject, root: Path, old: Stages, new: Stages) -> None:
    repository = git.repository(root)
    assert repository is not None  # noqa: S101 - it was made above
    service = Service(root, subject.asked(old), subject.template)
    answers = subject.asked(new)
    operation = Operation(
        "add-stage", "check", "stage/check", subject.template, answers, lock=LockMode.NEVER
    )
    with (
        Journal(repository).locked(SILENT),
        plan.planned(service, repository, operation, dry_run=False) as step,
    ):
        plan.carry_out(repository, step)


def _compare(root: Path, expected: Tree, stages: Stages) -> list[str]:
    found = {p: e for p, e in trees.read_tree(root).items() if not p.startswith(".git/")}
    differ = sorted(path for path in {*found, *expected} if found.get(path) != expected.get(path))
    name = "+".join(stages) or "no stage"
    return [f"{printable(path)}: other bytes than a new service with {name}" for path in differ]
