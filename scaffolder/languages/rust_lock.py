"""Locks of Rust services: the versions and checksums in Cargo.lock, resolved by cargo.

Cargo runs for a package of no code in a directory of its own. It reads what the registry says of
packages, downloads none, and so runs no code of any.
"""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from scaffolder import temporary

from . import cargo, rust_manifest, rust_versions
from .base import NotLockedError
from .rust_manifest import Manifest, toml

Package = Mapping[str, Any]

FORMAT = 4
"""The version of a lock's format, where a lock does not say."""

NAME = re.compile(r"[A-Za-z0-9_-]+")
LISTED = re.compile(rf"{NAME.pattern}(?: [\w.+-]+)?")
"""A package, and its version where there are several, among the dependencies of another one."""

CHECKSUM = re.compile(r"[0-9a-f]{64}")


def is_lock(content: bytes) -> bool:
    """Tell whether a file is a Cargo.lock."""
    return bool(_packages(content))


def is_current(manifest: bytes, locked: bytes) -> bool:
    """Tell whether a lock fits a manifest; False for a bad manifest.

    What both list is compared. Features are in no lock: whether they bring more is for cargo to
    say, where there is one.
    """
    try:
        wanted = rust_manifest.read(manifest)
    except NotLockedError:
        return False
    return _lists(_packages(locked), wanted) and not _is_refused(wanted, locked)


def lock(
    manifest: bytes, files: Mapping[str, str], locked: Mapping[str, bytes], *, upgrade: bool
) -> dict[str, bytes]:
    """Return the Cargo.lock for a Cargo.toml; what is `locked` stays, where it still fits.

    Raise NotLockedError, with the reason, if the manifest is not valid, names a package by its
    place, or cannot be resolved, and if there is no cargo or no registry answers.
    """
    wanted = rust_manifest.read(manifest)
    (path,) = files.values()
    with temporary.directory() as directory:
        _write(directory, wanted)
        made = directory / "Cargo.lock"
        if path in locked and not upgrade:
            known = _packages(locked[path])
            made.write_text(_kept(known, wanted.name, cargo.sources(directory)), encoding="utf-8")
        cargo.run(directory, "update", "--workspace")
        return {path: made.read_bytes()}


def _write(directory: Path, wanted: Manifest) -> None:
    """Write a package of no code with the dependencies of the service."""
    (directory / "src").mkdir()
    (directory / "src/lib.rs").touch()
    (directory / "Cargo.toml").write_text(wanted.text, encoding="utf-8")


def _is_refused(wanted: Manifest, locked: bytes) -> bool:
    """Tell whether cargo would not take a lock as it is; False where there is no cargo."""
    with temporary.directory() as directory:
        _write(directory, wanted)
        (directory / "Cargo.lock").write_bytes(locked)
        try:
            cargo.run(directory, "update", "--workspace", "--locked", "--offline")
        except cargo.NoCargoError:
            return False
        except NotLockedError:
            return True
    return False


def _packages(content: bytes) -> list[Package]:
    """Return the packages of a lock; none if it is not valid."""
    try:
        listed = tomllib.loads(content.decode())["package"]
    except (ValueError, KeyError, RecursionError):
        return []
    valid = isinstance(listed, list) and all(
        isinstance(one, dict) and "name" in one for one in listed
    )
    return listed if valid else []


def _lists(packages: list[Package], wanted: Manifest) -> bool:
    """Tell whether the package's own entry lists what it requires, in versions that fit."""
    own = [one for one in packages if one["name"] == wanted.name and "source" not in one]
    if [one.get("version") for one in own] != [wanted.version]:
        return False
    listed = [_chosen(text, packages) for text in own[0].get("dependencies", [])]
    met = [[one for one in listed if _meets(one, *needed)] for needed in wanted.requirements]
    return all(met) and all(one in [m for found in met for m in found] for one in listed)


def _chosen(listed: str, packages: list[Package]) -> tuple[str, str]:
    """Return the name and version of a package that is listed with its version or without."""
    name, _, rest = listed.partition(" ")
    versions = [str(one.get("version")) for one in packages if one["name"] == name]
    return name, rest.partition(" ")[0] or "".join(versions[:1])


def _meets(one: tuple[str, str], name: str, requirement: str) -> bool:
    return one[0] == name and rust_versions.fits(requirement, one[1])


def _kept(packages: list[Package], own: str, sources: Collection[str]) -> str:
    """Return a lock with the packages that cargo may look up again.

    A lock names registries by their addresses, and cargo would ask them: only those that the user
    has set it up for are kept.
    """
    entries = [entry for one in packages for entry in _entry(one, own, sources)]
    return "\n".join([f"version = {FORMAT}", *entries, ""])


def _entry(one: Package, own: str, sources: Collection[str]) -> Iterator[str]:
    name, version, source = (str(one.get(key, "")) for key in ("name", "version", "source"))
    is_own = name == own and not source
    if not (is_own or source in sources) or not rust_versions.parse(version):
        return
    listed = [text for text in one.get("dependencies", []) if LISTED.fullmatch(str(text))]
    checksum = str(one.get("checksum", ""))
    values = {"name": name, "version": version}
    values |= {} if is_own else {"source": source}
    values |= {"checksum": checksum} if CHECKSUM.fullmatch(checksum) else {}
    yield "[[package]]"
    yield from (f"{key} = {toml(value)}" for key, value in values.items())
    yield f"dependencies = {toml(listed)}"
