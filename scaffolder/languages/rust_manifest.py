"""Cargo.toml, read and never acted upon: what a package depends on, and no more of it for cargo.

A manifest can name files, directories and servers. It may be a stranger's, so cargo gets one that
was written anew, of what decides on versions.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .base import NotLockedError

Table = Mapping[str, Any]

PACKAGE = ("name", "version", "edition", "rust-version", "resolver")
KINDS = ("dependencies", "dev-dependencies", "build-dependencies")
DEPENDENCY = (
    *("version", "registry", "package", "features", "default-features", "optional", "workspace"),
)
"""What is passed on of a dependency. A registry is named by what the user's own cargo calls it."""

ELSEWHERE = {
    "path": "a directory",
    "git": "a git repository",
    "registry-index": "a registry that the manifest brings along",
}
"""Keys by which a dependency comes from where nothing is locked, and what that is."""

CARGO = "cargo update --workspace"
"""Locks what only the user may have fetched or read; other versions stay as they are."""


@dataclass(frozen=True)
class Manifest:
    """A package, what it requires, and a manifest of just that for cargo."""

    name: str
    version: str
    requirements: list[tuple[str, str]]
    """Packages, and which of their versions fit; a package can be there twice."""
    text: str


def read(content: bytes) -> Manifest:
    """Read a Cargo.toml; raise NotLockedError if it is not valid or cannot be locked."""
    try:
        return _manifest(tomllib.loads(content.decode()))
    except KeyError as error:
        raise NotLockedError(f"Cargo.toml cannot be read: it has no {error}") from error
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise NotLockedError(f"Cargo.toml cannot be read: {error}") from error


def _manifest(found: Table) -> Manifest:
    for key in ("patch", "replace"):
        if key in found:
            raise NotLockedError(f"Cargo.toml has packages in the place of others ([{key}])", CARGO)
    package = _package(found)
    workspace = _workspace(found)
    given = {**_dependencies(found), "target": _targets(found)}
    inherited = workspace.get("dependencies", {})
    text = {"package": package, "workspace": workspace, **given}
    text |= {"features": found["features"]} if "features" in found else {}
    return Manifest(
        _text(package, "name"),
        _inherited(package, workspace, "version"),
        [_requirement(*one, inherited) for one in _every(given)],
        "".join(f"{key} = {toml(value)}\n" for key, value in text.items()),
    )


def _package(found: Table) -> Table:
    package = found["package"]
    shared = [key for key in PACKAGE if isinstance(package.get(key), dict)]
    if shared and "workspace" not in found:
        raise NotLockedError(f"Cargo.toml has its {shared[0]} from a workspace, which is locked")
    return {"version": "0.0.0", **{key: package[key] for key in PACKAGE if key in package}}


def _workspace(found: Table) -> Table:
    """Return what of a workspace is about its versions; without any, it is one of its own."""
    workspace = found.get("workspace", {})
    if workspace.get("members"):
        raise NotLockedError("Cargo.toml is of a workspace with other members", CARGO)
    kept = {key: workspace[key] for key in ("resolver",) if key in workspace}
    package = {k: v for k, v in workspace.get("package", {}).items() if k in PACKAGE}
    return {**kept, "package": package, **_dependencies(workspace, KINDS[:1])}


def _dependencies(found: Table, kinds: tuple[str, ...] = KINDS) -> dict[str, Table]:
    """Return the dependencies of each kind, each with what is passed on of it."""
    return {
        kind: {key: _dependency(key, value) for key, value in found[kind].items()}
        for kind in kinds
        if kind in found
    }


def _targets(found: Table) -> dict[str, dict[str, Table]]:
    """Return the dependencies that some platforms have."""
    return {target: _dependencies(table) for target, table in found.get("target", {}).items()}


def _dependency(name: str, value: str | Table) -> Table:
    if isinstance(value, str):
        return {"version": value}
    for key, place in ELSEWHERE.items():
        if key in value:
            raise NotLockedError(f"{name} comes from {place}", CARGO)
    return {key: value[key] for key in DEPENDENCY if key in value}


def _every(given: Table) -> Iterator[tuple[str, Table]]:
    """Return every dependency, of whatever kind and platform."""
    for tables in (given, *given["target"].values()):
        for kind in KINDS:
            yield from tables.get(kind, {}).items()


def _requirement(name: str, value: Table, inherited: Table) -> tuple[str, str]:
    """Return the package and version of a dependency."""
    if value.get("workspace"):
        if name not in inherited:
            raise NotLockedError(f"{name} comes from a workspace, which is locked")
        value = inherited[name]
    if "version" not in value:
        raise NotLockedError(f"{name} has no version in Cargo.toml")
    package = _text(value, "package") if "package" in value else name
    return package, _text(value, "version")


def _text(table: Table, key: str) -> str:
    value = table[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} has to be a text")
    return value


def _inherited(package: Table, workspace: Table, key: str) -> str:
    """Return a text of a package that it may have from its workspace."""
    return _text(workspace["package"] if isinstance(package[key], dict) else package, key)


def toml(value: object) -> str:
    """Return a value in TOML, on one line."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{toml(str(key))} = {toml(item)}" for key, item in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, bool | int | str):
        # A text of JSON is one of TOML, but for one letter.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    raise TypeError(f"{value!r} has no place in it")
