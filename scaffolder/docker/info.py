"""What a container engine says of itself and of its machine."""

import os
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .client import Engine, EngineError, parsed

SECONDS = 5.0
"""How long an engine that works may take to answer."""

HERE = ("unix:", "npipe:", "fd:")
"""How addresses of daemons on this machine begin."""


@dataclass(frozen=True)
class Info:
    """An engine that answered."""

    engine: Engine
    address: str
    """Of its daemon; empty where there is none, or it is the usual one."""
    version: str
    cgroup: str
    """The version of its cgroups: `1` or `2`; empty if it does not say."""
    root: str
    """Where it keeps images."""
    ahead: float | None
    """By how many seconds its clock is ahead of the one here; None if it does not say."""

    @property
    def is_here(self) -> bool:
        """Tell whether its daemon is on this machine."""
        return not self.address or self.address.startswith(HERE)


def address(engine: Engine) -> str:
    """Return the address of an engine's daemon, from its settings; no daemon is asked."""
    said = os.environ.get("DOCKER_HOST" if engine.name == "docker" else "CONTAINER_HOST", "")
    if said or engine.name != "docker":
        return said
    ran = engine.run(
        "context", "inspect", "--format", "{{.Endpoints.docker.Host}}", seconds=SECONDS
    )
    return "" if ran.code else ran.text.strip()


def read(engine: Engine, *, contact: bool = False) -> Info:
    """Ask an engine; raise EngineError if it does not answer in time.

    One on another machine is asked with `contact` only; without it, its `version` is empty.
    """
    where = address(engine)
    if where and not where.startswith(HERE) and not contact:
        return Info(engine, where, "", "", "", None)
    began = time.time()
    ran = engine.ask("info", "--format", "{{json .}}", seconds=SECONDS)
    middle = (began + time.time()) / 2
    said = parsed(ran.text) if ran.text.strip() else {}
    if not isinstance(said, dict) or ran.code or said.get("ServerErrors"):
        why = "; ".join(map(str, said.get("ServerErrors") or [])) if isinstance(said, dict) else ""
        raise EngineError(
            f"the Docker daemon does not answer: {(why or ran.complaint)[:300]}",
            "start it (systemctl start docker), or set DOCKER_HOST to its address",
        )
    if "host" in said:  # podman
        return Info(engine, where, _at(said, "version", "Version"),
                    _at(said, "host", "cgroupVersion").removeprefix("v"),
                    _at(said, "store", "graphRoot"), None)  # fmt: skip
    now = _seconds(said.get("SystemTime"))
    return Info(engine, where, _at(said, "ServerVersion"), _at(said, "CgroupVersion"),
                _at(said, "DockerRootDir"), None if now is None else now - middle)  # fmt: skip


def _at(said: Any, *keys: str) -> str:  # noqa: ANN401 - a JSON document
    for key in keys:
        said = said.get(key, "") if isinstance(said, dict) else ""
    return str(said)


def _seconds(said: object) -> float | None:
    """Return a time of Docker's in seconds; it has more digits than Python before 3.11 reads."""
    try:
        return datetime.fromisoformat(str(said)).timestamp()
    except ValueError:
        return None
