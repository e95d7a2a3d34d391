"""Servers in an entry of stages.yml, which the compose file of a service can start beside it."""

import re

from scaffolder.text import shown

from . import verify_steps
from .yaml_document import Node, Page, closest

KEYS = ("about", "image", "memory", "wait", "volume", "settings")
NEEDED = {"about": "...", "image": "redis:8", "memory": "128m"}
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
IMAGE = re.compile(r"[a-z0-9][a-z0-9._/-]*:[A-Za-z0-9_][A-Za-z0-9_.-]*")
MEMORY = re.compile(r"[1-9][0-9]*[kmg]")
WAIT = ("healthy", "started", "none")
TAKEN = ("app", "data")
"""What the compose file of every service has."""


def read(page: Page, node: Node) -> dict[str, Node]:
    """Return servers by name, each with its place; raise OverlayError for what is wrong in one."""
    found = page.entries(node, "servers")
    for name, (key, about) in found.items():
        if not NAME.fullmatch(name) or name in TAKEN:
            hint = "write lower-case letters, digits and hyphens, but not app or data: redis"
            raise page.error(key, f"{shown(name)} cannot be the name of a server", hint)
        _check(page, name, key, page.entries(about, f"the server {name}"))
    return {name: key for name, (key, _) in found.items()}


def _check(page: Page, name: str, key: Node, entries: dict[str, tuple[Node, Node]]) -> None:
    page.known(entries, KEYS)
    for needed, example in NEEDED.items():
        if needed not in entries:
            hint = f"add `{needed}: {example}`"
            raise page.error(key, f"the server {name} has no {needed}", hint)
    values = {inner: value for inner, (_, value) in entries.items()}
    page.text(values["about"], "about")
    _match(page, values["image"], "an image with a tag", IMAGE)
    _match(page, values["memory"], "an amount of memory", MEMORY)
    if "wait" in values and page.text(values["wait"], "wait") not in WAIT:
        hint = closest(str(page.scalar(values["wait"], "wait")), WAIT)
        raise page.error(values["wait"], "wait says how far a server has to be", hint)
    if "volume" in values and not isinstance(page.scalar(values["volume"], "volume"), bool):
        raise page.error(values["volume"], "volume has to be true or false", "volume: true")
    settings = page.entries(values["settings"], "settings") if "settings" in values else {}
    for variable, (at, value) in settings.items():
        if not verify_steps.SETTING.fullmatch(variable):
            problem = f"{shown(variable)} cannot be a variable of the environment"
            raise page.error(at, problem, "write capital letters, e.g. CACHE_URL")
        page.text(value, variable)


def _match(page: Page, node: Node, what: str, pattern: re.Pattern[str]) -> None:
    text = page.text(node, what)
    if not pattern.fullmatch(text):
        example = NEEDED["image" if pattern is IMAGE else "memory"]
        raise page.error(node, f"{shown(text)} is not {what}", f"write it as {example}")
