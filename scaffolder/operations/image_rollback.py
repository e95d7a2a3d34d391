"""Start the last verified image of a service's compose project, and wait until it is healthy."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from scaffolder import redaction, temporary
from scaffolder.docker.client import Engine
from scaffolder.docker.compose import Compose
from scaffolder.engine import ANSWERS_FILE, trees
from scaffolder.engine.git import Git
from scaffolder.errors import RefusedError, ScaffoldError
from scaffolder.reporting import SILENT, Reporter
from scaffolder.templates import catalogue
from scaffolder.verify import evidence, images
from scaffolder.verify.log import last_lines
from scaffolder.verify.outcome import Result, Verification

from . import owned_data, places, proof, revisions
from .revisions import Revision

COMPOSE_FILE = "compose.yaml"
OVERRIDE = "compose.override.yaml"

HEALTHY_SECONDS = 120.0
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class ImageRollback:
    """What was started or, if it was only planned, would be."""

    to: Revision
    verified: Verification
    image: str
    """The digest of the image that was verified."""
    service: str
    """What the compose file calls the service."""
    name: str
    """What the compose file calls its image."""
    kept: str = ""
    """What the image is called now that had the name before; empty if none had."""
    container: str = ""
    data: list[str] = field(default_factory=list)
    planned: bool = False

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "operation": "rollback --container",
            "to": self.to.document(),
            "verified": {"level": self.verified.level, "began": self.verified.began.isoformat()},
            "image": self.image,
            "service": self.service,
            "name": self.name,
            "kept": self.kept or None,
            "container": self.container or None,
            "data": self.data,
            "planned": self.planned,
        }


def roll_back_image(
    start: Path,
    name: str = "",
    *,
    accept_data: bool = False,
    dry_run: bool = False,
    report: Reporter = SILENT,
) -> ImageRollback:
    """Start the image of the last revision that was verified in a container, or of `name`.

    Raise RefusedError if none is on this machine, or if stages own data that it knows nothing of,
    unless that is accepted; ScaffoldError without Docker and compose, or if it is not healthy.
    """
    repository = proof.repository_of(start)
    engine = images.answering()
    root = repository.directory
    with trees.scratch(repository) as scratch, temporary.directory() as directory:
        now = revisions.head(repository) or revisions.staged(scratch, repository)
        for plan in _plans(engine, scratch, name, start, report):
            if name or plan.image != _running(engine, plan.name):
                break
        else:
            raise _none()
        changes = trees.changes(scratch, now.tree, plan.to.tree)
        plan = replace(
            plan,
            data=owned_data.between(scratch, repository, now.tree, plan.to.tree, changes),
            kept=_kept(engine, plan.name),
            planned=dry_run,
        )
        if dry_run:
            return plan
        owned_data.require_none(plan.to, plan.data, accepted=accept_data)
        report.note(f"Going back to the image of {plan.to}, verified {_when(plan.verified)}.")
        place = _place(scratch, plan.to)
        name = f"{plan.to.tree}:{place}"
        file, project = directory / COMPOSE_FILE, root / place.parent
        file.write_bytes(trees.contents(scratch, [name])[name])
        override = project / OVERRIDE
        # Compose reads that by itself beside a file of the usual name alone.
        is_read = place.name == COMPOSE_FILE and override.is_file()
        with report.progress(f"starting {plan.image[:19]}"):
            files = [file, *([override] if is_read else [])]
            return _started(engine, Compose(engine, project, files), plan)


def _plans(
    engine: Engine, scratch: Git, name: str, start: Path, report: Reporter
) -> Iterator[ImageRollback]:
    """Yield what could be gone back to, the last first."""
    repository = proof.repository_of(start)
    if name:
        found = revisions.named(repository, name)
        kept = evidence.of(repository, found.tree, report)
        candidates = [(found, one) for one in kept if one.result is Result.PASSED]
    else:
        candidates = [*revisions.verified(scratch, repository, report)]
    for revision, known in candidates:
        if known.image and not engine.run("image", "inspect", known.image).code:
            service, image = _composed(scratch, revision)
            yield ImageRollback(revision, known, known.image, service, image)


def _none() -> RefusedError:
    return RefusedError(
        "no other image of this service that was verified is on this machine",
        "make one of a commit that works: viscaffold verify --container HEAD~1; then: "
        "viscaffold rollback --container",
    )


def _composed(scratch: Git, revision: Revision) -> tuple[str, str]:
    """Return the service that compose builds, and what its image is called."""
    place = _place(scratch, revision)
    name = f"{revision.tree}:{place}"
    found = trees.present(scratch, [name])
    document = catalogue.read_yaml(found[name]) if name in found else None
    services = document.get("services") if isinstance(document, dict) else None
    for service, about in services.items() if isinstance(services, dict) else ():
        if isinstance(about, dict) and "build" in about and isinstance(about.get("image"), str):
            return str(service), about["image"]
    raise RefusedError(
        f"{place} of {revision} has no service with `build` and `image`",
        "viscaffold rollback, without --container",
    )


def _place(scratch: Git, revision: Revision) -> PurePosixPath:
    """Return where a revision has its compose file, which is elsewhere in an adopted service."""
    found = owned_data.answers(scratch, revision.tree).get(places.KEY, {})
    if wrong := places.problem(found):
        raise RefusedError(f"{ANSWERS_FILE} of {revision} {wrong}", "viscaffold rollback REV")
    return PurePosixPath(places.place(COMPOSE_FILE, found) or COMPOSE_FILE)


def _running(engine: Engine, name: str) -> str:
    """Return the digest of the image that has the name."""
    ran = engine.run("image", "inspect", "--format", "{{.Id}}", name)
    return "" if ran.code else ran.text.strip()


def _kept(engine: Engine, name: str) -> str:
    """Return the name under which the image of before is kept."""
    plain = name.rpartition(":")[0] if ":" in name.rpartition("/")[2] else name
    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    return f"{plain}:before-rollback-{stamp}" if _running(engine, name) else ""


def _started(engine: Engine, compose: Compose, plan: ImageRollback) -> ImageRollback:
    if plan.kept:
        engine.ask("tag", plan.name, plan.kept)
    engine.ask("tag", plan.image, plan.name)
    compose("up", "--detach", "--no-build", plan.service)
    container = compose("ps", "--quiet", plan.service).text.split()
    if not container:
        raise ScaffoldError(f"compose started no container of {plan.service}", "docker ps --all")
    _wait(engine, container[0], plan)
    name = engine.ask("inspect", "--format", "{{.Name}}", container[0]).text.strip()
    return replace(plan, container=name.lstrip("/"))


def _wait(engine: Engine, container: str, plan: ImageRollback) -> None:
    """Wait until a container is healthy; raise ScaffoldError, with its log, if it is not."""
    deadline = time.monotonic() + HEALTHY_SECONDS
    state: dict[str, Any] = {}
    while time.monotonic() < deadline:
        (state,) = engine.json("inspect", "--format", "{{json .State}}", container)
        health = (state.get("Health") or {}).get("Status", "")
        if health == "healthy":
            return
        if health == "unhealthy" or state["Status"] in ("exited", "dead"):
            break
        time.sleep(POLL_SECONDS)
    said = engine.ask("logs", "--tail", "20", container)
    lines = "\n".join(last_lines(redaction.cleaner({}, [said.text])(said.text + said.complaint)))
    raise ScaffoldError(
        f"the image of {plan.to} was started, and is not healthy: it is {state.get('Status')}, "
        f"exit code {state.get('ExitCode')}\n{lines}",
        f"viscaffold minimal {container[:12]}; the image of before is {plan.kept or 'not kept'}",
    )


def _when(known: Verification) -> str:
    return f"({known.level}) on {known.began:%Y-%m-%d at %H:%M} UTC"
