"""How the files of a service start it: its image, its compose file, its Procfile."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from scaffolder import plain_yaml

from . import surroundings
from .sources import Sources

PROCFILE = "Procfile"
WITHOUT_SHELL = re.compile(r"[^$`|&;<>(){}*?~\\]+")
"""A command line that means the same without a shell."""


@dataclass(frozen=True)
class Command:
    """The words of a command, and where it is."""

    words: list[str]
    path: str
    line: int = 0
    is_plain: bool = True
    """Whether it means the same without a shell."""

    def and_(self, more: "Command") -> "Command":
        """Return it with the words of another behind it."""
        plain = self.is_plain and more.is_plain
        return Command([*self.words, *more.words], more.path, max(self.line, more.line), plain)


def commands(sources: Sources) -> list[Command]:
    """Return what starts the service, by file, the one that says most first."""
    entrypoint, arguments = _image(sources)
    composed = [*_composed(sources, entrypoint)]
    # An entry point without arguments waits for those that a compose file gives it.
    built = [entrypoint.and_(arguments)]
    first = [*built, *composed] if arguments.words else [*composed, *built]
    return [command for command in (*first, *_of_procfile(sources)) if command.words]


def of_image(sources: Sources) -> Command:
    """Return what the image starts by itself; no words where it says nothing."""
    entrypoint, arguments = _image(sources)
    return entrypoint.and_(arguments)


def _image(sources: Sources) -> tuple[Command, Command]:
    """Return the entry point of the last stage of the Dockerfile, and its arguments."""
    nothing = Command([], surroundings.DOCKERFILE)
    entrypoint = arguments = nothing
    for number, line in _instructions(sources):
        word, _, rest = line.strip().partition(" ")
        given = replace(_of_shell(rest.strip()), path=surroundings.DOCKERFILE, line=number)
        match word.upper():
            case "FROM":
                entrypoint = arguments = nothing
            case "ENTRYPOINT":
                entrypoint = given
            case "CMD":
                arguments = given
    return entrypoint, arguments


def _instructions(sources: Sources) -> Iterator[tuple[int, str]]:
    """Yield the lines of the Dockerfile; one that goes on in the next is joined with it."""
    begun = ""
    for number, line in sources.lines(surroundings.DOCKERFILE):
        if line.lstrip().startswith("#"):
            continue
        if line.rstrip().endswith("\\"):
            begun += line.rstrip()[:-1]
        else:
            yield number, begun + line
            begun = ""


def _composed(sources: Sources, entrypoint: Command) -> Iterator[Command]:
    """Yield the commands of services that the compose file builds; none of a file with aliases."""
    path = surroundings.compose(sources)
    try:
        found = plain_yaml.load((sources.text(path) or "").encode()) if path else None
    except plain_yaml.YamlError:
        return
    services = found.get("services") if isinstance(found, dict) else None
    for service in services.values() if isinstance(services, dict) else ():
        if isinstance(service, dict) and "build" in service and "command" in service:
            own = service.get("entrypoint")
            before = entrypoint if own is None else Command(_given(own), path)
            yield before.and_(Command(_given(service["command"]), path))


def _given(value: Any) -> list[str]:  # noqa: ANN401 - whatever stands there
    """Return the words of a command of a compose file, which no shell reads."""
    if isinstance(value, list):
        return [str(word) for word in value]
    return words(value) if isinstance(value, str) else []


def _of_procfile(sources: Sources) -> Iterator[Command]:
    for number, line in sources.lines(PROCFILE):
        process, _, rest = line.partition(":")
        if process.strip() == "web":
            yield replace(_of_shell(rest.strip()), path=PROCFILE, line=number)


def _of_shell(text: str) -> Command:
    """Return a command that a shell reads, unless it is a list in JSON."""
    plain = text.startswith("[") or bool(WITHOUT_SHELL.fullmatch(text))
    return Command(words(text), "", is_plain=plain)


def words(command: str) -> list[str]:
    """Return the words of a command, as JSON or as a shell has them; none where neither can."""
    is_json = command.lstrip().startswith("[")
    try:
        found = json.loads(command) if is_json else shlex.split(command)
    except (ValueError, RecursionError):
        return []
    return found if all(isinstance(word, str) for word in found) else []
