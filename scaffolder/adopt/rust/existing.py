"""A Rust service as it stands there, for who adopts it."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from scaffolder import names
from scaffolder.adopt import surroundings
from scaffolder.adopt.choices import Choices
from scaffolder.adopt.existing import RENAME, Fitted
from scaffolder.adopt.sources import Fact, Sources
from scaffolder.docker.container import PORT
from scaffolder.errors import RefusedError, UsageError
from scaffolder.languages.base import Tree
from scaffolder.text import shown

from . import packages, reading, service, starting
from .found import Found
from .packages import Package, Program

CONFIGURATION = (".cargo/config.toml", ".cargo/config")
TOOLCHAIN = ("rust-toolchain.toml", "rust-toolchain")


TOLD_BY = (packages.MANIFEST,)


@dataclass(frozen=True)
class RustService(Found):
    """What was found of it, and what adoption asks of that."""

    language = "rust"
    is_apart = True
    asks = ()

    @property
    def entries(self) -> list[str]:
        """Return the names of the programs."""
        return [program.name for program in self.programs]

    @property
    def limits(self) -> list[str]:
        """Return what is different: there are two ports, and a container has its own network."""
        own = self.program_port
        two = f"PORT ({PORT} unless it is set) is that of the health routes and stages now"
        given = f"{own} unless it is set" if own else "none was found: without it, nobody asks"
        said = f"{two}; {self.entry} gets PROGRAM_PORT ({given}) as its PORT"
        both = f"{self.entry} listens on {own} itself: set PORT to another, such as 9090"
        where = reading.loopback(self.sources, self.arguments)
        inside = f"{self.entry} listens on {where}: in a container, nobody outside reaches it there"
        return [said, *([both] if own == PORT else []), *([inside] if where else [])]

    def lines(self) -> Iterator[str]:
        """Yield what was found, and where."""
        yield "language: rust"
        yield from (f"framework: {fact}" for each in self.packages for fact in each.frameworks())
        for program in [self.chosen] if self.chosen else self.programs:
            yield f"program: {program.fact}"
        yield from (f"arguments: {self.arguments}" for _ in [1] if self.arguments)
        yield from (f"port: {self.port}" for _ in [1] if self.port)
        yield from (f"health route: {fact}" for fact in self.health)
        here = (surroundings.DOCKERFILE, surroundings.IGNORE, surroundings.compose(self.sources))
        yield from (f"stays as it is: {path}" for path in self.sources.named(here))
        others = [*surroundings.ci(self.sources), *surroundings.scaffolds(self.sources)]
        yield from (f"stays as it is: {fact}" for fact in others)

    def with_entry(self, words: str) -> "RustService | None":
        """Return it with one of its programs, which may have arguments behind it."""
        try:
            name, *given = shlex.split(words)
        except ValueError:
            return None
        found = next((program for program in self.programs if program.name == name), None)
        if not found or not words.isprintable():
            return None
        said = Fact(shlex.join(given), "--app") if given else None
        known = said or _arguments(self.sources, self.packages, found)
        port = reading.port(self.sources, known)
        return replace(self, chosen=found, arguments=known, port=port)

    def install(self, command: str) -> str:
        """Return the same: cargo makes all that it needs."""
        return command

    def run(self, command: str, name: str) -> str:  # noqa: ARG002 - of the protocol
        """Return how to start it: here, where its program finds its files."""
        return f"target/debug/{name}"

    def require_entries(self) -> None:
        """Raise RefusedError if there is no program."""
        called = [one.name for one in self.packages if one.name]
        odd = [name for name in called if not packages.NAME.fullmatch(name)]
        if not self.programs and odd:
            raise RefusedError(
                f"{shown(odd[0])} cannot be the name of a program: letters, digits, - and _",
                f"another one in {packages.MANIFEST}",
            )
        if not self.programs:
            raise RefusedError(
                "no program was found: no package here has a src/main.rs, src/bin or [[bin]]",
                "run it where the service's own package, or its workspace, is: viscaffold adopt "
                "PATH",
            )

    def require_runnable(self) -> None:
        """Do nothing: a program of its own may do as it likes."""

    def name(self) -> str:
        """Return the name of its program, which it cannot have itself."""
        return f"{names.made_of(self.entry)}-service"

    def require_name(self, name: str) -> None:
        """Raise UsageError for the name of a program or directory of theirs."""
        if name in self.entries:
            raise UsageError(f"{shown(name)} is the service's own program", RENAME)
        if self.sources.has(name) or self.sources.within(name):
            raise UsageError(f"{shown(name)} is there, and would hold the runtime", RENAME)
        if packages.is_member(name, self.members):
            raise UsageError(f"{shown(name)} would be a member of your workspace", RENAME)

    def fitted(self, render: Tree, choices: Choices, package: str) -> Fitted:  # noqa: ARG002 - of the protocol
        """Return what a render becomes beside it."""
        return service.fitted(render, self, choices)


def look(sources: Sources) -> RustService:
    """Look at a directory; raise RefusedError where it is no service that can be adopted."""
    found, members = packages.read(sources)
    _require_usual_places(sources)
    programs = [program for package in found for program in package.programs(sources)]
    chosen = _chosen(sources, programs)
    arguments = _arguments(sources, found, chosen) if chosen else None
    return RustService(
        sources,
        found,
        programs,
        chosen,
        arguments,
        reading.port(sources, arguments),
        reading.health_routes(sources),
        reading.variables(sources),
        members,
    )


def _chosen(sources: Sources, programs: list[Program]) -> Program | None:
    """Return the one that the service's files start, or the one that can only be meant."""
    by_name = {program.name: program for program in programs}
    started = starting.command(sources, [*by_name])
    if started:
        return by_name[shlex.split(started.what)[0]]
    main = [program for program in programs if program.is_main]
    certain = main if len(main) == 1 else programs
    return certain[0] if len(certain) == 1 else None


def _arguments(sources: Sources, found: list[Package], program: Program) -> Fact | None:
    frameworks = (fact for package in found for fact in package.frameworks())
    return starting.arguments(sources, program.name, frameworks)


def _require_usual_places(sources: Sources) -> None:
    """Raise RefusedError where cargo is told to build elsewhere, or with a compiler of its own."""
    for path in sources.named(CONFIGURATION):
        try:
            build = tomllib.loads(sources.text(path) or "").get("build", {})
        except ValueError as error:
            raise RefusedError(f"{path} cannot be read: {error}", f"correct {path}") from error
        moved = [key for key in ("target", "target-dir") if key in build]
        if moved:
            raise RefusedError(
                f"{path} has build.{moved[0]}, and the program would not be beside the service",
                f"take that out of {path}; cargo build --target says it where it is needed",
            )
    for path in sources.named(TOOLCHAIN):
        pinned = re.search(r"\b1\.(\d+)", sources.text(path) or "")
        if pinned and int(pinned[1]) < service.OLDEST:
            raise RefusedError(
                f"{path} pins Rust 1.{pinned[1]}, and the runtime needs 1.{service.OLDEST}",
                f"if the service builds with it: a newer one in {path}",
            )
