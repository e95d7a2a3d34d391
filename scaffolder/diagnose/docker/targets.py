"""Targets that a person names: containers, images, compose services; and what looks unwell."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from scaffolder.diagnose.case import Case
from scaffolder.docker import throwaway
from scaffolder.docker.client import Engine, EngineError
from scaffolder.docker.throwaway import created
from scaffolder.errors import UsageError, unknown

from . import inspect
from .gather import gather
from .settling import settled

SERVICE = "com.docker.compose.service"
PROJECT = "com.docker.compose.project"
FOLDER = "com.docker.compose.project.working_dir"
TEMPLATE = (
    '{"name": {{json .Names}}, "status": {{json .Status}}, '
    '"state": {{json .State}}, "labels": {{json .Labels}}}'
)
MOST = 200


def case_of(engine: Engine, target: str, stack: ExitStack) -> Case:
    """Return the case of a container or image; raise UsageError if none has that name."""
    ran = engine.ask("inspect", "--type", "container", target)
    if not ran.code:
        found = settled(engine, json.loads(ran.text)[0])
        return gather(engine, name_of(found), "container", found, stack)
    if "multiple" in ran.complaint.lower() or "ambiguous" in ran.complaint.lower():
        raise UsageError(f"{target!r} matches more than one id", "use more of the id, or the name")
    image = inspect.inspect(engine, target, "image")
    if image is None:
        known = [*containers(engine), *images(engine)]
        raise unknown("container or image", target, known, "docker ps --all; docker images")
    name = stack.enter_context(created(engine, image["Id"], "--network", "none"))
    document = inspect.inspect(engine, name)
    if document is None:
        raise EngineError(f"the container that was created from {target} is gone", "run it again")
    _use_own_command(document, image, target)
    return gather(engine, target, "image", document, stack)


def _use_own_command(document: dict[str, Any], image: dict[str, Any], target: str) -> None:
    """Undo what creating the container changed: its command, which is never run."""
    own = image.get("Config") or {}
    document["Config"] |= {
        "Cmd": own.get("Cmd"),
        "Entrypoint": own.get("Entrypoint"),
        "Image": target,
    }


def name_of(document: dict[str, Any]) -> str:
    """Return a container's name."""
    return str(document.get("Name") or document["Id"][:12]).lstrip("/")


def containers(engine: Engine) -> list[str]:
    """Return the names of all containers."""
    return engine.ask("ps", "--all", "--format", "{{.Names}}").text.split()


def images(engine: Engine) -> list[str]:
    """Return the names of all images that have one."""
    listed = engine.ask("images", "--format", "{{.Repository}}:{{.Tag}}").text.split()
    return [name.removesuffix(":latest") for name in listed if "<none>" not in name]


def compose_service(engine: Engine, service: str) -> str:
    """Return the name of the container of a compose service, an unwell one if there is one."""
    rows = _listed(engine, "--filter", f"label={SERVICE}")
    found = [row for row in rows if _label(row, SERVICE) == service]
    if not found:
        known = sorted({_label(row, SERVICE) for row in rows})
        raise unknown(
            "compose service",
            service,
            known or ["none: no container has compose's labels"],
            "docker compose ps --all",
        )
    projects = sorted({_label(row, PROJECT) for row in found})
    if len(projects) > 1:
        here = [row for row in found if _label(row, FOLDER) == str(Path.cwd())]
        if not here:
            names = ", ".join(row["name"] for row in found)
            raise UsageError(
                f"the service {service!r} is in the projects {', '.join(projects)}",
                f"viscaffold diagnose NAME, with one of {names}",
            )
        found = here
    return str(next((row for row in found if is_unwell(row)), found[0])["name"])


def unwell(engine: Engine) -> list[tuple[str, str]]:
    """Return the names of containers that look unwell, and how."""
    return [(row["name"], row["status"]) for row in _listed(engine) if is_unwell(row)]


def is_unwell(row: dict[str, Any]) -> bool:
    """Tell from a row of `docker ps` whether a container is worth a look."""
    status = row["status"]
    # Podman 4 gives the status for the state, too.
    state = row["state"].lower().partition(" ")[0]
    ended = state == "exited" and not status.startswith(
        ("Exited (0)", "Exited (143)", "Exited (130)")
    )
    return ended or state in {"restarting", "dead", "created", "paused"} or "unhealthy" in status


def _listed(engine: Engine, *flags: str) -> list[dict[str, Any]]:
    found = engine.json("ps", "--all", "--last", str(MOST), *flags, "--format", TEMPLATE)
    own = throwaway.recorded()
    return [row for row in found if row["name"] not in own]


def _label(row: dict[str, Any], name: str) -> str:
    labels = row["labels"]
    if isinstance(labels, dict):
        return str(labels.get(name, ""))
    pairs = (pair.partition("=") for pair in str(labels).split(","))
    return next((value for key, _, value in pairs if key == name), "")
