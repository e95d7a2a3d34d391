"""The directory that an image was built from: its files, and which of them the build leaves out."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from posixpath import basename, normpath

LONGEST, MOST = 200, 2000
"""Characters of a pattern, and lines of a file, that are looked at."""
INSTRUCTION = re.compile(r"^\s*(FROM|COPY|ADD)\s+(.*)$", re.IGNORECASE)
CONTINUED = re.compile(r"\\[ \t]*\n")
FLAG = re.compile(r"--\S+\s+")


@dataclass(frozen=True)
class Stage:
    """A stage of a Dockerfile, and what it takes from the directory."""

    name: str
    base: str
    sources: tuple[str, ...]

    def takes(self, path: str) -> bool:
        """Tell whether an instruction copies a file of the directory, or a directory above it."""
        return any(covers(source, path) for source in self.sources)


@dataclass(frozen=True)
class Build:
    """A directory with a Dockerfile: what may go into an image, and what does."""

    directory: str
    files: tuple[str, ...] = ()
    """The paths of its files, from the directory."""
    dockerfile: str = ""
    dockerignore: str = ""

    def sought(self, path: str) -> str:
        """Return the file that a path of the container stands for; empty if none certainly does.

        `COPY . /app` keeps the end of a path; a file that is put elsewhere keeps its name.
        """
        inside = [file for file in self.files if path.endswith(f"/{file}")]
        named = [file for file in self.files if basename(file) == basename(path)]
        return max(inside, key=len, default="") or (named[0] if len(named) == 1 else "")

    def ignored_by(self, path: str) -> tuple[int, str] | None:
        """Return the line of .dockerignore that leaves a file out: its number and text."""
        found = None
        for number, line in enumerate(self.dockerignore.splitlines()[:MOST], start=1):
            pattern = line.strip()
            if not pattern or pattern.startswith("#") or len(pattern) > LONGEST:
                continue
            if covers(pattern.removeprefix("!").strip(), path):
                found = None if pattern.startswith("!") else (number, pattern)
        return found

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The stages of the Dockerfile, the first one first."""
        found: list[Stage] = []
        for line in CONTINUED.sub(" ", self.dockerfile).splitlines()[:MOST]:
            match = INSTRUCTION.match(line)
            if match and match[1].upper() == "FROM":
                base, _, name = FLAG.sub("", match[2]).strip().partition(" ")
                found.append(Stage(name.strip()[2:].strip().lower(), base.lower(), ()))
            elif match and found and "--from=" not in match[2]:
                last = found[-1]
                found[-1] = Stage(last.name, last.base, (*last.sources, *_sources(match[2])))
        return tuple(found)

    @cached_property
    def last(self) -> tuple[Stage, ...]:
        """The stages that the image consists of: the last one, and those that it begins with."""
        known = {stage.name: stage for stage in self.stages if stage.name}
        chain = list(self.stages[-1:])
        while chain and chain[-1].base in known and known[chain[-1].base] not in chain:
            chain.append(known[chain[-1].base])
        return tuple(chain)


def _sources(words: str) -> Iterator[str]:
    """Return what COPY or ADD takes, without where it goes."""
    words = FLAG.sub("", words).strip()
    try:
        listed = json.loads(words) if words.startswith("[") else words.split()
    except (ValueError, RecursionError):
        listed = []
    yield from (str(source) for source in _list(listed)[:-1])


def _list(found: object) -> Sequence[object]:
    return found if isinstance(found, list) else []


def covers(pattern: str, path: str) -> bool:
    """Tell whether a pattern of .dockerignore or COPY names a file, or a directory above it.

    `**` stands for any directories (https://docs.docker.com/build/concepts/context/). Part by part,
    for one expression for all of it could take for ever.
    """
    plain = normpath(pattern.strip("/") or ".")
    if len(plain) > LONGEST:
        return False
    there = path.split("/")
    reached = {0}  # how many parts of the path stand for the pattern so far
    for part in [] if plain == "." else plain.split("/"):
        if part == "**":
            reached = {*range(min(reached, default=len(there)), len(there))} or reached
        else:
            spelled = part.replace("[^", "[!")
            reached = {n + 1 for n in reached if n < len(there) and fnmatchcase(there[n], spelled)}
    return bool(reached)
