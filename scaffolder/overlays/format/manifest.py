"""viscaffold.yml: what an overlay is called, what it presets, fixes and asks."""

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

import yaml
from packaging.specifiers import SpecifierSet

from scaffolder import names
from scaffolder.text import printable, shown

from . import jinja
from .yaml_document import Node, Page, closest

KEYS = ("name", "description", "requires", "defaults", "answers", "stages", "questions")
QUESTION_KEYS = ("type", "help", "default", "choices", "validator")
TYPES = ("str", "int", "float", "bool")

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")

TAKEN = ("name", "language", "package", "catalogue", "stages", "stage")
"""Questions that the built-in template needs as they are."""


@dataclass(frozen=True)
class Manifest:
    """What viscaffold.yml says. Texts of `defaults`, `answers` and `questions` may be templates."""

    page: Page
    name: str
    description: str = ""
    defaults: dict[str, tuple[Any, Node]] = field(default_factory=dict)
    answers: dict[str, tuple[Any, Node]] = field(default_factory=dict)
    stages: dict[str, Node] = field(default_factory=dict)
    """Stages that are always on."""
    questions: dict[str, dict[str, Any]] = field(default_factory=dict)
    """As Copier has them."""
    asked_at: dict[str, Node] = field(default_factory=dict)


def read(content: bytes, page: Page) -> Manifest:
    """Read the file; raise OverlayError for what is wrong in it, or too new for this viscaffold."""
    root = page.read(content)
    entries = page.entries(root, "the file")
    page.known(entries, KEYS)
    found = {key: value for key, (_, value) in entries.items()}
    if "name" not in found:
        raise page.error(root, "the name of the template is missing", "name: our-company")
    questions = page.entries(found.get("questions"), "questions")
    return Manifest(
        page,
        _name(page, found["name"]),
        _description(page, found.get("description")),
        _presets(page, found.get("defaults"), "defaults"),
        _presets(page, found.get("answers"), "answers"),
        _stages(page, _supported(page, found)),
        {name: _question(page, name, *nodes) for name, nodes in questions.items()},
        {name: key for name, (key, _) in questions.items()},
    )


def _name(page: Page, node: Node) -> str:
    name = page.text(node, "name")
    if not names.PATTERN.fullmatch(name) or len(name) > names.LONGEST or name == "viscaffold":
        raise page.error(node, f"{shown(name)} cannot be its name: {names.RULE}")
    return name


def _description(page: Page, node: Node | None) -> str:
    return printable(page.text(node, "description")) if node else ""


def _supported(page: Page, found: dict[str, Node]) -> Node | None:
    """Check `requires`; return the node of `stages`."""
    node = found.get("requires")
    if node is None:
        return found.get("stages")
    text, here = page.text(node, "requires"), metadata.version("viscaffold")
    try:
        fits = SpecifierSet(text).contains(here, prereleases=True)
    except ValueError as error:  # InvalidSpecifier, or a number of thousands of digits
        raise page.error(
            node, f"{shown(text)} is not a version range", 'write it as ">=0.6,<1"'
        ) from error
    if not fits:
        raise page.error(
            node, f"it needs viscaffold {text}, this is {here}", f"install viscaffold {text}"
        )
    return found.get("stages")


def _presets(page: Page, node: Node | None, what: str) -> dict[str, tuple[Any, Node]]:
    presets = {}
    for name, (key, value) in page.entries(node, what).items():
        if name in TAKEN:
            instead = {"stages": "stages: [NAME]", "language": "new --language"}.get(name, "")
            raise page.error(key, f"{what} cannot preset {name}", instead and f"use {instead}")
        presets[name] = (page.scalar(value, f"the answer to {name}"), key)
        jinja.check_value(page, value, presets[name][0])
    return presets


def _stages(page: Page, node: Node | None) -> dict[str, Node]:
    return dict(page.texts(node, "stages")) if node else {}


def _question(page: Page, name: str, key: Node, node: Node) -> dict[str, Any]:
    _check_question_name(page, name, key)
    entries = page.entries(node, f"the question {name}")
    for inner, (at, _) in entries.items():
        if inner not in QUESTION_KEYS:
            hint = closest(inner, QUESTION_KEYS)
            raise page.error(at, f"a question has no key {shown(inner)}", hint)
    for needed, hint in (("type", f"type: {TYPES[0]}"), ("help", "help: What it is for")):
        if needed not in entries:
            raise page.error(key, f"the question {name} has no {needed}", hint)
    question = {inner: page.value(value) for inner, (_, value) in entries.items()}
    _check_question(page, name, entries, question)
    return question


def _check_question_name(page: Page, name: str, key: Node) -> None:
    if name.startswith("_"):
        raise page.error(
            key, f"{shown(name)} is a setting of Copier, which an overlay cannot have",
            "remove it; rendering runs no code: no tasks, migrations or extensions",
        )  # fmt: skip
    if not NAME.fullmatch(name) or keyword.iskeyword(name) or name in jinja.WORDS:
        raise page.error(
            key, f"{shown(name)} cannot be the name of a question",
            "write lower-case letters, digits and underscores, e.g. team",
        )  # fmt: skip
    if name in TAKEN:
        raise page.error(key, f"the built-in template has a question {name} that stays as it is")


def _check_question(
    page: Page, name: str, nodes: dict[str, tuple[Node, Node]], question: dict[str, Any]
) -> None:
    kind = page.text(nodes["type"][1], "type")
    if kind not in TYPES:
        raise page.error(nodes["type"][1], f"there is no type {shown(kind)}",
                         closest(kind, TYPES))  # fmt: skip
    for key in ("help", "validator"):
        if key in nodes:
            page.text(nodes[key][1], key, lines=key == "validator")
    choices = question.get("choices", [])
    if not isinstance(choices, list) or not all(_fits(kind, item) for item in choices):
        raise page.error(nodes["choices"][1], f"choices has to be a list, each of type {kind}",
                         "write it as [one, other]")  # fmt: skip
    default = question.get("default")
    if "default" in nodes:
        node = nodes["default"][1]
        templated = isinstance(default, str) and "{{" in default
        if not templated and (not _fits(kind, default) or (choices and default not in choices)):
            what = f"one of {', '.join(map(str, choices))}" if choices else f"of type {kind}"
            raise page.error(node, f"the default of {name} has to be {what}")
    for _, value in nodes.values():
        for node in _scalars(value):
            jinja.check_value(page, node, node.value)


def _fits(kind: str, value: object) -> bool:
    if isinstance(value, bool):
        return kind == "bool"
    kinds: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float)}
    return isinstance(value, kinds.get(kind, ()))


def _scalars(node: Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scalars(item)
