"""What a manifest of Poetry 1 declares, as [project] has it: Poetry 2, pip and uv read that."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from scaffolder.errors import RefusedError

DEV = ("dev", "test", "tests")
"""Groups of dependencies that tests need."""

VERSION = re.compile(r"\d+(?:\.\d+)*")
BOUND = re.compile(r"(?:[<>=!~]=|[<>])\s*\d[\w.*+-]*")
KNOWN = frozenset({"version", "extras", "markers"})
"""Keys of a dependency that have a counterpart; others, such as `git`, have none."""


def requirements(table: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return what [tool.poetry] says that a service needs to run, and to be tested.

    Raise RefusedError for what cannot be said otherwise.
    """
    groups = _table(table, "group")
    dev = {
        **_table(table, "dev-dependencies"),
        **{
            name: given
            for group in DEV
            for name, given in _table(_table(groups, group), "dependencies").items()
        },
    }
    run = {name: g for name, g in _table(table, "dependencies").items() if name != "python"}
    return [_requirement(*each) for each in run.items()], [*_each(dev)]


def python(table: Mapping[str, Any]) -> str:
    """Return which versions of Python it is for, as requires-python has them."""
    given = _table(table, "dependencies").get("python", "")
    return _bounds("python", given) if isinstance(given, str) else ""


def _each(given: Mapping[str, Any]) -> Iterator[str]:
    return (_requirement(name, each) for name, each in given.items())


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = table.get(key, {})
    return found if isinstance(found, Mapping) else {}


def _requirement(name: str, given: object) -> str:
    parts = given if isinstance(given, Mapping) else {"version": given}
    if not {*parts} <= KNOWN or not re.fullmatch(r"[\w.-]+", name, re.ASCII):
        raise _refused(name)
    extras, markers = parts.get("extras", []), parts.get("markers", "")
    if not isinstance(extras, list) or not isinstance(markers, str):
        raise _refused(name)
    chosen = f"[{','.join(map(str, extras))}]" if extras else ""
    said = f"{name}{chosen}{_bounds(name, parts.get('version', '*'))}"
    return _checked(name, f"{said} ; {markers}" if markers else said)


def _checked(name: str, said: str) -> str:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        Requirement(said)
    except InvalidRequirement as error:
        raise _refused(name) from error
    if not said.isprintable():
        raise _refused(name)
    return said.replace('"', "'")


def _bounds(name: str, given: object) -> str:
    """Return the bounds that a constraint means: `^1.2` is at least 1.2, and below 2."""
    if not isinstance(given, str):
        raise _refused(name)
    return ",".join(bound for each in given.split(",") for bound in _bound(name, each.strip()))


def _bound(name: str, given: str) -> Iterator[str]:
    version = given[1:].strip()
    if given in ("", "*"):
        return
    if given[0] in "^~" and VERSION.fullmatch(version):
        yield f">={version}"
        yield f"<{_next(version, caret=given[0] == '^')}"
    elif VERSION.fullmatch(given) or VERSION.fullmatch(given.removesuffix(".*")):
        yield f"=={given}"
    elif BOUND.fullmatch(given):
        yield given.replace(" ", "")
    else:
        raise _refused(name)


def _next(version: str, *, caret: bool) -> str:
    """Return the version that a constraint ends before."""
    numbers = [int(part) for part in version.split(".")]
    first = next((at for at, number in enumerate(numbers) if number), len(numbers) - 1)
    at = first if caret else min(1, len(numbers) - 1)
    return ".".join(map(str, [*numbers[:at], numbers[at] + 1]))


def _refused(name: str) -> RefusedError:
    return RefusedError(
        f"pyproject.toml declares {name!r} in [tool.poetry] in a way that [project] does not have",
        "move the dependencies to [project], as Poetry 2 has it (`poetry check` says what is "
        "left), and adopt again",
    )
