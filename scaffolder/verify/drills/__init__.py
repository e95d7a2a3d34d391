"""Faults injected from outside into containers of a service: each has to be named in its log."""

from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from scaffolder.docker.client import Engine, EngineError
from scaffolder.docker.container import Image
from scaffolder.verify.container import Host
from scaffolder.verify.log import Log
from scaffolder.verify.outcome import Outcome
from scaffolder.verify.steps import MissingError, attempt, quoting
from scaffolder.verify.subject import Subject

from .drill import Drill, of_language, of_stage
from .faults import DRILLS
from .player import play
from .prepare import prepared

AT_ONCE = 3
"""Most of the time is spent waiting."""


def drills(host: Host) -> Generator[Outcome]:
    """Play every drill in containers of the image that a host has built."""
    yield from played(of(host.subject), host.engine, Image(host.engine, host.image), host.log)


def of(subject: Subject) -> list[Drill]:
    """Return the drills of a service: those of all, of its language, and of its stages."""
    own = [of_language(entry, subject.package) for entry in subject.tools.drills]
    stages = [of_stage(stage.name, fault) for stage in subject.stages for fault in stage.drills]
    return [
        replace(drill, settings={**subject.settings, **drill.settings})
        for drill in (*DRILLS, *own, *stages)
    ]


def played(drills: Iterable[Drill], engine: Engine, image: Image, log: Log) -> Generator[Outcome]:
    """Play drills, some at a time; yield what came of each, in order."""

    def attempted(drill: Drill) -> Outcome:
        title = f"drill {drill.name}"
        return attempt(title, lambda: _play(drill, engine, image, log, title))

    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        yield from pool.map(attempted, drills)
    finally:
        pool.shutdown(cancel_futures=True)


def _play(drill: Drill, engine: Engine, image: Image, log: Log, title: str) -> None:
    try:
        with prepared(drill, engine, image) as container, quoting(container.log):
            try:
                play(drill, container, image)
            finally:
                log.add(title, container.log())
    except EngineError as error:
        raise MissingError(f"it cannot be played: {error.message}") from error
