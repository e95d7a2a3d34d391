"""Reads settings from the environment: typed, with defaults, all problems reported at once."""

import dataclasses
import ipaddress
import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

PATH_PREFIX = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)+")
ORIGIN = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")

T = TypeVar("T")

declared: dict[str, "dataclasses.Field[Any]"] = {}
"""Every setting of what is imported so far, by its name."""


class ConfigError(Exception):
    """Settings are missing or wrong; `problems` has one line for each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = list(dict.fromkeys(problems))  # one can concern several settings
        super().__init__("; ".join(self.problems))


@dataclasses.dataclass(frozen=True)
class Found:
    """What a setting is set to."""

    raw: str
    origin: str = ""
    """Where; the environment goes without saying."""
    secret: bool = False


class Source:
    """Where settings come from: the environment. The stage `config` puts its own in this place."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self.environ = environ

    def find(self, name: str) -> Found | None:
        """Return what a setting is set to; raise ConfigError if that cannot be told."""
        raw = self.environ.get(name)
        return None if raw is None else Found(raw)

    def problems(self) -> list[str]:
        """Return what is wrong with more than one setting, or with none that is known."""
        return []


source = Source()


def setting(
    name: str,
    parse: Callable[[str], object],
    *,
    default: object = dataclasses.MISSING,
    secret: bool = False,
) -> Any:
    """Declare a dataclass field that is read from the variable `name`.

    Without a default, it must be set. `parse` raises ValueError with what it accepts ("a
    whole number from 1 to 65535"). The value of a `secret` is never printed.
    """
    metadata = {"name": name, "parse": parse, "secret": secret}
    field: Any = dataclasses.field(default=default, metadata=metadata)
    declared[name] = field
    return field


def read(settings: type[T], environ: Mapping[str, str] | None = None) -> T:
    """Read a dataclass whose fields are `setting`s; raise ConfigError with every problem."""
    values, problems = _read(settings, source if environ is None else Source(environ))
    if problems:
        raise ConfigError(problems)
    return settings(**values)


def check(*groups: type[Any], environ: Mapping[str, str] | None = None) -> None:
    """Read every group of settings; raise one ConfigError with the problems of all of them."""
    whole = source if environ is None else Source(environ)
    problems = [problem for settings in groups for problem in _read(settings, whole)[1]]
    problems += whole.problems()
    if problems:
        raise ConfigError(problems)


def _read(settings: type[Any], whole: Source) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in dataclasses.fields(settings):
        try:
            values[field.name] = value(field, whole)
        except ConfigError as error:
            problems += error.problems
    return values, problems


def value(field: "dataclasses.Field[Any]", whole: Source) -> Any:
    """Return the value of one setting; raise ConfigError with what is wrong with it."""
    found = whole.find(field.metadata["name"])
    if found is None and field.default is not dataclasses.MISSING:
        return field.default
    try:
        parsed = field.metadata["parse"](found.raw if found else "")
        if found is None:
            raise ValueError("a value, which may be empty")
    except ValueError as error:
        raise ConfigError([_problem(field, found, str(error))]) from error
    return parsed


def _problem(field: "dataclasses.Field[Any]", found: Found | None, accepted: str) -> str:
    name = field.metadata["name"]
    if found is None:
        return f"{name} is not set: expected {accepted}"
    origin = f" (from {found.origin})" if found.origin else ""
    if found.raw == "":
        instead = "" if field.default is dataclasses.MISSING else "; or unset it for its default"
        return f"{name} is empty: expected {accepted}{instead}{origin}"
    is_secret = found.secret or field.metadata["secret"]
    shown = "wrong (its value is not shown)" if is_secret else repr(found.raw)
    return f"{name} is {shown}: expected {accepted}{origin}"


def text(raw: str) -> str:
    if not raw:
        raise ValueError("some text")
    return raw


def integer(low: int, high: int) -> Callable[[str], int]:
    """Accept a whole number from `low` to `high`."""

    def parse(raw: str) -> int:
        is_number = raw.isascii() and raw.isdigit() and len(raw) <= len(str(high))
        if not is_number or not low <= int(raw) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(raw)

    return parse


def boolean(raw: str) -> bool:
    if raw not in ("true", "false"):
        raise ValueError("true or false")
    return raw == "true"


def choice(options: Iterable[str]) -> Callable[[str], str]:
    """Accept one of `options` in any case; return it as spelled there."""
    spelled = {option.casefold(): option for option in options}

    def parse(raw: str) -> str:
        if raw.casefold() not in spelled:
            raise ValueError("one of " + ", ".join(spelled.values()))
        return spelled[raw.casefold()]

    return parse


def renamed(name: str) -> Callable[[str], None]:
    """Accept no value: the setting has a new name."""

    def parse(_raw: str) -> None:
        raise ValueError(f"nothing; the setting is called {name} now")

    return parse


def networks(raw: str) -> tuple[str, ...]:
    """Accept IP addresses and networks, comma-separated, or `*` for all.

    A dual-stack listener sees IPv4 addresses mapped into IPv6: both forms are returned.
    """
    if raw == "*":
        return ("*",)
    try:
        found = [ipaddress.ip_network(part.strip()) for part in raw.split(",")]
    except ValueError as error:
        accepted = "IP addresses, or networks like 10.0.0.0/8, comma-separated; or * alone"
        raise ValueError(accepted) from error
    version_4 = [network for network in found if network.version == 4]
    mapped = [f"::ffff:{network.network_address}/{96 + network.prefixlen}" for network in version_4]
    return (*map(str, found), *mapped)


def path_prefix(raw: str) -> str:
    if not PATH_PREFIX.fullmatch(raw):
        raise ValueError("a path that begins with a slash and does not end in one, like /shop")
    return raw


def origins(raw: str) -> tuple[str, ...]:
    """Accept web origins, comma-separated, or `*` for all."""
    found = tuple(part.strip() for part in raw.split(","))
    if raw != "*" and not all(ORIGIN.fullmatch(origin) for origin in found):
        raise ValueError("origins like https://example.com, comma-separated; or * alone")
    return found
