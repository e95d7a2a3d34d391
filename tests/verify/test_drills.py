"""Drills pass where a service takes its faults as documented, and say no where it does not."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import containers
import pytest
import rust_images
from conftest import STAGES, Pristine
from containers import docker, remove_image, require_docker
from samples import FULL

from scaffolder.docker import client, throwaway
from scaffolder.docker.container import Image
from scaffolder.languages import toolchain
from scaffolder.templates import catalogue, template
from scaffolder.verify import drills
from scaffolder.verify.drills.drill import LIVES, Drill, of_language, of_stage
from scaffolder.verify.drills.faults import DRILLS
from scaffolder.verify.log import Log
from scaffolder.verify.outcome import Outcome, Result

pytestmark = pytest.mark.slow

ROOT = template.builtin().root


def drills_of(language: str) -> list[Drill]:
    """Return the drills of a service with all stages."""
    own = toolchain.load(ROOT, language).drills
    known = catalogue.load(ROOT, language).stages
    stages = [of_stage(name, fault) for name in STAGES for fault in known[name].drills]
    return [*DRILLS, *(of_language(entry, "orders") for entry in own), *stages]


@pytest.fixture(scope="module", params=["python", "rust"])
def language(request: pytest.FixtureRequest) -> str:
    require_docker(request.param)
    return str(request.param)


@pytest.fixture(scope="module")
def image(
    language: str, pristine: Pristine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The image of a service with all stages, as it is shipped."""
    if language == "rust":
        directory = rust_images.context(STAGES, tmp_path_factory.mktemp("image") / "orders")
    else:
        directory = pristine(STAGES)
    with containers.image(directory) as tag:
        yield tag


def played(which: list[Drill], image: str, tmp_path: Path) -> list[Outcome]:
    engine = client.find()
    log = Log(tmp_path / "log")
    return [*drills.played(which, engine, Image(engine, image), log)]


def test_a_service_takes_every_fault_as_documented(
    language: str, image: str, tmp_path: Path
) -> None:
    outcomes = played(drills_of(language), image, tmp_path)

    assert len(outcomes) > 24
    assert [o for o in outcomes if o.result is not Result.PASSED] == []
    assert "--- drill killed process\n" in (tmp_path / "log").read_text("utf-8")
    # Those that are there have a record: another test's, or one that a busy daemon did not remove.
    left = docker("ps", "--all", "--format", "{{.Names}}", "--filter", f"ancestor={image}")
    assert set(left.split()) <= throwaway.recorded()


SILENT = 'exec "$@" >/dev/null 2>&1'
SUCCEEDS = '"$@"; exit 0'
ONCE = 'if test -e data/began; then exit 1; fi; touch data/began; exec "$@"'
IGNORES_TERM = "trap '' TERM; \"$@\" & wait"
SICK = 'exec "$@"'

SABOTAGE: dict[str, tuple[str, Callable[[Drill], bool]]] = {
    "its log is silent": (SILENT, lambda d: bool(d.cause)),
    "it exits with 0": (SUCCEEDS, lambda d: bool(d.status) and not d.is_later),
    "it starts only once": (ONCE, lambda d: d.recovers),
    "it does not stop": (IGNORES_TERM, lambda d: d.status is LIVES or d.signal == "TERM"),
    "its health check fails": (SICK, lambda d: d.status is LIVES or d.is_later),
}
"""What is wrong with a service, as a line of a shell that starts it; which drills must see it."""


@pytest.mark.parametrize("wrong", SABOTAGE)
@pytest.mark.parametrize("language", ["python", *(["rust"] if FULL else [])], indirect=True)
def test_each_drill_says_no_to_a_service_that_takes_its_fault_otherwise(
    wrong: str, language: str, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line, sees = SABOTAGE[wrong]
    # What never comes is not waited for as long as what a busy machine may be late with.
    health, cause = (1.0 if line == SICK else 20.0), (2.0 if line == SILENT else 6.0)
    monkeypatch.setattr("scaffolder.verify.drills.player.HEALTHY_SECONDS", health)
    monkeypatch.setattr("scaffolder.verify.drills.player.END_SECONDS", 10.0)
    which = [dataclasses.replace(d, seconds=cause) for d in drills_of(language) if sees(d)]
    which = [d for d in which if not d.start]  # those start the service without the line
    with sabotaged(image, line, tmp_path / "image", sick=line == SICK) as broken:
        outcomes = played(which, broken, tmp_path)

    assert len(outcomes) > 3
    assert [o.step for o in outcomes if o.result is not Result.FAILED] == []


def test_every_drill_is_seen_to_say_no() -> None:
    seen = [sees for _, sees in SABOTAGE.values()]

    assert [d.name for d in DRILLS if not any(sees(d) for sees in seen)] == []


def test_a_service_without_its_supervisor_does_not_pass(
    language: str, image: str, tmp_path: Path
) -> None:
    which = [d for d in drills_of(language) if d.inject.startswith("kill -KILL")]
    alone = [dataclasses.replace(d, settings={"SUPERVISE": "0"}, seconds=6.0) for d in which]

    assert [o.result for o in played(alone, image, tmp_path)] == [Result.FAILED]


def test_an_image_without_a_shell_is_told_from_a_service_that_fails(
    image: str, tmp_path: Path
) -> None:
    (killed,) = (d for d in DRILLS if d.name == "killed process")
    without = dataclasses.replace(killed, inject="no-such-program")
    (outcome,) = played([without], image, tmp_path)

    assert outcome.result is Result.WARNED
    assert "the fault cannot be injected" in outcome.found


@contextmanager
def sabotaged(image: str, line: str, place: Path, *, sick: bool) -> Iterator[str]:
    """Make an image of the same service that is started by a line of a shell."""
    command = Image(client.find(), image).command
    entrypoint = json.dumps(["sh", "-c", line, "sh", *command])
    check = 'HEALTHCHECK CMD ["false"]' if sick else ""
    tag = f"viscaffold-test-{uuid4().hex[:12]}"
    place.mkdir()
    dockerfile = f"FROM {image}\nENTRYPOINT {entrypoint}\n{check}\n"
    (place / "Dockerfile").write_text(dockerfile, encoding="utf-8")
    containers.build(place, "--tag", tag)
    try:
        yield tag
    finally:
        remove_image(tag)
