"""Stages come and go without a trace: the bytes after adding, and after removing again."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from scaffolder import growth
from scaffolder.engine import git, trees
from scaffolder.engine.trees import Tree
from scaffolder.growth import Operation
from scaffolder.interrupts import restored
from scaffolder.names import printable
from scaffolder.overlays import store
from scaffolder.project import Project

from .results import Result, timed
from .subject import Subject


def check(subject: Subject) -> Iterator[Result]:
    """Add every stage of the overlay to a service without one, and remove it again."""
    base = tuple(subject.catalogue.chosen([]))
    for name in subject.own:
        after = tuple(subject.catalogue.chosen([name]))
        if after != base:
            yield timed("add", [name], partial(_there_and_back, subject, base, after))


def _there_and_back(subject: Subject, before: tuple[str, ...], after: tuple[str, ...]) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="viscaffold-") as place, restored():
        root = Path(place).resolve()
        store.write(subject.tree(before), root)
        git.Git(root)("init", "--quiet", "--template=")
        git.Git(root)("add", "--all", "--force")
        _move(subject, root, before, after)
        found = _compare(root, subject.tree(after), "added")
        _move(subject, root, after, before)
        return found or _compare(root, subject.tree(before), "added and removed")


def _move(subject: Subject, root: Path, old: tuple[str, ...], new: tuple[str, ...]) -> None:
    repository = git.repository(root)
    assert repository is not None  # noqa: S101 - it was made above
    service = Project(root, subject.asked(old), subject.template)
    answers = subject.asked(new)
    operation = Operation("add-stage", "check", "stage/check", subject.template, answers)
    with growth.planned(service, repository, operation, dry_run=False) as step:
        growth.carry_out(repository, step)


def _compare(root: Path, expected: Tree, done: str) -> list[str]:
    found = {p: e for p, e in trees.read_tree(root).items() if not p.startswith(".git/")}
    differ = sorted(path for path in {*found, *expected} if found.get(path) != expected.get(path))
    return [f"{printable(path)}: other bytes when the stage is {done}" for path in differ]
