"""A case from an engine: what is inspected at once, and the sources of the rest."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.config import Host, Image
from scaffolder.docker.client import Engine

from . import inspect
from .collect import Gathered


def gather(
    engine: Engine, target: str, kind: str, document: dict[str, Any], stack: ExitStack
) -> Case:
    """Return the case of a container, or of one that was created to read an image."""
    config = inspect.config(document)
    image = _image(engine, document)
    return Case(
        target=target,
        kind=kind,
        identity_number=document["Id"],
        config=config,
        state=inspect.state(document),
        restarts=document.get("RestartCount") or 0,
        image=image,
        host=_host(engine),
        sources=Gathered(engine, document, stack),
    )


def _image(engine: Engine, document: dict[str, Any]) -> Image | None:
    identity, name = document.get("Image") or "", document.get("Config", {}).get("Image") or ""
    found = inspect.inspect(engine, identity, "image") if identity else None
    tagged = (
        inspect.inspect(engine, name, "image") if name and not identity.endswith(name) else None
    )
    if found is None:
        return None
    return inspect.image(found, (tagged or {}).get("Id", ""))


def _host(engine: Engine) -> Host:
    # Podman without a service has no server.
    architecture = (
        engine.ask("version", "--format", "{{.Server.Arch}}").text.strip()
        or engine.ask("info", "--format", "{{.Host.Arch}}").text.strip()
    )
    flags: frozenset[str] = frozenset()
    if not engine.is_remote:
        try:
            line = next(
                (
                    x
                    for x in Path("/proc/cpuinfo").read_text("utf-8").splitlines()
                    if x.startswith("flags")
                ),
                "",
            )
            flags = frozenset(line.partition(":")[2].split())
        except OSError:
            pass
    return Host(architecture or "amd64", engine.name, flags)
