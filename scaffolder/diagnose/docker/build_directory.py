"""Reads the directory that an image was built from: a stranger's, as far as is known."""

import os
from pathlib import Path

from scaffolder import regular_files
from scaffolder.diagnose.evidence.build import Build
from scaffolder.errors import UsageError

MOST = 20_000
"""How many files are listed."""
SKIPPED = {".git", "node_modules", ".venv", "target"}


def read(name: str) -> Build:
    """Return what a directory gives to a build; raise UsageError if it has no Dockerfile."""
    directory = Path(name)
    dockerfile = regular_files.text(directory / "Dockerfile")
    if dockerfile is None:
        raise UsageError(
            f"{name} has no Dockerfile",
            "viscaffold diagnose NAME --built-from DIR, with the directory that docker build gets",
        )
    ignored = regular_files.text(directory / ".dockerignore") or ""
    return Build(name, _files(directory), dockerfile, ignored)


def _files(directory: Path) -> tuple[str, ...]:
    """List regular files; links, which can lead anywhere, are not followed."""
    found: list[str] = []
    for place, folders, names in os.walk(directory):
        folders[:] = sorted(set(folders) - SKIPPED)
        at = Path(place)
        regular = (at / name for name in sorted(names) if regular_files.is_regular(at / name))
        found += [path.relative_to(directory).as_posix() for path in regular]
        if len(found) >= MOST:
            break
    return tuple(found[:MOST])
