"""stages.yml of an overlay: further stages, in the format of the built-in catalogue."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from scaffolder.engine.trees import Tree
from scaffolder.languages.all import LANGUAGES
from scaffolder.templates.placement import SHARED, TEMPLATE, stage_of
from scaffolder.text import shown

from . import stage_entry
from .files import STAGES
from .stage_entry import Entry
from .yaml_document import Node, OverlayError, Page, closest

SERVER = f"{TEMPLATE}/{SHARED}/servers/{{}}.yaml"
"""What the compose file says of a server, besides what it says of all."""


@dataclass(frozen=True)
class Known:
    """A stage of a template that is below."""

    whose: str
    """How messages call the template."""
    label: str
    languages: frozenset[str]


@dataclass(frozen=True)
class Stages:
    """The stages of an overlay, in the order of the file."""

    page: Page
    entries: dict[str, Entry]
    text: str

    def check(self, known: Mapping[str, Known]) -> None:
        """Check them against those that are known; raise OverlayError where they do not fit."""
        before = dict(known)
        seen = {stage.label: name for name, stage in known.items()}
        for name, entry in self.entries.items():
            if name in before:
                raise self.page.error(
                    entry.at,
                    f"{before[name].whose} has a stage {name} already",
                    "choose another name",
                )
            if seen.setdefault(entry.label, name) != name:
                raise self.page.error(
                    entry.at, f"{name} has the title and summary of {seen[entry.label]}",
                    "tell them apart",
                )  # fmt: skip
            for key, others in entry.follows.items():
                for other, node in others:
                    self._check_follows(entry, key, other, node, before)
            before[name] = Known(self.page.name, entry.label, entry.languages)

    @property
    def servers(self) -> set[str]:
        """Return the servers of all of them."""
        return {server for entry in self.entries.values() for server in entry.servers}

    def check_servers(self, known: Iterable[str], tree: Tree) -> None:
        """Raise OverlayError for a server that is `known` already, or whose file is missing."""
        seen = set(known)
        for entry in self.entries.values():
            for server, node in entry.servers.items():
                if server in seen:
                    problem = f"there is a server {server} already"
                    raise self.page.error(node, problem, "choose another name")
                seen.add(server)
                path = SERVER.format(server)
                if path not in tree:
                    hint = f"write what compose.yaml says of {server}: CONTRIBUTING.md"
                    raise self.page.error(node, f"there is no {path}", hint)

    def _check_follows(
        self, entry: Entry, key: str, other: str, node: Node, before: Mapping[str, Known]
    ) -> None:
        """Check one stage that another one comes after; `before` are those above it."""
        if other in before:
            lacking = entry.languages - before[other].languages if key == "requires" else ()
            for language in sorted(lacking):
                problem = f"{entry.name} is in {language}, and {other}, which it requires, is not"
                raise self.page.error(node, problem, f"take `{language}:` out")
            return
        verb = {"requires": "requires", "after": "is after", "optional": "has as a partner"}[key]
        if other not in self.entries:
            hint = closest(other, [*before, *self.entries])
            raise self.page.error(
                node, f"{entry.name} {verb} {shown(other)}, which is not a stage", hint
            )
        circle = self._circle(other, entry.name, [])
        if circle:
            way = " after ".join([entry.name, *circle])
            raise self.page.error(node, f"this goes in a circle: {way}", "take one of them out")
        raise self.page.error(
            node, f"{entry.name} {verb} {other}, which comes after it",
            f"move {other} up: the order in the file is the order in a service",
        )  # fmt: skip

    def _circle(self, start: str, goal: str, seen: list[str]) -> list[str]:
        if start == goal:
            return [goal]
        if start not in self.entries or start in seen:
            return []
        for other in self.entries[start].followed:
            way = self._circle(other, goal, [*seen, start])
            if way:
                return [start, *way]
        return []


def read(content: bytes, page: Page) -> Stages:
    """Read the file; raise OverlayError for what is wrong in it."""
    root = page.read(content)
    entries = page.entries(root, "the file")
    found = {name: stage_entry.read(page, name, *nodes) for name, nodes in entries.items()}
    text = content.decode("utf-8")
    _check_layout(page, root, text)
    return Stages(page, found, text)


def check_removed(content: bytes, page: Page) -> None:
    """Raise OverlayError unless removed.yml is `NAME: text` lines."""
    root = page.read(content)
    for name, (_, value) in page.entries(root, "the file").items():
        page.text(value, f"what is said of {name}", lines=True)
    _check_layout(page, root, content.decode("utf-8"))


def check_moved(content: bytes, page: Page) -> None:
    """Raise OverlayError unless moved.yml is old path → new path, or a list of several."""
    for old, (key, value) in page.entries(page.read(content), "the file").items():
        what = f"where {shown(old)} went"
        listed = isinstance(value, yaml.SequenceNode)
        new = page.texts(value, what) if listed else [(page.text(value, what), value)]
        if not new:
            raise page.error(value, f"{what} is empty", "list at least one path")
        for path, at in [(old, key), *new]:
            page.path(at, path)


def _check_layout(page: Page, root: Node | None, text: str) -> None:
    """Raise OverlayError for YAML that cannot stand below the built-in catalogue."""
    marker = re.search(r"^(---|\.\.\.|%)", text, re.MULTILINE)
    flow = isinstance(root, yaml.MappingNode) and root.flow_style
    if marker or flow or (root is not None and root.start_mark.column):
        raise page.error(root, "it has to be `name:` lines from the first column on, and no more",
                         "take `---`, `...`, `%` and braces away")  # fmt: skip


def dependencies(own: Stages) -> list[str]:
    """Return what stages have installed, each once."""
    found = [text for entry in _entries(own) for name in LANGUAGES
             for text in entry.get(name, {}).get("dependencies", ())]  # fmt: skip
    return list(dict.fromkeys(found))


def languages(own: Stages) -> set[str]:
    """Return the languages that stages have code in."""
    return {name for entry in _entries(own) for name in LANGUAGES if name in entry}


def _entries(own: Stages) -> list[dict[str, Any]]:
    return list((yaml.safe_load(own.text) or {}).values())


def check_folders(tree: Tree, known: Iterable[str], label: str) -> None:
    """Raise OverlayError for a folder of a stage that is in no catalogue."""
    known = list(known)
    for path in tree:
        parts = path.split("/")
        inside = parts[0] == TEMPLATE and len(parts) > 2  # noqa: PLR2004 - template/python/x
        stage = stage_of(parts[2]) if inside else ""
        if stage and stage not in known:
            hint = closest(stage, known)
            raise OverlayError(
                f"{label}{'/'.join(parts[:3])}: there is no stage {shown(stage)}",
                hint if hint.startswith("did") else f"describe it in {STAGES}",
            )
