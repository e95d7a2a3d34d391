"""Which Python there is on this machine, and whether a service can be worked on with it."""

import re
from collections.abc import Iterator
from pathlib import Path

from .tools import Tool, said

PYTHON = "python3"
USUAL = ">=3.11"

ASK = """\
import importlib.util, sys
lacks = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
print(".".join(map(str, sys.version_info[:3])), *lacks)
"""


def tools(manifest: bytes | None) -> Iterator[Tool]:
    """Return `python3`, with which people make the environment, and uv, which locks."""
    yield _python(_required(manifest))
    yield _uv()


def installed_problem(service: Path) -> str:
    """Return why the virtual environment `.venv` is of no use, or an empty text."""
    environment = service / ".venv"
    if not environment.is_dir():
        return ""
    python = environment / "bin/python"
    if not python.exists():
        return ".venv is broken: the Python that it was made with is gone"
    config, manifest = environment / "pyvenv.cfg", service / "pyproject.toml"
    told = config.read_text(encoding="utf-8", errors="replace") if config.is_file() else ""
    version = re.search(r"(?m)^version(?:_info)?\s*=\s*(\d+(?:\.\d+)*)", told)
    required = _required(manifest.read_bytes() if manifest.is_file() else None)
    if version and not _fits(version[1], required):
        return f".venv has Python {version[1]}, and the service requires {required}"
    return ""


def _fits(version: str, required: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - doctor alone

    try:
        return SpecifierSet(required).contains(version, prereleases=True)
    except InvalidSpecifier:
        return True  # the manifest is at fault, and its own tools say so


def _python(required: str) -> Tool:
    found, problem = said(PYTHON, "-I", "-c", ASK)
    install = f"install Python {required.lstrip('>=~')} or newer (python.org/downloads)"
    if problem:
        return Tool(PYTHON, problem=problem, fix=install)
    version, *lacks = found.split() or ["?"]
    name = f"Python {version}"
    if not _fits(version, required):
        return Tool(PYTHON, name, f"is {version}, and the service requires {required}", install)
    if lacks:
        return Tool(PYTHON, name, f"has no {' and no '.join(lacks)}: `python3 -m venv` fails",
                    "sudo apt install python3-venv, or the same of your system")  # fmt: skip
    return Tool(PYTHON, name)


def _required(manifest: bytes | None) -> str:
    import tomllib  # noqa: PLC0415 - doctor alone

    try:
        project = tomllib.loads((manifest or b"").decode()).get("project", {})
    except ValueError:
        return USUAL
    required = project.get("requires-python") if isinstance(project, dict) else None
    return required if isinstance(required, str) else USUAL


def _uv() -> Tool:
    from uv import find_uv_bin  # noqa: PLC0415 - doctor alone

    fix = "install viscaffold again: uv comes with it"
    try:
        place = find_uv_bin()
    except FileNotFoundError:
        return Tool("uv", problem="is not there, and without it nothing is locked", fix=fix)
    found, problem = said(place, "--version")
    return Tool("uv", found, problem, fix if problem else "")
