"""What an export says of its files: one that was cut or changed on its way is noticed."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256

MANIFEST = "manifest.json"
FORMER = "version"
"""What exports of viscaffold 0.10 have in its place: the version, and nothing about files."""


@dataclass(frozen=True)
class Content:
    """What is in the file of a table."""

    rows: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """How far a part of the schema had come, and what is in the files of its tables."""

    version: str
    tables: Mapping[str, Content]

    def written(self) -> bytes:
        """Return it as JSON, the same in every language."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False).encode() + b"\n"


def parsed(written: bytes) -> Manifest:
    """Read a manifest; raise ValueError for what is none."""
    try:
        found = json.loads(written)
    except RecursionError as error:
        raise ValueError from error
    match found:
        case {"version": str(version), "tables": dict(tables)}:
            return Manifest(version, {name: _content(one) for name, one in tables.items()})
    raise ValueError


def _content(found: object) -> Content:
    match found:
        case {"rows": int(rows), "sha256": str(digest)} if rows >= 0:
            return Content(rows, digest)
    raise ValueError


class Counter:
    """Counts lines, and makes a digest of them."""

    def __init__(self) -> None:
        self.count = 0
        self._digest = sha256()

    def add(self, line: bytes) -> None:
        self.count += 1
        self._digest.update(line)

    @property
    def content(self) -> Content:
        return Content(self.count, self._digest.hexdigest())
