"""Locks of Python services: the versions and hashes that pip may install, made by uv.

uv resolves for all platforms and versions of Python at once, which pip cannot do; pip installs it.
"""

import hashlib
import json
import re
import subprocess
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from scaffolder import temporary

from .base import ContradictionError, NotLockedError, hosts_only

SECONDS = 60
"""The time limit for one lock file."""

HEADER = """\
# {what}: versions and hashes, for every platform and Python {python}.
# Made from pyproject.toml ({digest}) by `viscaffold lock`; with --upgrade it takes newer versions.
"""
PINS = re.compile(
    rb"^[A-Za-z0-9][\w.-]*(?:\[[\w,.-]*\])?==[\w.+!]+(?: ;[^\\#$\n]*)?(?: \\)?\n"
    rb"|^ +--hash=sha256:[0-9a-f]{64}(?: \\)?$\n?",
    re.MULTILINE,
)
"""Lines of a lock that the next one builds on. Other lines could name files and addresses, and the
repository may be a stranger's."""

CONTRADICTION = "your requirements are unsatisfiable"
OTHERWISE = re.compile(r"not found|unavailable|network|wheels?\b|building from source")
"""Where uv says the same of what the registry lacks, or has no wheels of: it may be elsewhere."""

WHAT = {
    "dev": "All that is needed to run, build and test the service",
    "run": "All that the service needs to run",
    "build": "All that builds the service",
}

PARTS = ("run", "build")
"""Those that are a part of "dev"."""


def is_lock(content: bytes) -> bool:
    """Tell whether a file has versions with hashes, or nothing, and was made here."""
    pins = [line for line in content.splitlines() if line and not line.startswith(b"#")]
    made_here = b"\n# Made from pyproject.toml (" in content
    return made_here and (not pins or b"--hash=" in content)


def is_current(manifest: bytes, locked: bytes) -> bool:
    """Tell whether a lock was made from these requirements; False for a bad manifest."""
    try:
        digest = _digest(*_read(manifest))
    except NotLockedError:
        return False
    return f"({digest})".encode() in locked.partition(b"\n")[2].partition(b"\n")[0]


def lock(
    manifest: bytes, files: Mapping[str, str], locked: Mapping[str, bytes], *, upgrade: bool
) -> dict[str, bytes]:
    """Return the lock files for a pyproject.toml; what is `locked` stays, where it still fits.

    Only wheels are considered: a source distribution would run code to say what it needs. Raise
    NotLockedError, with the reason, if the manifest is not valid, names a package by its address,
    or cannot be resolved, and if no registry answers.
    """
    from concurrent.futures import ThreadPoolExecutor

    python, needed = _read(manifest)
    digest = _digest(python, needed)
    with temporary.directory() as directory:
        if files["dev"] in locked and not upgrade:
            (directory / "dev.txt").write_bytes(b"".join(PINS.findall(locked[files["dev"]])))

        def resolve(purpose: str, *options: str) -> bytes:
            (directory / f"{purpose}.in").write_text("\n".join(needed[purpose]), encoding="utf-8")
            _uv(directory, python, f"{purpose}.in", "--output-file", f"{purpose}.txt", *options)
            header = HEADER.format(what=WHAT[purpose], python=python, digest=digest)
            return header.encode() + (directory / f"{purpose}.txt").read_bytes()

        made = {files["dev"]: resolve("dev", *(["--refresh"] if upgrade else []))}
        with ThreadPoolExecutor() as pool:  # the others have the same versions
            parts = {part: pool.submit(resolve, part, "--constraints", "dev.txt") for part in PARTS}
        return made | {files[part]: future.result() for part, future in parts.items()}


def _digest(python: str, needed: Mapping[str, list[str]]) -> str:
    return hashlib.sha256(json.dumps([python, needed]).encode()).hexdigest()[:16]


@lru_cache(maxsize=4)  # each lock file is compared with the same manifest
def _read(manifest: bytes) -> tuple[str, dict[str, list[str]]]:
    """Return the versions of Python that a service is for, and what each lock is made from."""
    import tomllib

    from packaging.specifiers import SpecifierSet

    try:
        found = tomllib.loads(manifest.decode())
        project = found["project"]
        python = str(SpecifierSet(project.get("requires-python", ">=3.11")))
        run = _requirements(_list(project, "dependencies"))
        build = _requirements(_list(found.get("build-system", {}), "requires"))
        dev = _requirements(_group(found.get("dependency-groups", {}), "dev", ()))
    except KeyError as error:
        raise NotLockedError(f"pyproject.toml cannot be read: it has no {error}") from error
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise NotLockedError(f"pyproject.toml cannot be read: {error}") from error
    return python, {"dev": sorted({*run, *build, *dev}), "run": sorted(run), "build": sorted(build)}


def _group(groups: Mapping[str, Any], name: str, within: tuple[str, ...]) -> list[str]:
    """Return the requirements of a dependency group, with those that it includes (PEP 735)."""
    if name in within:
        raise ValueError(f"the dependency group {name} includes itself")
    found: list[str] = []
    for item in _list(groups, name):
        if isinstance(item, str):
            found.append(item)
        else:
            found += _group(groups, item["include-group"], (*within, name))
    return found


def _list(table: Mapping[str, Any], key: str) -> list[Any]:
    """Return a list of the manifest; raise TypeError for a text, which has letters as its items."""
    found = table.get(key, [])
    if not isinstance(found, list):
        raise TypeError(f"{key} has to be a list")
    return found


def _requirements(texts: Iterable[str]) -> list[str]:
    """Return requirements as uv reads them from a file; raise NotLockedError for an address."""
    from packaging.requirements import InvalidRequirement, Requirement

    found = []
    for text in texts:
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise NotLockedError(f"{text!r} is not a requirement") from error
        if requirement.url:
            raise NotLockedError(f"{requirement.name} comes from an address, which has no hash")
        found.append(str(requirement))
    return found


def _uv(directory: Path, python: str, *args: str) -> None:
    """Run `uv pip compile` in `directory`; raise NotLockedError, with what uv says, if it fails."""
    from . import uv

    options = ("--universal", "--generate-hashes", "--no-build", "--no-header", "--no-annotate")
    try:
        command = uv.command("pip", "compile", *options, "--python-version", _oldest(python))
        subprocess.run(
            [*command, *args],
            cwd=directory,
            env=uv.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise NotLockedError(f"the package registry took more than {SECONDS} s") from error
    except subprocess.CalledProcessError as error:
        excluded = CONTRADICTION in error.stderr and not OTHERWISE.search(error.stderr)
        kind = ContradictionError if excluded else NotLockedError
        raise kind(_reason(error.stderr)) from error
    except OSError as error:
        raise NotLockedError(f"uv cannot be run: {error}") from error


def _oldest(python: str) -> str:
    """Return the oldest version of Python 3 that is allowed; 3.11 if none is as low as that."""
    from packaging.specifiers import SpecifierSet

    allowed = SpecifierSet(python)
    return next((f"3.{n}" for n in range(8, 40) if allowed.contains(f"3.{n}")), "3.11")


def _reason(said: str) -> str:
    """Return what uv says in one line."""
    label = re.compile(r"^\W*(?:(?:error|cause|caused by):\s*)?", re.IGNORECASE)
    lines = [label.sub("", line).strip() for line in said.splitlines() if line.strip()]
    words = ": ".join([*lines[:1], *lines[-1:]] if len(lines) > 1 else lines)
    return hosts_only(words) or "uv failed without a word"
