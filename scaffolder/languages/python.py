"""Python: pip installs, in virtual environments; pyproject.toml is the manifest."""

import hashlib
import keyword
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from . import python_lock, python_source, python_tools, python_wiring, toml_text
from .base import Command, Tree

NAME = "python"
TITLE = "Python"
SUFFIX = python_source.SUFFIX
LOCAL = frozenset({"venv"})

FOREIGN = re.compile(
    r"@ ?[a-z+]+://|\bgit\+|\b(extra-)?index(-url|_url)?\b.{0,9}://|find-links|"
    r"tool\.(uv|pdm|poetry)\.(sources?|index)|--(extra-)?index-url|"
    r"\b(PIP|UV)_[A-Z_]*(INDEX|FIND_LINKS)",
)
"""Direct references (PEP 508) and other indexes, as pip, uv and similar tools are given them."""

_SOMEWHERE = """
annotationlib asynchat asyncore cgi cgitb chunk compression crypt distutils imghdr imp lib2to3
mailcap nis nntplib ossaudiodev pipes smtpd sndhdr spwd sunau telnetlib test uu xdrlib
"""

STANDARD = sys.stdlib_module_names | frozenset(_SOMEWHERE.split())
"""Modules of the standard library in any Python that a service runs with, from 3.11 on. `test` is
in each, but in no list."""


MANIFEST = "pyproject.toml"

UNREACHABLE = re.compile(r"error sending request|[Rr]equest failed|dns error|timed? ?out|offline")

module_of = python_source.module_of
spellings = python_source.spellings
read = python_source.read
texts = python_source.texts
tools = python_tools.tools
installed_problem = python_tools.installed_problem
word_problem = python_wiring.word_problem
wired = python_wiring.wired


def name_problem(name: str, taken: Iterable[str]) -> str:
    """Return why no package can be called like the service, or an empty text."""
    module = name.replace("-", "_")
    if keyword.iskeyword(module) or keyword.issoftkeyword(module):
        return "it is a keyword of Python"
    if module in STANDARD:
        return "it is a module of Python's standard library"
    if name in map(normalized, taken):
        return "it would hide a module that the service uses, or its tests or its build do"
    return ""


def normalized(requirement: str) -> str:
    """Return the name in a requirement, as PEP 503 writes it."""
    found = re.match(r"[\w.-]*", requirement.strip(), re.ASCII)
    return re.sub(r"[-_.]+", "-", found[0] if found else "").lower().strip("-")


def place_note(service: Path) -> str:  # noqa: ARG001 - of the protocol
    """Return nothing: no tool looks above a service."""
    return ""


def test_modules(paths: Iterable[str]) -> list[str]:
    """Return the modules of tests, which pytest imports by name."""
    tests = (PurePosixPath(path) for path in paths if "/tests/" in path and SUFFIX in path)
    return sorted({path.name.partition(".")[0] for path in tests})


def dependency_problem(text: str) -> str:
    """Return why a text is no requirement (PEP 508) that pyproject.toml can quote."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        Requirement(text)
    except InvalidRequirement:
        return "it is not a requirement such as name>=1.0"
    return "it has double quotes or backslashes" if '"' in text or "\\" in text else ""


def requirements(tree: Tree) -> list[str]:
    """Return the dependencies and dependency groups of pyproject.toml."""
    import tomllib

    manifest = tomllib.loads(tree[MANIFEST][1].decode())
    groups = [item for group in manifest.get("dependency-groups", {}).values() for item in group]
    named = [*manifest["project"]["dependencies"], *groups]
    return sorted({item for item in named if isinstance(item, str)})


manifest_problem = toml_text.problem
is_lock = python_lock.is_lock
is_current = python_lock.is_current
lock = python_lock.lock


def make_environment(directory: Path, requirements: Iterable[str]) -> None:
    """Make a virtual environment; raise CalledProcessError if uv fails."""
    from . import uv

    for command in (
        uv.command("venv", str(directory)),
        [*uv.command("pip", "install", python=directory / "bin/python"), *requirements],
    ):
        subprocess.run(
            command,
            env=uv.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )


def environment_key(service: Path, files: Mapping[str, str]) -> str:
    """Return the Python, and what is to be installed."""
    content = (_listed(service, files) or service / MANIFEST).read_bytes()
    return f"{sys.base_prefix} {sys.version} {hashlib.sha256(content).hexdigest()}"


def installation(directory: Path, service: Path, files: Mapping[str, str]) -> Iterator[Command]:
    """Return what makes a virtual environment, with all that is needed to test the service."""
    from . import uv

    yield Command(tuple(uv.command("venv", "--clear", str(directory))), uv.environment())
    listed = _listed(service, files)
    if listed:
        wanted = ["--requirement", str(listed)]
    else:
        wanted = requirements({MANIFEST: ("", (service / MANIFEST).read_bytes())})
    install = uv.command("pip", "install", python=directory / "bin/python")
    yield Command((*install, "--compile-bytecode", *wanted), uv.environment())


def _listed(service: Path, files: Mapping[str, str]) -> Path | None:
    """Return the file of all that is needed to work on a service, locked or not."""
    path = service / files.get("dev", "")
    return path if path.is_file() else None


def is_unreachable(said: str) -> bool:
    """Tell whether uv says that no registry answered."""
    return bool(UNREACHABLE.search(said))


def environment_problem(directory: Path) -> str:
    """Return why a directory is no virtual environment, or an empty text."""
    there = (directory / "bin" / "python").exists()
    return (
        "" if there else f"it is not a virtual environment; make one: python3 -m venv {directory}"
    )


def variables(directory: Path) -> dict[str, str]:
    """Return what activating the environment would set; no bytecode is written into the service."""
    bin_ = Path(os.path.abspath(directory)) / "bin"  # noqa: PTH100 - a link to an environment stays
    return {
        "PATH": f"{bin_}{os.pathsep}{os.environ.get('PATH', '')}",
        "VIRTUAL_ENV": str(bin_.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
