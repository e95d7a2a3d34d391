"""What is recorded of an operation, so that it can be finished or taken back."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from scaffolder.errors import RefusedError

from . import ANSWERS_FILE, safe_paths
from .trees import Blob

NAME = "record.json"

MOST_BYTES = 64 * 1024 * 1024
"""Of a record; one of 2,000 files takes less than one MiB."""

MODES = ("100644", "100755", "120000", "160000")
OID = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
FINGERPRINT = re.compile("(file|exec|link) [0-9a-f]{64}|other")


@dataclass(frozen=True)
class File:
    """A file of an operation: what the index had, what it was merged to, and what stood on disk.

    Where index and work tree differed before, `before` is what stood on disk (Record.staged).
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
    staged: dict[str, dict[int, Blob]] = field(default_factory=dict)
    """What the index had, by stage, of paths of which it had something else than stood on disk."""
    undoes: str = ""
    """Name of the record that it takes back."""
    data: list[str] = field(default_factory=list)
    """In words, what it did to data, which does not come back with the files."""

    @property
    def title(self) -> str:
        """Return what was typed: "add-stage auth"."""
        return f"{self.command} {self.subject}".strip()

    def entry(self, path: str) -> dict[int, Blob]:
        """Return what the index had of a file, by stage."""
        before = self.files[path].before
        return self.staged.get(path, {0: before} if before else {})

    def copy(self, directory: Path, path: str) -> Path | None:
        """Return the copy of a file of before that is kept with the record in `directory`.

        None if there was no file, or if what is kept is not what it was.
        """
        kept = f"old/{self.prefix}{path}"
        old = self.files[path].old
        if old is None or safe_paths.is_behind_link(directory, kept):
            return None
        return directory / kept if fingerprint(directory / kept) == old else None

    @property
    def witness(self) -> str:
        """Return the path whose content shows whether the operation stands, in a tree or on disk.

        It is the file that is swapped last: the answers or, if the operation leaves them alone, the
        last one that is written.
        """
        last = max(self.files, key=lambda path: (self.files[path].after is not None, path))
        return ANSWERS_FILE if ANSWERS_FILE in self.files else last

    def write(self, directory: Path) -> None:
        """Write it into `directory`."""
        (directory / NAME).write_text(json.dumps(asdict(self)), encoding="utf-8")


def read(directory: Path, *, prefix: str | None = None) -> Record:
    """Read a record; raise RefusedError if another viscaffold wrote it, or nobody did.

    It may have come with a repository from somewhere else: nothing in it leads out of the work
    tree, or into `.git`. With `prefix`, it has to be of the service there.
    """
    try:
        record = _parsed(directory / NAME)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _refused(directory, f"cannot be read: {error}") from error
    problem = _problem(record)
    if not problem and prefix not in (None, record.prefix):
        problem = f"it is of {record.prefix or 'the top directory'!r}"
    if problem:
        raise _refused(directory, f"was not written by viscaffold here: {problem}")
    return record


def _refused(directory: Path, problem: str) -> RefusedError:
    return RefusedError(
        f"{directory / NAME} {problem}",
        f"use the viscaffold that wrote it, or, to forget what it did, remove {directory}",
    )


def _parsed(file: Path) -> Record:
    if file.stat().st_size > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES >> 20} MiB")
    stored = json.loads(file.read_text(encoding="utf-8"))
    files = {path: _file(entry) for path, entry in stored.pop("files").items()}
    staged = {
        path: {int(stage): Blob(**blob) for stage, blob in stages.items()}
        for path, stages in stored.pop("staged").items()
    }
    return Record(files=files, staged=staged, versions=tuple(stored.pop("versions")), **stored)


def _file(entry: Mapping[str, Any]) -> File:
    blobs = {key: Blob(**entry[key]) if entry[key] else None for key in ("before", "after")}
    return File(old=entry["old"], new=entry["new"], **blobs)


def _problem(record: Record) -> str:
    """Return what no viscaffold writes into a record; an empty text for none."""
    lists = (
        *(record.added, record.removed, record.versions),
        *(record.conflicts, record.directories, record.data),
    )
    words = [record.command, record.subject, record.prefix, record.head, record.undoes]
    if not all(isinstance(found, list | tuple) for found in lists):
        return "something else stands where a list has to"
    words += [word for found in lists for word in found]
    if not all(isinstance(word, str) for word in words):
        return "something else stands where text has to"
    if record.undoes and not re.fullmatch("[0-9]{1,9}", record.undoes):
        return f"it takes back {record.undoes!r}, which is no record"
    if len(record.versions) != 2:  # noqa: PLR2004 - before and after
        return "an operation has two versions"
    if not record.files:
        return "it has no files"
    blobs = [blob for stages in record.staged.values() for blob in stages.values()]
    problems = (*map(_file_problem, record.files.values()), *map(_blob_problem, blobs))
    return _path_problem(record) or next(filter(None, problems), "")


def _path_problem(record: Record) -> str:
    prefix = record.prefix.removesuffix("/")
    paths = [*([prefix] if record.prefix else []), *record.directories]
    paths += [record.prefix + path for path in record.files]
    if record.prefix and not record.prefix.endswith("/"):
        return f"{record.prefix!r} is no directory"
    if not record.staged.keys() <= record.files.keys():
        return "something was staged of a file that it does not have"
    for path in paths:
        why = safe_paths.problem(path)
        if why:
            return f"{path!r}: {why}"
    return ""


def _file_problem(file: File) -> str:
    for blob in filter(None, (file.before, file.after)):
        if problem := _blob_problem(blob):
            return problem
    for found in (file.old, file.new):
        if found is not None and not FINGERPRINT.fullmatch(found):
            return f"{found!r} identifies no file"
    return ""


def _blob_problem(blob: Blob) -> str:
    if blob.mode not in MODES or not OID.fullmatch(blob.oid):
        return f"{blob} is no file"
    return ""


def fingerprint(path: Path) -> str | None:
    """Return what identifies a file on disk: kind, exec bit and content; None for no file.

    Anything else than a file, link or directory is recorded by its kind alone.
    """
    try:
        if path.is_symlink():
            return f"link {hashlib.sha256(os.fsencode(path.readlink())).hexdigest()}"
        if not path.is_file():
            return "other" if path.exists() and not path.is_dir() else None
        kind = "exec" if path.stat().st_mode & 0o100 else "file"
        with path.open("rb") as file:
            return f"{kind} {hashlib.file_digest(file, 'sha256').hexdigest()}"
    except (FileNotFoundError, NotADirectoryError):
        return None
