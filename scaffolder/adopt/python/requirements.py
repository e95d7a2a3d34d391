"""What a Python service needs, from wherever it is declared outside of pyproject.toml."""

import configparser
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from scaffolder.adopt.sources import Fact, Sources

RUN = ("requirements.txt", "requirements/base.txt", "requirements/prod.txt")
DEV = ("requirements-dev.txt", "dev-requirements.txt", "requirements_dev.txt",
       "requirements-test.txt", "test-requirements.txt", "requirements/test.txt")  # fmt: skip
OPTION = re.compile(r"\s--hash=\S+|\s\\$")
COMMENT = re.compile(r"(^|\s)#.*$")
NOT_TAKEN = "an option or an address"
INCLUDE = re.compile(r"(?:-r|--requirement)[ =]?\s*(\S+)")


@dataclass(frozen=True)
class Needed:
    """Requirements as pyproject.toml writes them, and where they stood."""

    run: tuple[str, ...] = ()
    dev: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    left: tuple[Fact, ...] = ()
    """Lines that are no requirements. They are not repeated: an address can hold a password."""

    def without(self, *lines: str) -> "Needed":
        """Return it without what lines of a manifest say already, word for word."""
        run, dev = ([r for r in each if f'"{r}",' not in lines] for each in (self.run, self.dev))
        return replace(self, run=tuple(run), dev=tuple(dev))


def needed(sources: Sources, named: Sequence[str] = ()) -> Needed:
    """Return what requirement files, usual ones or those that are named, and setup.cfg declare."""
    left: list[Fact] = []
    files = list(named) or sources.named(RUN)[:1]
    run = [*_read(sources, files, left)]
    setup = _setup_cfg(sources, left)
    run += [line for line in setup if line not in run]
    own = sources.named(DEV)
    dev = [line for line in _read(sources, own, left) if line not in run]
    told = [*files, *own, *(["setup.cfg"] if setup else [])]
    return Needed(tuple(dict.fromkeys(run)), tuple(dict.fromkeys(dev)), tuple(told), tuple(left))


def to_run(sources: Sources, named: Sequence[str] = ()) -> list[str]:
    """Return the files that say what to install for a run, and those that they include."""
    first = list(named) or sources.named(RUN)[:1]
    seen: list[str] = []
    for _ in _read(sources, first, [], seen):
        pass
    return [path for path in seen if sources.has(path)]


def _read(
    sources: Sources, paths: list[str], left: list[Fact], seen: list[str] | None = None
) -> Iterator[str]:
    """Yield the requirements of files, and of those that they include: each is read once."""
    ahead = [*reversed(paths)]
    seen = [] if seen is None else seen
    while ahead:
        path = ahead.pop()
        if path in seen:
            continue
        seen.append(path)
        for number, raw in sources.lines(path):
            line = OPTION.sub("", COMMENT.sub("", raw)).strip()
            if include := INCLUDE.fullmatch(line):
                ahead.append(
                    posixpath.normpath(posixpath.join(posixpath.dirname(path), include[1]))
                )
            elif line and (requirement := _quotable(line)):
                yield requirement
            elif line and not line.startswith("--hash="):
                left.append(Fact(NOT_TAKEN, path, number))


def _quotable(line: str) -> str:
    """Return a requirement as TOML can quote it; empty for anything else, such as an address."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        is_address = bool(Requirement(line).url)
    except InvalidRequirement:
        return ""
    return "" if is_address or not line.isprintable() else line.replace('"', "'")


def _setup_cfg(sources: Sources, left: list[Fact]) -> list[str]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(sources.text("setup.cfg") or "")
    except configparser.Error:
        return []
    listed = parser.get("options", "install_requires", fallback="")
    lines = [*filter(None, (COMMENT.sub("", line).strip() for line in listed.splitlines()))]
    left += [Fact(NOT_TAKEN, "setup.cfg") for line in lines if not _quotable(line)]
    return [*filter(None, map(_quotable, lines))]
