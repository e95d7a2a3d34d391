"""A verification says no in the right step to services that somebody broke, and yes to others.

The faults share one environment; those of images, the layers that come before them.
"""

import os
import shutil
import subprocess
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import python_mutations
import rust_mutations
from conftest import Pristine
from containers import require_docker
from mutation import Edit, Mutation
from samples import FULL, sample

from scaffolder import temporary
from scaffolder.engine.git import repository
from scaffolder.operations import proof
from scaffolder.reporting import SILENT
from scaffolder.verify.container import Host, container
from scaffolder.verify.local import local
from scaffolder.verify.log import Log
from scaffolder.verify.outcome import Outcome, Result

pytestmark = pytest.mark.slow

AT_ONCE = 3
STEP = 4
"""One fault out of so many is verified."""
TABLES = {"python": python_mutations, "rust": rust_mutations}


class Services:
    """One repository of a service, in which every mutation is a tree."""

    def __init__(self, language: str, root: Path) -> None:
        self.language, self.root, self.table = language, root, TABLES[language]
        self.at_once = 1 if language == "rust" else AT_ONCE
        with self.steps((), contained=False) as steps:
            assert next(steps).result is Result.PASSED
        (environment,) = (root / ".git/viscaffold/environments").glob(f"{language}-*[!k]")
        self.table.seed(environment)

    def found(self, mutation: Mutation) -> Outcome | None:
        """Verify a mutation; return the first step that does not pass."""
        edits = mutation.edits if mutation.tested else (self.table.passing_tests, *mutation.edits)
        return self.first(edits, contained=mutation.contained)

    def first(self, edits: Iterable[Edit], *, contained: bool) -> Outcome | None:
        """Verify the service with edits; return the first step that does not pass."""
        with self.steps(edits, contained=contained) as steps:
            return next((one for one in steps if one.result is not Result.PASSED), None)

    @contextmanager
    def steps(self, edits: Iterable[Edit], *, contained: bool) -> Iterator[Generator[Outcome]]:
        found = repository(self.root)
        assert found
        with temporary.directory() as place:
            tree = self._tree(place / "service", edits)
            with proof.subject(found, found.git, tree) as subject:
                log = Log(place / "log")
                steps = container(Host(subject, log)) if contained else local(subject, log, SILENT)
                with closing(steps):
                    yield steps

    def _tree(self, copy: Path, edits: Iterable[Edit]) -> str:
        """Write the service with edits as a tree of its repository."""
        shutil.copytree(self.root, copy, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        for edit in edits:
            edit(copy)
        at = (f"--git-dir={self.root / '.git'}", f"--work-tree={copy}")
        index = {**os.environ, "GIT_INDEX_FILE": str(copy.with_name("index"))}
        for command in ("add --all", "write-tree"):
            ran = subprocess.run(
                ["git", *at, *command.split()],
                cwd=copy,
                env=index,
                text=True,
                capture_output=True,
                check=True,
            )
        return ran.stdout.strip()


@pytest.fixture(scope="module", params=TABLES if FULL else ["python"])
def services(
    request: pytest.FixtureRequest, pristine: Pristine, tmp_path_factory: pytest.TempPathFactory
) -> Services:
    root = tmp_path_factory.mktemp(request.param) / "orders"
    TABLES[request.param].prepare(pristine, root)
    return Services(request.param, root)


def complaint(services: Services, mutation: Mutation) -> str:
    """Return what is wrong with the verification of a fault, or nothing."""
    found = services.found(mutation)
    if found is None:
        return f"{mutation.name}: it passes"
    if (found.step, found.result) != (mutation.step, Result.FAILED):
        log = "\n".join(found.log)
        return f"{mutation.name}: {found.step} {found.result}: {found.found}\n{log}"
    return ""


def complaints(services: Services, mutations: Sequence[Mutation]) -> list[str]:
    with ThreadPoolExecutor(services.at_once) as pool:
        return [*filter(None, pool.map(lambda one: complaint(services, one), mutations))]


def test_every_fault_is_found_in_the_right_step(services: Services) -> None:
    faults = [one for one in services.table.FAULTS if not one.contained]

    assert complaints(services, sample(faults, STEP)) == []


def test_every_fault_of_an_image_is_found_in_the_right_step(services: Services) -> None:
    require_docker(services.language)
    faults = [one for one in services.table.FAULTS if one.contained]

    assert complaints(services, sample(faults, STEP)) == []


def test_no_healthy_change_is_an_alarm(services: Services) -> None:
    edits = tuple(services.table.HEALTHY.values())

    assert services.first(edits, contained=False) is None


def test_no_healthy_change_is_an_alarm_in_a_container(services: Services) -> None:
    require_docker(services.language)
    edits = tuple(services.table.HEALTHY.values())

    assert services.first(edits, contained=True) is None


@pytest.mark.parametrize("language", TABLES)
def test_there_are_as_many_as_the_page_says(language: str) -> None:
    table = TABLES[language]
    assert len({one.name for one in table.FAULTS}) == len(table.FAULTS) >= 40
    assert len(table.HEALTHY) >= 40
