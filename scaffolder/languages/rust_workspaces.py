"""Cargo workspaces: a package below one has to be a member of it, or excluded."""

import tomllib
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

MANIFEST = "Cargo.toml"


def note(service: Path) -> str:
    """Return what a workspace above the directory `service` means for it; empty without one.

    Cargo refuses to build a package below a workspace that does not know it:
    https://doc.rust-lang.org/cargo/reference/workspaces.html#the-members-and-exclude-fields
    """
    for directory in service.parents:
        workspace = _workspace(directory / MANIFEST)
        if workspace is None:
            continue
        path = service.relative_to(directory).as_posix()
        manifest = directory / MANIFEST
        if _is_within(path, _texts(workspace, "exclude")):
            continue
        if any(fnmatch(path, pattern) for pattern in _texts(workspace, "members")):
            return f"as a member of {manifest}, it is built with the lock and profiles of that"
        return (
            f"cargo will not build it below the workspace of {manifest}: add "
            f'"{path}" to `members` there, or to `exclude` to keep its own lock'
        )
    return ""


def _workspace(manifest: Path) -> dict[str, object] | None:
    try:
        found = tomllib.loads(manifest.read_text(encoding="utf-8")).get("workspace")
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _texts(table: dict[str, object], key: str) -> list[str]:
    values = table.get(key)
    return [text for text in values if isinstance(text, str)] if isinstance(values, list) else []


def _is_within(path: str, directories: Iterable[str]) -> bool:
    return any(f"{path}/".startswith(f"{name.rstrip('/')}/") for name in directories)
