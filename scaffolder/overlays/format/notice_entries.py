"""notices.yml of an overlay: what people are told when an update brings another version of it."""

from typing import Any

from scaffolder.text import shown

from .verify_steps import SETTING
from .yaml_document import Node, Page

KEYS = ("says", "fix", "stages", "settings")

Entries = dict[str, dict[str, Any]]
"""What a notice is called → its keys."""


def read(content: bytes, page: Page) -> Entries:
    """Read the file; raise OverlayError for what is wrong in it.

    Conditions on files, which the built-in notices have, are none of an overlay's: it would have
    its regular expressions run over every file of a service.
    """
    entries = page.entries(page.read(content), "the file")
    return {name: _read(page, name, *nodes) for name, nodes in entries.items()}


def _read(page: Page, name: str, key: Node, node: Node) -> dict[str, Any]:
    page.text(key, "what a notice is called")
    entries = page.entries(node, f"the notice {shown(name)}")
    if "since" in entries:
        raise page.error(
            entries["since"][0], "a notice of an overlay has no version",
            "take it out: an update tells what the new version adds to this file",
        )  # fmt: skip
    page.known(entries, KEYS)
    for needed, hint in (("says", "says: what changes"), ("fix", "fix: what to do")):
        if needed not in entries:
            raise page.error(key, f"the notice {shown(name)} has no {needed}", hint)
    found: dict[str, Any] = {what: page.text(entries[what][1], what) for what in ("says", "fix")}
    for what in ("stages", "settings"):
        if what in entries:
            found[what] = _names(page, what, entries[what][1])
    return found


def _names(page: Page, what: str, node: Node) -> list[str]:
    named = page.texts(node, what)
    for name, at in named:
        if what == "settings" and not SETTING.fullmatch(name):
            raise page.error(at, f"{shown(name)} cannot be a setting", "write it as KAFKA_SERVERS")
    return [name for name, _ in named]
