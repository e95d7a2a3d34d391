"""Renders that are known already, so that a command need not render again, or import Copier at all.

An entry is named after all that it depends on, and starts with a digest of what it holds: one that
is damaged counts as none.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from .engine import ANSWERS_FILE
from .engine.trees import Tree
from .render import recorded
from .source import Source

ENTRIES = 8
"""The base, what comes next, and some of what was tried."""


def get(directory: Path, source: Source, answers: Mapping[str, Any]) -> Tree | None:
    """Return what `source` gives for `answers`, or None if that is not known."""
    try:
        digest, _, body = (directory / _key(source, answers)).read_bytes().partition(b"\n")
    except OSError:
        return None
    if hashlib.sha256(body).hexdigest().encode() != digest:
        return None
    stored = json.loads(body)
    return {path: (mode, base64.b64decode(text)) for path, (mode, text) in stored.items()}


def put(directory: Path, source: Source, tree: Tree) -> None:
    """Remember a render by the answers that it records; where that fails, it is rendered again."""
    answers = recorded(tree[ANSWERS_FILE][1])
    stored = {path: (mode, base64.b64encode(data).decode()) for path, (mode, data) in tree.items()}
    body = json.dumps(stored).encode()
    with suppress(OSError):
        directory.mkdir(parents=True, exist_ok=True)
        entry = directory / _key(source, answers)
        new = entry.with_suffix(".new")
        new.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        new.replace(entry)
        entries = sorted(directory.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in entries[ENTRIES:]:
            old.unlink()


def _key(source: Source, answers: Mapping[str, Any]) -> str:
    tools = [metadata.version(name) for name in ("viscaffold", "copier", "jinja2")]
    about = [source.name, source.version, source.digest, tools, dict(answers)]
    return hashlib.sha256(json.dumps(about, sort_keys=True, default=str).encode()).hexdigest()
