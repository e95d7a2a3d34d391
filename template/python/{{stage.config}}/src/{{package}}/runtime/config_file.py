"""Reads the file of settings: what stands at its top level, and in which line."""

import re
import tomllib
from dataclasses import dataclass, field
from typing import Any

from . import small_file
from .settings import ConfigError, Found
from .small_file import UnreadableError

KINDS = {dict: "a table", float: "a number with a fraction", list: "a list of other things"}
OUTSIDE = "settings outside of tables, under the names of their variables"
VALUES = "text in quotes, a whole number, true, false, or a list of texts"
# A line in one of these begins no statement.
QUOTED = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|' + r"'''.*?'{3,5}|" + r'"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*',
    re.DOTALL,
)


@dataclass(frozen=True)
class ConfigFile:
    """The settings of one file; none if it is not there."""

    path: str
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    mode: int | None = None
    """Its permissions; None if it is not there."""
    problem: str = ""
    """Why its settings are not known."""

    def find(self, name: str) -> Found | None:
        """Return the value of a setting, as a variable has it; raise ConfigError if none can."""
        if name not in self.values:
            return None
        value, origin = self.values[name], self.origin(name)
        match value:
            case bool():
                return Found(str(value).lower(), origin)
            case str() | int():
                return Found(str(value), origin)
            case list() if all(isinstance(part, str) for part in value):
                return Found(",".join(value), origin)
        kind = KINDS.get(type(value), "a date or a time")
        accepted = OUTSIDE if isinstance(value, dict) else VALUES
        raise ConfigError([f"{shown(name[:60])} is {kind}: expected {accepted} (from {origin})"])

    def origin(self, name: str) -> str:
        """Say where a setting stands."""
        line = self.lines.get(name)
        return f"{shown(self.path)}, line {line}" if line else shown(self.path)


def read(path: str, *, named: bool) -> ConfigFile:
    """Read the file; one that nobody named does not have to be there."""
    try:
        text, mode = small_file.read(path)
        text = text.removeprefix("\ufeff")
        values = _parsed(text)
    except UnreadableError as error:
        if not named and isinstance(error.__cause__, FileNotFoundError):
            return ConfigFile(path)
        problem = f"CONFIG_FILE is '{shown(path)}', which cannot be read: {error}"
        return ConfigFile(path, problem=problem)
    lines = _lines(text, values)
    order = sorted(values, key=lambda name: lines.get(name, 0))
    return ConfigFile(path, {name: values[name] for name in order}, lines, mode)


def shown(text: str) -> str:
    """Return a part of a message that cannot forge another."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise UnreadableError("a value in it is nested too deeply") from error
    except ValueError as error:  # its text can repeat a secret
        at = re.search(r"\(at line (\d+), column \d+\)$", str(error))
        line = at[1] if at else max(1, len(text.splitlines()))
        advice = "text stands in quotes, and a name stands once"
        raise UnreadableError(f"line {line} is no TOML; {advice}") from error


def _lines(text: str, values: dict[str, Any]) -> dict[str, int]:
    """Return the line of each name: tomllib does not tell."""
    flat = QUOTED.sub(lambda found: found[0].replace("\n", " "), text)
    lines = {}
    for name in values:
        start = rf"^[ \t]*\[*[ \t]*([\"']?){re.escape(name)}\1[ \t]*[=.\]]"
        if found := re.search(start, flat, re.MULTILINE):
            lines[name] = text.count("\n", 0, found.end()) + 1
    return lines
