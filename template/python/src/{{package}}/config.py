"""Settings from the environment: typed, with defaults, and every problem reported at once."""

import dataclasses
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

EXIT_CONFIG = 78  # sysexits.h, EX_CONFIG
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

T = TypeVar("T")


class ConfigError(Exception):
    """Settings that are missing or wrong, one line each in `problems`."""

    def __init__(self, problems: list[str]) -> None:
        """Keep the lines."""
        super().__init__("; ".join(problems))
        self.problems = problems


def setting(
    name: str,
    parse: Callable[[str], object],
    *,
    default: object = dataclasses.MISSING,
    secret: bool = False,
) -> Any:  # noqa: ANN401 - like dataclasses.field, it stands where a value of the field's type does
    """Declare a dataclass field that is read from the variable `name`.

    It has to be set if there is no default. `parse` raises ValueError with what it accepts ("a
    whole number from 1 to 65535"). The value of a `secret` is never printed.
    """
    metadata = {"name": name, "parse": parse, "secret": secret}
    return dataclasses.field(default=default, metadata=metadata)


def read(settings: type[T], environ: Mapping[str, str] = os.environ) -> T:
    """Read a dataclass whose fields are `setting`s; raise ConfigError with every problem."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        raw = environ.get(field.metadata["name"])
        if raw is None and field.default is not dataclasses.MISSING:
            continue
        try:
            values[field.name] = _parsed(field, raw)
        except ValueError as error:
            problems.append(_problem(field, raw, str(error)))
    if problems:
        raise ConfigError(problems)
    return settings(**values)


def check(*groups: type[Any], environ: Mapping[str, str] = os.environ) -> None:
    """Read every group of settings; raise one ConfigError with the problems of all of them."""
    problems: list[str] = []
    for settings in groups:
        try:
            read(settings, environ)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)


def _parsed(field: "dataclasses.Field[Any]", raw: str | None) -> object:
    value = field.metadata["parse"](raw or "")
    if raw is None:
        raise ValueError("a value, which may be empty")
    return value


def _problem(field: "dataclasses.Field[Any]", raw: str | None, accepted: str) -> str:
    name = field.metadata["name"]
    if raw is None:
        return f"{name} is not set: expected {accepted}"
    if raw == "":
        instead = "" if field.default is dataclasses.MISSING else "; or unset it for its default"
        return f"{name} is empty: expected {accepted}{instead}"
    found = "wrong (its value is not shown)" if field.metadata["secret"] else repr(raw)
    return f"{name} is {found}: expected {accepted}"


def text(raw: str) -> str:
    """Accept any text but the empty one."""
    if not raw:
        raise ValueError("some text")
    return raw


def integer(low: int, high: int) -> Callable[[str], int]:
    """Accept a whole number from `low` to `high`."""

    def parse(raw: str) -> int:
        accepted = f"a whole number from {low} to {high}"
        if not (raw.isascii() and raw.isdigit() and len(raw) <= len(str(high))):
            raise ValueError(accepted)
        if not low <= int(raw) <= high:
            raise ValueError(accepted)
        return int(raw)

    return parse


def boolean(raw: str) -> bool:
    """Accept `true` and `false`."""
    if raw not in ("true", "false"):
        raise ValueError("true or false")
    return raw == "true"


def choice(options: Iterable[str]) -> Callable[[str], str]:
    """Accept one of `options`, in any case; return it as it is spelled there."""
    spelled = {option.casefold(): option for option in options}

    def parse(raw: str) -> str:
        if raw.casefold() not in spelled:
            raise ValueError("one of " + ", ".join(spelled.values()))
        return spelled[raw.casefold()]

    return parse


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """What the service itself reads; each stage has settings of its own."""

    host: str = setting("HOST", text, default="0.0.0.0")  # noqa: S104 - a container listens on all
    port: int = setting("PORT", integer(1, 65535), default=8080)
    log_level: str = setting("LOG_LEVEL", choice(LOG_LEVELS), default="INFO")
    start_seconds: int = setting("START_SECONDS", integer(1, 86400), default=60)
    supervise: str = setting("SUPERVISE", choice(("0", "1")), default="1")
