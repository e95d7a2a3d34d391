"""A Python service as it stands there, for who adopts it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from scaffolder import names
from scaffolder.adopt.choices import Choices
from scaffolder.adopt.existing import RENAME, Fitted
from scaffolder.adopt.sources import Sources
from scaffolder.docker.container import PORT
from scaffolder.errors import RefusedError, UsageError
from scaffolder.languages.base import Tree
from scaffolder.text import shown

from . import app, found, manifest, requirements, servers, service
from .found import Found

TOLD_BY = (manifest.MANIFEST, "setup.py", "setup.cfg", *requirements.RUN)


ARGUMENTS = "the arguments of the program, which a shell makes, are not taken over"
VENV = ".venv"
LOCKS = {"uv.lock": "uv lock", "poetry.lock": "poetry lock", "pdm.lock": "pdm lock"}
"""Locks of tools that go on reading pyproject.toml, and what renews each."""


@dataclass(frozen=True)
class PythonService:
    """What was found of it."""

    found: Found

    language = "python"
    is_apart = False

    @property
    def entries(self) -> list[str]:
        """Return what it could be started by."""
        return [entry.typed for entry in self.found.entries]

    @property
    def entry(self) -> str:
        """Return what it is started by."""
        return self.found.entry.typed if self.found.entry else ""

    @property
    def asks(self) -> list[tuple[str, str]]:
        """Return the files of containers that it has."""
        there = {"dockerfile": self.found.dockerfile, "compose": self.found.compose}
        return [(flag, path) for flag, path in there.items() if path]

    @property
    def limits(self) -> list[str]:
        """Return what is different for its clients."""
        own = self.found.port
        other = f", and not on {own}" if own and own.what != str(PORT) else ""
        locks = self.found.sources.named(LOCKS)
        lost = servers.given_up(self.found.sources)
        bodies = "a body of more than 1 MiB is answered with 413, unless MAX_BODY_BYTES allows more"
        return [
            *(f"{lock} lacks what was added to pyproject.toml: {LOCKS[lock]}" for lock in locks),
            *(bodies for _ in [1] if self.found.entry and self.found.entry.name),
            f"it listens on port {PORT}{other}, unless PORT says otherwise",
            *filter(None, (lost, servers.run_before(self.found.sources))),
            *(
                f"{ARGUMENTS} ({given.where})"
                for given in [self.found.arguments]
                if given and not given.what
            ),
        ]

    def lines(self) -> Iterator[str]:
        """Yield what was found."""
        return self.found.lines()

    def with_entry(self, words: str) -> "PythonService | None":
        """Return it with an application that is named as uvicorn takes it."""
        known = {entry.typed: entry for entry in self.found.entries}
        said = known.get(words) or known.get(f"{words}()") or app.named(self.found.sources, words)
        return PythonService(replace(self.found, entry=said)) if said else None

    def install(self, command: str) -> str:
        """Return how to install into a virtual environment, which is made if it is not there."""
        is_there = (self.found.sources.root / VENV).exists()
        return command if is_there else f"python3 -m venv {VENV} && {command}"

    def run(self, command: str, name: str) -> str:  # noqa: ARG002 - of the protocol
        """Return how to start it: its own modules, and the runtime's, are on Python's path."""
        return f"PYTHONPATH=src {command}"

    def require_entries(self) -> None:
        """Raise RefusedError if no application was found."""
        needy = None if self.found.entries else app.needs_arguments(self.found.sources)
        if needy:
            raise RefusedError(
                f"{needy} makes an application of arguments, which nobody here knows",
                "a module that calls it, such as `app = create_app(settings)`; commit it, and the "
                "same command with --app MODULE:app",
            )
        old = None if self.found.entries else app.synchronous(self.found.sources)
        if old:
            module, _, name = old.what.partition(":")
            raise RefusedError(
                f"{old} is an application of WSGI, and the runtime serves ASGI",
                f"asgi.py with `from a2wsgi import WSGIMiddleware; from {module} import {name}; "
                f"asgi = WSGIMiddleware({name})`, and a2wsgi among the dependencies; commit it, "
                "and the same command with --app asgi:asgi",
            )
        if not self.found.entries:
            raise RefusedError(
                "no application was found: no module here has FastAPI(), Starlette() or the like "
                "at its top, and none is a program for `python -m`",
                "the same command with --app MODULE:NAME; or run it where the service's own code "
                "begins: viscaffold adopt PATH",
            )

    def require_runnable(self) -> None:
        """Raise RefusedError for a program that handles signals itself."""
        is_program = self.found.entry and not self.found.entry.name
        handler = app.signal_handler(self.found.sources) if is_program else None
        if handler:
            raise RefusedError(
                f"the program handles signals itself ({handler.where}), and the runtime does so "
                "for it",
                "take that out: SIGTERM ends the service, and what it holds has to be safe anyway",
            )

    def name(self) -> str:
        """Return its project's name, unless its own package is called so."""
        name = names.made_of(self.found.project)
        return f"{name}-service" if self._has_module(names.package(name)) else name

    def require_name(self, name: str) -> None:
        """Raise UsageError where the runtime's package would be, or hide, one that it has."""
        package = names.package(name)
        if self._has_module(package):
            raise UsageError(f"{shown(package)} is the service's own module", RENAME)
        requires = {
            re.split(r"[^\w.-]", line)[0].replace("-", "_").lower() for line in self.found.requires
        }
        if package in requires:
            raise UsageError(f"{shown(package)} is what a dependency may be imported as", RENAME)

    def fitted(self, render: Tree, choices: Choices, package: str) -> Fitted:
        """Return what a render becomes beside it."""
        if self.found.entry is None:
            raise AssertionError("nobody has said what it is started by")
        return service.fitted(render, self.found, self.found.entry, choices, package)

    def _has_module(self, package: str) -> bool:
        modules = {entry.module.partition(".")[0] for entry in self.found.entries}
        sources = self.found.sources
        return package in modules or any(
            sources.within(f"{place}{package}") or sources.has(f"{place}{package}.py")
            for place in ("", "src/")
        )


def look(sources: Sources) -> PythonService:
    """Look at a directory; raise RefusedError where it is no service that can be adopted."""
    return PythonService(found.look(sources))
