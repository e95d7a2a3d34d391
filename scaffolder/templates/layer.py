"""What the answers of a service record of its overlays."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scaffolder.engine import ANSWERS_FILE
from scaffolder.errors import RefusedError
from scaffolder.text import shown

KEY = "_overlays"
"""Where the answers record them."""

SCP = re.compile(r"(?:[\w.-]+@)?[\w.-]+:(?!/?/)(.*)", re.ASCII)
"""HOST:PATH, as ssh takes it (git-clone(1), GIT URLS)."""

TAG = re.compile(r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9.+_-]*(/[A-Za-z0-9][A-Za-z0-9.+_-]*)*")
"""Names of tags that versions may have."""

SHORT = 8
"""How many digits of a digest are shown to tell versions of a directory apart."""


@dataclass(frozen=True)
class Layer:
    """An overlay as a service records it."""

    source: str
    """A URL or path without credentials."""
    digest: str
    version: str = ""
    """A tag; empty for a directory."""
    commit: str = ""
    with_stage: bool = False
    """`add-stage` brought it for a stage; it goes with its last stage."""

    @property
    def label(self) -> str:
        """Return what messages put before a path in it."""
        return f"{self.source}@{self.version}:" if self.version else f"{self.source}/"

    @property
    def shown(self) -> str:
        """Return its version, for messages."""
        return self.version or self.digest[:SHORT]

    def entry(self) -> dict[str, Any]:
        """Return what the answers hold of it."""
        found = {key: value for key, value in vars(self).items() if value}
        return {key: found[key] for key in sorted(found)}


def read(found: object, root: Path) -> tuple[Layer, ...]:
    """Read what the answers of the service in `root` record; raise RefusedError if it is damaged.

    A path that somebody wrote relative means a place in that service, and none in another.
    """
    entries = [] if found is None else found
    if not isinstance(entries, list):
        raise _damaged(f"has something else than a list for {KEY!r}")
    return tuple(_absolute(_layer(entry), root) for entry in entries)


def _absolute(layer: Layer, root: Path) -> Layer:
    if "://" in layer.source or SCP.fullmatch(layer.source):
        return layer
    return replace(layer, source=str((root / layer.source).resolve()))


def _layer(entry: object) -> Layer:
    known = {"source": str, "digest": str, "version": str, "commit": str, "with_stage": bool}
    fits = isinstance(entry, dict) and all(
        key in known and isinstance(value, known[key]) for key, value in entry.items()
    )
    if not isinstance(entry, dict) or not fits or not {"source", "digest"} <= entry.keys():
        raise _damaged(f"has an entry in {KEY!r} without a source or a digest, or with more")
    layer = Layer(**entry)
    plain = layer.source.isprintable() and not layer.source.startswith("-")
    if not plain or not set(layer.digest) <= set("0123456789abcdef") or len(layer.digest) != 64:  # noqa: PLR2004 - sha256
        raise _damaged(f"has an entry in {KEY!r} that no viscaffold wrote")
    if layer.version and not TAG.fullmatch(layer.version):
        raise _damaged(f"has a version in {KEY!r} that is not a tag: {shown(layer.version)}")
    return layer


def _damaged(problem: str) -> RefusedError:
    return RefusedError(
        f"{ANSWERS_FILE} {problem}",
        f"take back what was changed in it: git checkout {ANSWERS_FILE}",
    )
