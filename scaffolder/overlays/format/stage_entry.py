"""One entry of stages.yml: its keys, and the shape of what they hold."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from scaffolder import names
from scaffolder.languages.all import LANGUAGES
from scaffolder.text import shown

from . import server_entries, verify_steps
from .yaml_document import Node, Page

FOLLOWS = ("requires", "after", "optional")
"""Lists of stages that a stage comes after; it needs the first ones."""

KEYS = (
    "title",
    "summary",
    *FOLLOWS,
    "formerly",
    "code",
    "verify",
    "drills",
    "data",
    "servers",
    "connects",
)
DATA_KEYS = ("tables", "tables_with", "files", "command")
LANGUAGE_KEYS = ("dependencies", "settings")
SETTING_KEYS = ("default", "about", "secret", "shared")
LAST_PORT = 65535
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True)
class Entry:
    """A stage, with the places of what has to fit other overlays."""

    name: str
    at: Node
    label: str
    """Title and summary, by which Copier tells them apart."""
    languages: frozenset[str]
    """In which services can have it: all, for one without code."""
    follows: dict[str, list[tuple[str, Node]]]
    """Key → the stages that it names there."""
    servers: dict[str, Node]
    """Name → where it is described."""

    @property
    def followed(self) -> list[str]:
        """Return the stages that it comes after, for whatever reason."""
        return [name for names in self.follows.values() for name, _ in names]


def read(page: Page, name: str, key: Node, node: Node) -> Entry:
    """Read one stage; raise OverlayError for what is wrong in it."""
    if not NAME.fullmatch(name) or len(name) > names.LONGEST:
        raise page.error(key, f"{shown(name)} cannot be the name of a stage",
                         "write lower-case letters, digits, underscores: kafka")  # fmt: skip
    entries = page.entries(node, f"the stage {name}")
    page.known(entries, [*KEYS, *LANGUAGES])
    for needed in ("title", "summary", "requires"):
        if needed not in entries:
            example = {"requires": "requires: []"}.get(needed, f"{needed}: ...")
            raise page.error(key, f"the stage {name} has no {needed}", f"add `{example}`")
    languages = _languages(page, name, key, entries)
    if "formerly" in entries:
        page.texts(entries["formerly"][1], "formerly")
    if "verify" in entries:
        verify_steps.check(page, entries["verify"][1])
    if "drills" in entries:
        verify_steps.check_faults(page, entries["drills"][1])
    if "connects" in entries:
        _check_connects(page, entries["connects"][1])
    label = ": ".join(page.text(entries[text][1], text) for text in ("title", "summary"))
    follows = {one: page.texts(entries[one][1], one) if one in entries else [] for one in FOLLOWS}
    if "data" in entries:
        _check_data(page, entries["data"][1], follows)
    servers = server_entries.read(page, entries["servers"][1]) if "servers" in entries else {}
    return Entry(name, key, label, languages, follows, servers)


def _languages(
    page: Page, name: str, key: Node, entries: dict[str, tuple[Node, Node]]
) -> frozenset[str]:
    """Return the languages of a stage, which has code in some, or none in any."""
    code = page.scalar(entries["code"][1], "code") if "code" in entries else True
    if not isinstance(code, bool):
        raise page.error(entries["code"][1], "code has to be true or false", "code: false")
    there = [language for language in LANGUAGES if language in entries]
    if code and not there:
        known = " or ".join(f"`{language}: ...`" for language in LANGUAGES)
        raise page.error(key, f"the stage {name} is in no language", f"add {known}, or code: false")
    if not code and there:
        at = entries[there[0]][0]
        raise page.error(at, f"the stage {name} has no code, so it has no {there[0]}", "remove it")
    for language in there:
        _check_language(page, language, *entries[language])
    return frozenset(there or LANGUAGES)


def _check_language(page: Page, language: str, key: Node, node: Node) -> None:
    entries = page.entries(node, language)
    page.known(entries, LANGUAGE_KEYS)
    for needed, example in (("dependencies", "[]"), ("settings", "{}")):
        if needed not in entries:
            raise page.error(key, f"{language} has no {needed}", f"add `{needed}: {example}`")
    for text, at in page.texts(entries["dependencies"][1], "dependencies"):
        problem = LANGUAGES[language].dependency_problem(text)
        if problem:
            raise page.error(at, f"{shown(text)} cannot be a dependency: {problem}")
    for name, (at, value) in page.entries(entries["settings"][1], "settings").items():
        if not verify_steps.SETTING.fullmatch(name):
            raise page.error(at, f"{shown(name)} cannot be a variable of the environment",
                             "write capital letters, e.g. KAFKA_SERVERS")  # fmt: skip
        _check_setting(page, name, at, value)


def _check_setting(page: Page, name: str, at: Node, node: Node) -> None:
    entries = page.entries(node, f"the setting {name}")
    page.known(entries, SETTING_KEYS)
    if "about" not in entries:
        raise page.error(at, f"the setting {name} has no about", "about: what it is for")
    page.text(entries["about"][1], "about")
    for inner, (_, value) in entries.items():
        page.scalar(value, inner)


def _check_data(page: Page, node: Node, follows: Mapping[str, list[tuple[str, Node]]]) -> None:
    partners = {name for key in ("requires", "optional") for name, _ in follows[key]}
    entries = page.entries(node, "data")
    page.known(entries, DATA_KEYS)
    for kind, (_, value) in entries.items():
        for text, at in page.texts(value, kind):
            if kind == "files":
                page.path(at, text)
            if kind == "tables_with" and text not in partners:
                problem = f"tables_with names {shown(text)}, which is no partner of this stage"
                raise page.error(at, problem, f"optional: [{text}]")


def _check_connects(page: Page, node: Node) -> None:
    for what, (key, value) in page.entries(node, "connects").items():
        page.text(key, "what is in connects")
        port = page.value(value)
        if type(port) is not int or not 1 <= port <= LAST_PORT:
            raise page.error(value, f"{shown(what)} has to be at a port, 1 to {LAST_PORT}",
                             "connects: {PostgreSQL: 5432}")  # fmt: skip
