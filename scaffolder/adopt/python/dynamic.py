"""Dependencies that pyproject.toml has setuptools read from files: `dynamic = ["dependencies"]`.

Source: setuptools, "Configuring setuptools using pyproject.toml files", dynamic metadata. What is
added for the runtime and the stages has to stand in pyproject.toml, so that the files are read once
more, and the lines that name them go.
"""

import re
from collections.abc import Mapping
from typing import Any

KEY = "dependencies"
LISTED = re.compile(r"^(dynamic\s*=\s*)\[([^\]#]*)\][ \t]*(?:\n|$)", re.MULTILINE)
NAMED = re.compile(r"^\[tool\.setuptools\.dynamic\][^\n]*\n(?:(?!\[).*\n?)*", re.MULTILINE)
FILE = re.compile(r"^dependencies\s*=\s*\{[^{}\n]*\}[^\n]*\n?", re.MULTILINE)


def is_so(manifest: Mapping[str, Any]) -> bool:
    """Tell whether the dependencies are declared elsewhere."""
    return KEY in (manifest.get("project", {}).get("dynamic") or ())


def files(manifest: Mapping[str, Any]) -> list[str]:
    """Return the files in which they are, as setuptools is told; none for any other way."""
    table = manifest.get("tool", {})
    for key in ("setuptools", "dynamic", KEY, "file"):
        table = table.get(key) if isinstance(table, Mapping) else None
    found = [table] if isinstance(table, str) else table
    is_list = is_so(manifest) and isinstance(found, list)
    return [str(path) for path in found] if is_list and found else []


def declared(text: str) -> str:
    """Return a pyproject.toml that does not say any more that they are elsewhere."""
    text = LISTED.sub(_without, text, count=1)
    return NAMED.sub(lambda table: FILE.sub("", table[0]), text, count=1)


def expected(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return what has to be in it then."""
    project, tool = dict(manifest["project"]), dict(manifest["tool"])
    setuptools = dict(tool["setuptools"])
    kept = [item for item in project.pop("dynamic") if item != KEY]
    project |= {"dynamic": kept} if kept else {}
    setuptools["dynamic"] = {k: v for k, v in setuptools["dynamic"].items() if k != KEY}
    return {**manifest, "project": project, "tool": {**tool, "setuptools": setuptools}}


def _without(listed: "re.Match[str]") -> str:
    items = [item for item in map(str.strip, listed[2].split(",")) if item]
    kept = [item for item in items if item.strip("\"'") != KEY]
    return f"{listed[1]}[{', '.join(kept)}]\n" if kept else ""
