"""What a service's files and the environment set, with the line of each."""

import os
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from scaffolder.regular_files import lines
from scaffolder.templates.notices import COMPOSE, CONFIG_FILE, DOTENV

ENVIRONMENT = "environment"

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*")
_TOML = re.compile(r"\s*[\"']?([A-Z]\w*)[\"']?\s*=")
_IN_LIST = re.compile(r"-\s+[\"']?([A-Z]\w*)=(.*?)[\"']?\s*", re.ASCII)
_IN_MAPPING = re.compile(r"([A-Z]\w*):\s+(.*?)\s*", re.ASCII)


@dataclass(frozen=True)
class SetValue:
    """A variable that is set in one place."""

    name: str
    value: str
    layer: str
    """`.env`, the name of a compose file, `config.toml` or `environment`."""
    line: int = 0
    inner: str = ""
    """The directory that the file is in, where that is not the service's own."""

    @property
    def place(self) -> str:
        """Return the path and line, relative to the service; the environment has neither."""
        path = str(PurePosixPath(self.inner, self.layer))
        return f"{path}:{self.line}" if self.line else self.layer


def found(root: Path, inner: str = "", others: Collection[str] = ()) -> list[SetValue]:
    """Return what `.env`, the compose files and config.toml of the service in `root` set.

    They are in its directory `inner`, where the template has one of its own.
    What compose files set for `others`, servers beside the service, is not the service's.
    """
    home = root / inner
    # Of several lines for one name the last one counts, as for a shell and for Compose.
    last = {name: SetValue(name, value, DOTENV, line) for line, name, value in dotenv(home)}
    values = [*last.values()]
    for path in sorted({path for pattern in COMPOSE for path in home.glob(pattern)}):
        values += _of_compose(path, others)
    values += _of_toml(home / CONFIG_FILE)
    return [replace(value, inner=inner) for value in values]


def of_environment(names: Iterable[str]) -> list[SetValue]:
    """Return those of `names` that the environment of this process sets."""
    return [SetValue(n, os.environ[n], ENVIRONMENT) for n in names if n in os.environ]


def dotenv(root: Path, name: str = DOTENV) -> Iterator[tuple[int, str, str]]:
    """Return line, name and value of each variable in a file that is like `.env`."""
    for number, line in lines(root / name):
        match = _LINE.fullmatch(line)
        if match:
            yield number, match[1], _unquoted(match[2])


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return re.sub(r"\s+#.*", "", value)


def _of_compose(path: Path, others: Collection[str]) -> Iterator[SetValue]:
    """Read `environment` of each service by its lines: any tool's YAML, whatever else it holds."""
    above: list[tuple[int, str]] = []
    for number, line in lines(path):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        depth = len(line) - len(line.lstrip(" "))
        while above and (above[-1][0] > depth or (above[-1][0] == depth and text[0] != "-")):
            above.pop()
        keys = [key for _, key in above]
        within = len(keys) == 3 and keys[0] == "services" and keys[2] == "environment"  # noqa: PLR2004 - services, its name, environment
        match = _IN_LIST.fullmatch(text) or _IN_MAPPING.fullmatch(text) if within else None
        if match and keys[1] not in others:
            yield SetValue(match[1], _unquoted(match[2]), path.name, number)
        elif text.endswith(":"):
            above.append((depth, text[:-1].strip("\"'")))


def _of_toml(path: Path) -> Iterator[SetValue]:
    text = "\n".join(line for _, line in lines(path))
    values: Mapping[str, object] = {}
    with suppress(tomllib.TOMLDecodeError, RecursionError):  # the service itself says so
        values = tomllib.loads(text)
    for number, line in enumerate(text.split("\n"), start=1):
        match = _TOML.match(line)
        if match and match[1] in values:
            yield SetValue(match[1], str(values[match[1]]), path.name, number)
