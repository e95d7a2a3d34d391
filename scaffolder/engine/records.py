"""What is recorded of an operation, so that it can be finished or taken back."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from scaffolder.errors import RefusedError

from .trees import Blob

NAME = "record.json"


@dataclass(frozen=True)
class File:
    """A file of an operation: what the index had, what it was merged to, and what stood on disk.

    `old` and `new` are fingerprints; None says that there was, or is to be, nothing.
    """

    before: Blob | None
    after: Blob | None
    old: str | None
    new: str | None


@dataclass(frozen=True)
class Record:
    """An operation, as it is kept until its result is committed."""

    command: str
    subject: str
    prefix: str
    head: str
    added: list[str]
    removed: list[str]
    versions: tuple[str, str]
    files: dict[str, File]
    conflicts: list[str] = field(default_factory=list)
    directories: list[str] = field(default_factory=list)
    """Directories that it makes, outermost first."""
    undoes: str = ""
    """Name of the record that it takes back."""

    @property
    def title(self) -> str:
        """Return what was typed: "add-stage auth"."""
        return f"{self.command} {self.subject}".strip()

    def write(self, directory: Path) -> None:
        """Write it into `directory`."""
        (directory / NAME).write_text(json.dumps(asdict(self)), encoding="utf-8")


def read(directory: Path) -> Record:
    """Read a record; raise RefusedError if another viscaffold wrote it, or nobody did."""
    try:
        stored = json.loads((directory / NAME).read_text(encoding="utf-8"))
        files = {path: _file(entry) for path, entry in stored.pop("files").items()}
        return Record(files=files, versions=tuple(stored.pop("versions")), **stored)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RefusedError(
            f"{directory / NAME} cannot be read: {error}",
            f"use the viscaffold that wrote it, or, to forget what it did, remove {directory}",
        ) from error


def _file(entry: Mapping[str, Any]) -> File:
    blobs = {key: Blob(**entry[key]) if entry[key] else None for key in ("before", "after")}
    return File(old=entry["old"], new=entry["new"], **blobs)


def fingerprint(path: Path) -> str | None:
    """Return what identifies a file on disk: kind, exec bit and content; None for nothing.

    What is neither a file nor a link is no more than its kind.
    """
    try:
        if path.is_symlink():
            return f"link {hashlib.sha256(os.fsencode(path.readlink())).hexdigest()}"
        if not path.is_file():
            return "other" if path.exists() else None
        kind = "exec" if path.stat().st_mode & 0o100 else "file"
        with path.open("rb") as file:
            return f"{kind} {hashlib.file_digest(file, 'sha256').hexdigest()}"
    except FileNotFoundError:
        return None
