"""stages.yml of an overlay: further stages, in the format of the built-in catalogue."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import yaml

from scaffolder import names
from scaffolder.engine.trees import Tree

from .files import LANGUAGES, STAGES, TEMPLATE, stage_of
from .marks import Node, OverlayError, Page, closest

KEYS = ("title", "summary", "requires", "formerly")
LANGUAGE_KEYS = ("dependencies", "settings")
SETTING_KEYS = ("default", "about", "secret")
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
SETTING = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass(frozen=True)
class Entry:
    """A stage, with the places of what has to fit other overlays."""

    name: str
    at: Node
    label: str
    """Title and summary, by which Copier tells them apart."""
    requires: list[tuple[str, Node]]


@dataclass(frozen=True)
class Stages:
    """The stages of an overlay, in the order of the file."""

    page: Page
    entries: dict[str, Entry]
    text: str

    def check(self, whose: Mapping[str, str], labels: Mapping[str, str]) -> None:
        """Check them against those before; raise OverlayError where they do not fit.

        `whose` says where a stage comes from, `labels` which stage has a title and summary.
        """
        before, seen = list(whose), dict(labels)
        for name, entry in self.entries.items():
            if name in before:
                raise self.page.error(
                    entry.at, f"{whose[name]} has a stage {name} already", "choose another name"
                )
            if seen.setdefault(entry.label, name) != name:
                raise self.page.error(
                    entry.at, f"{name} has the title and summary of {seen[entry.label]}",
                    "tell them apart",
                )  # fmt: skip
            for required, node in entry.requires:
                self._check_required(entry, required, node, before)
            before.append(name)

    def _check_required(self, entry: Entry, required: str, node: Node, before: list[str]) -> None:
        if required in before:
            return
        if required not in self.entries:
            hint = closest(required, [*before, *self.entries])
            raise self.page.error(
                node, f"{entry.name} requires {names.shown(required)}, which is no stage", hint
            )
        circle = self._circle(required, entry.name, [])
        if circle:
            way = " requires ".join([entry.name, *circle])
            raise self.page.error(node, f"this goes in a circle: {way}", "take one of them out")
        raise self.page.error(
            node, f"{entry.name} requires {required}, which comes after it",
            f"move {required} up: a stage comes after those that it requires",
        )  # fmt: skip

    def _circle(self, start: str, goal: str, seen: list[str]) -> list[str]:
        if start == goal:
            return [goal]
        if start not in self.entries or start in seen:
            return []
        for required, _ in self.entries[start].requires:
            way = self._circle(required, goal, [*seen, start])
            if way:
                return [start, *way]
        return []


def read(content: bytes, page: Page) -> Stages:
    """Read the file; raise OverlayError for what is wrong in it."""
    root = page.read(content)
    entries = page.entries(root, "the file")
    found = {name: _entry(page, name, *nodes) for name, nodes in entries.items()}
    text = content.decode("utf-8")
    _check_layout(page, root, text)
    return Stages(page, found, text)


def _check_layout(page: Page, root: Node | None, text: str) -> None:
    """Raise OverlayError for YAML that cannot stand below the built-in catalogue."""
    marker = re.search(r"^(---|\.\.\.|%)", text, re.MULTILINE)
    flow = isinstance(root, yaml.MappingNode) and root.flow_style
    if marker or flow or (root is not None and root.start_mark.column):
        raise page.error(root, "it has to be `name:` lines from the first column on, and no more",
                         "take `---`, `...`, `%` and braces away")  # fmt: skip


def _entry(page: Page, name: str, key: Node, node: Node) -> Entry:
    if not NAME.fullmatch(name) or len(name) > names.LONGEST:
        raise page.error(key, f"{names.shown(name)} cannot be the name of a stage",
                         "write lower-case letters, digits, underscores: kafka")  # fmt: skip
    entries = page.entries(node, f"the stage {name}")
    page.known(entries, [*KEYS, *LANGUAGES])
    for needed in ("title", "summary", "requires", *LANGUAGES):
        if needed not in entries:
            example = {"requires": "requires: []"}.get(needed, f"{needed}: ...")
            raise page.error(key, f"the stage {name} has no {needed}", f"add `{example}`")
    if "formerly" in entries:
        page.texts(entries["formerly"][1], "formerly")
    for language in LANGUAGES:
        _check_language(page, language, *entries[language])
    label = ": ".join(page.text(entries[text][1], text) for text in ("title", "summary"))
    return Entry(name, key, label, page.texts(entries["requires"][1], "requires"))


def _check_language(page: Page, language: str, key: Node, node: Node) -> None:
    entries = page.entries(node, language)
    page.known(entries, LANGUAGE_KEYS)
    for needed, example in (("dependencies", "[]"), ("settings", "{}")):
        if needed not in entries:
            raise page.error(key, f"{language} has no {needed}", f"add `{needed}: {example}`")
    for text, at in page.texts(entries["dependencies"][1], "dependencies"):
        _check_dependency(page, text, at)
    for name, (at, value) in page.entries(entries["settings"][1], "settings").items():
        if not SETTING.fullmatch(name):
            raise page.error(at, f"{names.shown(name)} cannot be a variable of the environment",
                             "write capital letters, e.g. KAFKA_SERVERS")  # fmt: skip
        _check_setting(page, name, at, value)


def _check_dependency(page: Page, text: str, at: Node) -> None:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        Requirement(text)
    except InvalidRequirement as error:
        raise page.error(
            at, f"{names.shown(text)} is no requirement", "write it as name>=1.0"
        ) from error
    if '"' in text or "\\" in text:
        raise page.error(at, "a requirement has no double quotes or backslashes here")


def _check_setting(page: Page, name: str, at: Node, node: Node) -> None:
    entries = page.entries(node, f"the setting {name}")
    page.known(entries, SETTING_KEYS)
    if "about" not in entries:
        raise page.error(at, f"the setting {name} has no about", "about: what it is for")
    page.text(entries["about"][1], "about")
    for inner, (_, value) in entries.items():
        page.scalar(value, inner)


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
                f"{label}{'/'.join(parts[:3])}: there is no stage {names.shown(stage)}",
                hint if hint.startswith("did") else f"describe it in {STAGES}",
            )
