"""Platform or code? The smallest version of a service, run in the place of one that fails.

It has no stages, and the default application; its container has the settings, limits, networks and
mounts of the one that fails, and is gone afterwards.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from scaffolder import redaction, temporary
from scaffolder.docker.client import Engine
from scaffolder.languages.all import LANGUAGES
from scaffolder.overlays.fetch.trust import NEVER, TrustPolicy
from scaffolder.reporting import SILENT, Reporter
from scaffolder.templates.template import carried
from scaffolder.verify import images
from scaffolder.verify.log import Log, last_lines
from scaffolder.verify.steps import MissingError, NotAsExpectedError

from . import making, service
from .place import Place, found, taken
from .service import Service

REPOSITORY = "viscaffold-minimal"
LABEL = "viscaffold.minimal=1"

CHECK = ("--health-interval", "1s", "--health-retries", "3", "--health-start-period", "2s")
SECONDS = 60.0
"""In which the smallest service is healthy anywhere."""
POLL_SECONDS = 0.3


class Fault(StrEnum):
    """Where the fault is."""

    CODE = "code"
    PLATFORM = "platform"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Minimal:
    """What became of the smallest service in the place of one that fails."""

    fault: Fault
    container: str
    """The one that fails."""
    found: str
    """How the smallest service ended, in words."""
    given: list[str] = field(default_factory=list)
    """What it had of the other: settings by their names alone."""
    left_out: list[str] = field(default_factory=list)
    log: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {**vars(self), "log": list(self.log)}


def run_minimal(
    start: Path, target: str = "", *, trust: TrustPolicy = NEVER, report: Reporter = SILENT
) -> Minimal:
    """Run the smallest version of the service around `start` as the container `target` is run.

    Without a name, it is the container of the service's compose project, or the one called like the
    service. Raise UsageError if there is none, ScaffoldError without Docker.
    """
    known = service.load(start, trust)
    engine = images.answering()
    failing = found(engine, target, known)
    with temporary.directory() as directory:
        log = Log(directory / "log")
        try:
            with report.progress("building the smallest version of the service"):
                image = _built(engine, known, directory, log)
        except MissingError as error:
            return Minimal(Fault.UNKNOWN, failing.name, str(error))
        except NotAsExpectedError as error:
            words = f"its image cannot be built: {error.found}"
            return Minimal(Fault.UNKNOWN, failing.name, words, log=last_lines(error.said))
        with report.progress("running it in the place of the one that fails"), image as name:
            return _run(engine, name, failing)


def _built(
    engine: Engine, known: Service, directory: Path, log: Log
) -> AbstractContextManager[str]:
    """Make the service anew, as `new` would, and build its image, which goes with the block."""
    root = directory / known.answers["name"]
    answers = known.with_stages([])
    making.make(carried(known.template.version), answers, root, commit="", within=None)
    tag = f"{REPOSITORY}/{known.answers['name']}:{secrets.token_hex(6)}"
    images.built(engine, root, tag, language=LANGUAGES[known.language], log=log, label=LABEL)
    return _removed(engine, tag)


@contextmanager
def _removed(engine: Engine, tag: str) -> Iterator[str]:
    """Remove an image in the end."""
    try:
        yield tag
    finally:
        engine.run("image", "rm", tag)


def _run(engine: Engine, image: str, failing: Place) -> Minimal:
    with taken(engine, image, failing, CHECK) as (name, given, left_out):
        engine.ask("start", name)
        fault, words = _seen(engine, name)
        if fault is Fault.CODE and failing.is_healthy:
            fault = Fault.UNKNOWN
            words += f", and {failing.name} is healthy itself: the fault is not seen from inside"
        said = engine.ask("logs", "--tail", "50", name)
    clean = redaction.cleaner(failing.env, [said.text])
    lines = last_lines(clean(f"{said.text}\n{said.complaint}"))
    return Minimal(fault, failing.name, words, given, left_out, lines)


def _seen(engine: Engine, name: str) -> tuple[Fault, str]:
    """Wait until it is healthy, or has ended."""
    deadline = time.monotonic() + SECONDS
    while True:
        (state,) = engine.json("inspect", "--format", "{{json .State}}", name)
        health = (state.get("Health") or {}).get("Status", "")
        if health == "healthy":
            return Fault.CODE, "it became healthy"
        if state["Status"] in ("exited", "dead"):
            memory = ", out of memory" if state.get("OOMKilled") else ""
            error = f": {state['Error']}" if state.get("Error") else ""
            return Fault.PLATFORM, f"it ended with status {state['ExitCode']}{memory}{error}"
        if state["Status"] == "created":
            return Fault.PLATFORM, f"it could not be started: {state.get('Error') or 'no reason'}"
        if time.monotonic() > deadline:
            return Fault.PLATFORM, f"it was not healthy within {SECONDS:.0f} s"
        time.sleep(POLL_SECONDS)
