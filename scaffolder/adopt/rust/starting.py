"""How files of a Rust service start its programs: which one, and with which arguments."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from scaffolder.adopt import commands
from scaffolder.adopt.sources import Fact, Sources

USUAL = {"loco-rs": "start"}
"""Framework → what its programs are to be told, for they do nothing else by themselves."""


def command(sources: Sources, programs: Sequence[str]) -> Fact | None:
    """Return what starts one of these programs, with its name first; None where no file says it."""
    for start in commands.commands(sources):
        words = start.words
        names = [PurePosixPath(word).name for word in words]
        at = next((at for at, name in enumerate(names) if name in programs), None)
        if at is not None:
            given = _behind_cargo(words, at) if "cargo" in names[:at] else words[at + 1 :]
            plain = given if all(map(commands.PLAIN.fullmatch, given)) else []
            return Fact(shlex.join([names[at], *plain]), start.path, start.line)
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
