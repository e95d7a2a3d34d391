"""Renders that are known already, so that a command need not render again, or import Copier at all.

They are in the user's own cache, for one that came with a repository could hold anything. An entry
is named after all that it depends on, and starts with a digest of what it holds: one that is
damaged counts as none.
"""

import base64
import hashlib
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from scaffolder import paths
from scaffolder.engine import ANSWERS_FILE
from scaffolder.engine.trees import Tree

from .questions import answers_in
from .template import Template

ENTRIES = 64
"""Of a few services each: the base, what comes next, and some of what was tried."""

LARGEST = 8 << 20
"""Bytes; what is larger is rendered again."""

TOOLS = ("viscaffold", "copier", "jinja2")
"""Packages that a render depends on."""


def get(template: Template, answers: Mapping[str, Any]) -> Tree | None:
    """Return what `template` gives for `answers`, or None if that is not known."""
    try:
        digest, _, body = (_home() / _key(template, answers)).read_bytes().partition(b"\n")
    except (OSError, RuntimeError):  # there is no entry, or no home
        return None
    if hashlib.sha256(body).hexdigest().encode() != digest:
        return None
    stored = json.loads(body)
    return {path: (mode, base64.b64decode(text)) for path, (mode, text) in stored.items()}


def put(template: Template, tree: Tree) -> None:
    """Remember a render by the answers that it records; where that fails, it is rendered again."""
    answers = answers_in(tree[ANSWERS_FILE][1])
    stored = {path: (mode, base64.b64encode(data).decode()) for path, (mode, data) in tree.items()}
    body = json.dumps(stored).encode()
    if len(body) > LARGEST:
        return
    with suppress(OSError, RuntimeError):
        directory = _home()
        directory.mkdir(parents=True, exist_ok=True)
        entry = directory / _key(template, answers)
        new = entry.with_suffix(f".{os.getpid()}")
        new.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        new.replace(entry)
        entries = sorted(directory.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in entries[ENTRIES:]:
            old.unlink()


def _home() -> Path:
    return paths.cache() / "renders"


def _key(template: Template, answers: Mapping[str, Any]) -> str:
    stages = sorted(
        answers.get("stages", [])
    )  # a service records them in the order of the catalogue
    given = {**answers, "stages": stages}
    about = [template.name, template.version, template.digest, tools(), given]
    return hashlib.sha256(json.dumps(about, sort_keys=True, default=str).encode()).hexdigest()


def tools() -> list[str]:
    """Return the versions of TOOLS, by the names of their records: `jinja2-3.1.6.dist-info`.

    `importlib.metadata` has them, too, but takes longer to import than a render to read.
    """
    records: dict[str, str] = {}
    for record in (found for place in sys.path for found in Path(place).glob("*.dist-info")):
        package, _, version = record.stem.partition("-")
        records.setdefault(package.lower(), version)
    return [records.get(name) or _version(name) for name in TOOLS]


def _version(name: str) -> str:
    from importlib import metadata  # noqa: PLC0415 - where a package has no such record

    return metadata.version(name)
