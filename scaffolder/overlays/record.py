"""What the answers of a service record of its overlays."""

from dataclasses import dataclass
from typing import Any

from scaffolder import names
from scaffolder.engine import ANSWERS_FILE
from scaffolder.errors import RefusedError

from . import origin

KEY = "_overlays"
"""Where the answers record them."""

SHORT = 8
"""So much of a digest tells contents of a directory apart."""


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
    """It came for a stage's sake, by `add-stage`, and goes with its last one."""

    @property
    def label(self) -> str:
        """Return what messages put before a path in it."""
        return f"{self.source}@{self.version}:" if self.version else f"{self.source}/"

    @property
    def shown(self) -> str:
        """Return its version, for messages."""
        return self.version or self.digest[:SHORT]

    def recorded(self) -> dict[str, Any]:
        """Return what the answers hold of it."""
        found = {key: value for key, value in vars(self).items() if value}
        return {key: found[key] for key in sorted(found)}


def read(found: object) -> tuple[Layer, ...]:
    """Read what answers record; raise RefusedError if it is damaged."""
    entries = [] if found is None else found
    if not isinstance(entries, list):
        raise _damaged(f"has something else than a list for {KEY!r}")
    return tuple(_layer(entry) for entry in entries)


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
    if layer.version and not origin.TAG.fullmatch(layer.version):
        raise _damaged(f"has a version in {KEY!r} that is no tag: {names.shown(layer.version)}")
    return layer


def _damaged(problem: str) -> RefusedError:
    return RefusedError(
        f"{ANSWERS_FILE} {problem}",
        f"take back what was changed in it: git checkout {ANSWERS_FILE}",
    )
