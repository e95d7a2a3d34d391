"""How files of a Rust service start its programs: which one, and with which arguments."""

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from scaffolder.adopt import surroundings
from scaffolder.adopt.sources import Fact, Sources

PLAIN = re.compile(r"[\w./:=,@%+-]+", re.ASCII)
"""What is the same with and without a shell."""

USUAL = {"loco-rs": "start"}
"""Framework → what its programs are to be told, for they do nothing else by themselves."""

Start = tuple[list[str], str, int]
"""The words of a command, and where it is."""


def command(sources: Sources, programs: Sequence[str]) -> Fact | None:
    """Return what starts one of these programs, with its name first; None where no file says it."""
    for words, path, number in (*_of_image(sources), *_of_procfile(sources)):
        names = [PurePosixPath(word).name for word in words]
        at = next((at for at, name in enumerate(names) if name in programs), None)
        if at is not None:
            given = _behind_cargo(words, at) if "cargo" in names[:at] else words[at + 1 :]
            plain = given if all(map(PLAIN.fullmatch, given)) else []
            return Fact(shlex.join([names[at], *plain]), path, number)
    return None


def arguments(sources: Sources, program: str, frameworks: Iterable[Fact]) -> Fact | None:
    """Return what a program gets on its command line, as a shell has it; None for nothing."""
    found = command(sources, [program])
    _, *given = shlex.split(found.what) if found else [program]
    if found and given:
        return replace(found, what=shlex.join(given))
    usual = (replace(fact, what=USUAL[fact.what]) for fact in frameworks if fact.what in USUAL)
    return next(usual, None)


def _behind_cargo(words: list[str], at: int) -> list[str]:
    """Return what `cargo run` does not take for itself."""
    return words[words.index("--", at) + 1 :] if "--" in words[at:] else []


def _of_image(sources: Sources) -> Iterator[Start]:
    """Yield what a container of the last stage of the Dockerfile runs."""
    entrypoint: list[str] = []
    arguments: list[str] = []
    place = 0
    for number, line in _instructions(sources):
        word, _, rest = line.strip().partition(" ")
        match word.upper():
            case "FROM":
                entrypoint, arguments = [], []
            case "ENTRYPOINT":
                entrypoint, place = surroundings.words(rest), number
            case "CMD":
                arguments, place = surroundings.words(rest), number
    if entrypoint or arguments:
        yield [*entrypoint, *arguments], surroundings.DOCKERFILE, place


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


def _of_procfile(sources: Sources) -> Iterator[Start]:
    for number, line in sources.lines("Procfile"):
        process, _, rest = line.partition(":")
        if process.strip() == "web":
            yield surroundings.words(rest), "Procfile", number
