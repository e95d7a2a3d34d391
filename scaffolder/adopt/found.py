"""What was found in a directory that is to become a service; nothing of it was run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from scaffolder.errors import RefusedError

from . import python_app, python_manifest, python_requirements, surroundings
from .python_app import Entry
from .python_requirements import Needed
from .sources import Fact, Sources


@dataclass(frozen=True)
class Found:
    """A service as it stands there."""

    sources: Sources
    language: str
    project: str
    """What its own manifest, or its directory, calls it."""
    entries: list[Entry]
    entry: Entry | None
    """The one that it is started by; None where several could be."""
    manifest: dict[str, Any]
    needed: Needed
    port: Fact | None
    health: list[Fact]
    compose: str
    ci: list[Fact] = field(default_factory=list)
    scaffolds: list[Fact] = field(default_factory=list)

    @property
    def dockerfile(self) -> bool:
        """Tell whether there is a Dockerfile."""
        return self.sources.has(surroundings.DOCKERFILE)

    def lines(self) -> Iterator[str]:
        """Yield what was found, and where, for people."""
        yield f"language: {self.language}"
        for entry in [self.entry] if self.entry else self.entries:
            kind = f"{entry.framework} application" if entry.framework else "program"
            yield f"{kind}: {entry.fact}"
        yield from (f"port: {self.port}" for _ in [1] if self.port)
        yield from (f"health route: {fact}" for fact in self.health)
        yield from (f"dependencies: {path}" for path in self.needed.files)
        yield from (f"not taken over: {fact}" for fact in self.needed.left)
        here = ([surroundings.DOCKERFILE] if self.dockerfile else []) + [self.compose]
        yield from (f"container: {path}" for path in here if path)
        yield from (f"stays as it is: {fact}" for fact in [*self.ci, *self.scaffolds])


def look(sources: Sources) -> Found:
    """Look at a directory; raise RefusedError where it is no service that can be adopted."""
    _require_python(sources)
    manifest = python_manifest.read(sources)
    entries = python_app.entries(sources)
    if not entries:
        raise RefusedError(
            "there is no application to adopt: no module here makes FastAPI() or Starlette(), and "
            "none is a program for `python -m`",
            "run it where the service's own code begins: viscaffold adopt PATH",
        )
    return Found(
        sources,
        "python",
        _project(sources, manifest),
        entries,
        python_app.decided(sources, entries),
        manifest,
        python_requirements.needed(sources),
        surroundings.port(sources),
        python_app.health_routes(sources),
        surroundings.compose(sources),
        surroundings.ci(sources),
        surroundings.scaffolds(sources),
    )


def _require_python(sources: Sources) -> None:
    if sources.has("Cargo.toml") and not sources.has("pyproject.toml"):
        raise RefusedError(
            "this is a crate, and adopt knows Python services so far",
            "viscaffold new NAME --language rust, and move the code there",
        )


def _project(sources: Sources, manifest: dict[str, Any]) -> str:
    named = manifest.get("project", {}).get("name")
    setup = re.search(r"^name\s*=\s*(\S+)", sources.text("setup.cfg") or "", re.MULTILINE)
    return str(named or (setup[1] if setup else sources.root.name))
