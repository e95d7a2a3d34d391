"""What a directory has of a Python service that is to be adopted; nothing of it is run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from scaffolder.adopt import commands, surroundings
from scaffolder.adopt.sources import Fact, Sources

from . import app, dynamic, manifest, poetry, requirements, routes
from .app import Entry
from .requirements import Needed
from .routes import Route


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
    health: list[Route]
    compose: str
    ci: list[Fact] = field(default_factory=list)
    scaffolds: list[Fact] = field(default_factory=list)

    @property
    def dockerfile(self) -> str:
        """Return the Dockerfile, or what an image leaves out; an empty text for neither."""
        return next(iter(self.sources.named((surroundings.DOCKERFILE, surroundings.IGNORE))), "")

    @property
    def arguments(self) -> Fact | None:
        """Return what a program gets on its command line, as a shell has it; None for nothing."""
        if self.entry is None or self.entry.name:
            return None
        return commands.arguments(self.sources, self.entry.module)

    @property
    def requires(self) -> list[str]:
        """Return what it needs to run, wherever that is declared."""
        declared = self.manifest.get("project", {}).get("dependencies", [])
        return [str(line) for line in (*declared, *self.needed.run)]

    def lines(self) -> Iterator[str]:
        """Yield what was found, and where, for people."""
        yield f"language: {self.language}"
        for entry in [self.entry] if self.entry else self.entries:
            kind = f"{entry.framework} application" if entry.framework else "program"
            yield f"{kind}: {entry.fact}"
        yield from (f"arguments: {given}" for given in [self.arguments] if given and given.what)
        yield from (f"port: {self.port}" for _ in [1] if self.port)
        yield from (f"health route: {route.fact}" for route in self.health)
        yield from (f"dependencies: {path}" for path in self.needed.files)
        yield from (f"not taken over: {fact}" for fact in self.needed.left)
        here = self.sources.named((surroundings.DOCKERFILE, surroundings.IGNORE, self.compose))
        yield from (f"container: {path}" for path in here)
        yield from (f"stays as it is: {fact}" for fact in [*self.ci, *self.scaffolds])


def look(sources: Sources) -> Found:
    """Look at a directory; raise RefusedError where it is no service that can be adopted."""
    declared = manifest.read(sources)
    hinted = app.hint(sources, declared)
    entries = app.entries(sources, hinted)
    return Found(
        sources,
        "python",
        _project(sources, declared),
        entries,
        app.decided(entries, hinted),
        declared,
        _needed(sources, declared),
        surroundings.port(sources),
        routes.health(sources),
        surroundings.compose(sources),
        surroundings.ci(sources),
        surroundings.scaffolds(sources),
    )


def _needed(sources: Sources, declared: dict[str, Any]) -> Needed:
    """Return what it needs beside [project]: as Poetry has it, or as requirement files do."""
    table = manifest.of_poetry(declared)
    if table is None:
        return requirements.needed(sources, dynamic.files(declared))
    run, dev = poetry.requirements(table)
    return Needed(tuple(run), tuple(dev), (f"{manifest.MANIFEST} [tool.poetry]",))


def _project(sources: Sources, declared: dict[str, Any]) -> str:
    project = manifest.of_poetry(declared) or declared.get("project", {})
    named = project.get("name")
    setup = re.search(r"^name\s*=\s*(\S+)", sources.text("setup.cfg") or "", re.MULTILINE)
    return str(named or (setup[1] if setup else sources.root.name))
