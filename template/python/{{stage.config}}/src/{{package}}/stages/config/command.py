"""Shows every setting, its value and where it comes from: `--check-config`."""

import dataclasses
import sys
from importlib import import_module
from typing import Any

from ...runtime import EXIT_CONFIG, EXIT_IO, EXIT_USAGE, settings
from ...runtime.config_file import shown
from ...runtime.settings import ConfigError, Found
from ...runtime.stdio import printed

HIDDEN = "***"


def run(arguments: list[str]) -> int:
    """Print the settings and their problems; return the exit status."""
    if arguments:
        sys.stderr.write("--check-config takes no arguments\n")
        return EXIT_USAGE
    problems = _import_application()
    rows: list[str] = []
    for name, field in sorted(settings.declared.items()):
        try:
            rows.append(_row(name, field, settings.source.find(name)))
            settings.value(field, settings.source)
        except ConfigError as error:
            problems += error.problems
    problems += settings.source.problems()
    is_printed = printed("".join(rows))
    for problem in dict.fromkeys(problems):
        sys.stderr.write(f"setting {problem}\n")
    return EXIT_CONFIG if problems else 0 if is_printed else EXIT_IO


def _import_application() -> list[str]:
    """Have the application declare its settings."""
    try:
        import_module("...app", __package__)
    except ConfigError as error:
        return error.problems
    except Exception as error:  # of any code
        return [f"names of the application are not known: {type(error).__name__}: {error}"]
    return []


def _row(name: str, field: "dataclasses.Field[Any]", found: Found | None) -> str:
    if found is None and field.default in (None, dataclasses.MISSING):
        return f"{name} is not set\n"
    is_secret = field.metadata["secret"] or (found is not None and found.secret)
    value = found.raw if found else _text(field.default)
    return f"{name} = {HIDDEN if is_secret else shown(value)}  # {_origin(found)}\n"


def _origin(found: Found | None) -> str:
    return f"from {found.origin}" if found else "default"


def _text(default: object) -> str:
    if isinstance(default, tuple | list):
        return ",".join(map(str, default))
    return str(default).lower() if isinstance(default, bool) else str(default)
