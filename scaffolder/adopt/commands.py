"""How the files of a service start it: its image, its compose file, its Procfile."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from scaffolder import plain_yaml

from . import surroundings
from .sources import Fact, Sources

PROCFILE = "Procfile"
SHELLS = ("sh", "bash", "dash", "ash")
SCRIPT = re.compile(r"-[a-z]*c")
PLAIN = re.compile(r"[\w./:=,@%+-]+", re.ASCII)
"""What is the same with and without a shell."""

ENDS = re.compile(r"(?<![>&])(?:[;|]+|&+)")
"""Between two commands; `2>&1` is no end."""

BUILTIN = frozenset({".", ":", "cd", "echo", "exec", "export", "set", "sleep", "source", "umask"})
"""What a shell does by itself, and what needs no mention."""

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

    def of_script(self) -> "Command":
        """Return the command that a shell is given as a text, or this one where there is none."""
        names = [PurePosixPath(word).name for word in self.words[:3]]
        if len(self.words) != 3 or names[0] not in SHELLS or not SCRIPT.fullmatch(names[1]):  # noqa: PLR2004 - sh -c SCRIPT
            return self
        return replace(
            self,
            words=_split(self.words[2]),
            is_plain=bool(WITHOUT_SHELL.fullmatch(self.words[2])),
        )

    def before(self, at: int) -> list[str]:
        """Return the programs that are run, one after the other, before the word at a place."""
        ended = [-1, *(i for i, word in enumerate(self.words[:at]) if ENDS.fullmatch(word))]
        return [first for i in ended[:-1] if (first := self.words[i + 1]) not in BUILTIN]


def commands(sources: Sources) -> list[Command]:
    """Return what starts the service, by file, the one that says most first."""
    entrypoint, arguments = _image(sources)
    composed = [*_composed(sources, entrypoint)]
    # An entry point without arguments waits for those that a compose file gives it.
    built = [entrypoint.and_(arguments)]
    first = [*built, *composed] if arguments.words else [*composed, *built]
    found = (command.of_script() for command in (*first, *_of_procfile(sources)))
    return [command for command in found if command.words]


def arguments(sources: Sources, module: str) -> Fact | None:
    """Return what `python -m MODULE` gets on its command line; empty where a shell makes it."""
    for command in commands(sources):
        starts = [*zip(command.words, command.words[1:], strict=False)]
        if ("-m", module) in starts:
            given = command.words[starts.index(("-m", module)) + 2 :]
            said = shlex.join(given) if all(map(PLAIN.fullmatch, given)) else ""
            return Fact(said, command.path, command.line) if given else None
    return None


def of_image(sources: Sources) -> Command:
    """Return what the image starts by itself; no words where it says nothing."""
    entrypoint, arguments = _image(sources)
    return entrypoint.and_(arguments).of_script()


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
    """Yield the command of the process that serves, or of the only one."""
    processes = [
        (process.strip(), replace(_of_shell(rest.strip()), path=PROCFILE, line=number))
        for number, line in sources.lines(PROCFILE)
        for process, colon, rest in [line.partition(":")]
        if colon and not process.lstrip().startswith("#")
    ]
    yield from (started for name, started in processes if name == "web" or len(processes) == 1)


def _of_shell(text: str) -> Command:
    """Return a command that a shell reads, unless it is a list in JSON."""
    plain = text.startswith("[") or bool(WITHOUT_SHELL.fullmatch(text))
    return Command(words(text) if text.startswith("[") else _split(text), "", is_plain=plain)


def _split(script: str) -> list[str]:
    """Return the words of what a shell reads; what is between two commands is a word."""
    return words(ENDS.sub(r" \g<0> ", script))


def words(command: str) -> list[str]:
    """Return the words of a command, as JSON or as a shell has them; none where neither can."""
    is_json = command.lstrip().startswith("[")
    try:
        found = json.loads(command) if is_json else shlex.split(command)
    except (ValueError, RecursionError):
        return []
    return found if all(isinstance(word, str) for word in found) else []
