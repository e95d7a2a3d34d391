"""`verify` and `drills` of a stage: what it must answer and log, and how it must end."""

import re

import yaml

from scaffolder.text import shown

from .yaml_document import Node, Page

REQUEST = re.compile(r"(DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT) /[!-~]*")
SETTING = re.compile(r"[A-Z][A-Z0-9_]*")
"""A variable of the environment."""

HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""The name of a header of HTTP (RFC 9110, tokens)."""

ANSWER = ("status", "json", "text")
TEXTS = ("about", "request", "body", "text", "log")
NAMES = {"settings": SETTING, "headers": HEADER}
EXAMPLES = {"settings": "settings: {LOG_FORMAT: json}", "headers": "headers: {Accept: text/plain}"}
KEYS = ("about", "settings", "request", "headers", "body", *ANSWER, "log")
FAULT_KEYS = ("about", "settings", "log", "exit")


def check(page: Page, node: Node) -> None:
    """Raise OverlayError unless `verify` is a list of steps that can fail."""
    for step in _listed(page, node, "verify", "steps"):
        _check_step(page, step)


def check_faults(page: Page, node: Node) -> None:
    """Raise OverlayError unless `drills` is a list of faults, each of which a line has to name."""
    for fault in _listed(page, node, "drills", "faults"):
        entries = page.entries(fault, "a drill")
        page.known(entries, FAULT_KEYS)
        for needed in ("about", "settings", "log"):
            if needed not in entries:
                raise page.error(fault, f"a drill has no {needed}", f"add `{needed}: ...`")
            _check_value(page, needed, entries[needed][1])
        status = page.value(entries["exit"][1]) if "exit" in entries else None
        if status is not None and (not isinstance(status, int) or not 1 <= status <= 255):  # noqa: PLR2004 - of a process
            raise page.error(entries["exit"][1], "exit has to be an exit status, 1 to 255")


def _listed(page: Page, node: Node, key: str, what: str) -> list[Node]:
    if not isinstance(node, yaml.SequenceNode):
        raise page.error(node, f"{key} has to be a list of {what}", "write `- about: ...` lines")
    return list(node.value)


def _check_step(page: Page, node: Node) -> None:
    entries = page.entries(node, "a step")
    page.known(entries, KEYS)
    for key, (_, value) in entries.items():
        _check_value(page, key, value)
    if "about" not in entries:
        raise page.error(node, "a step has no about", "about: what is shown by it")
    if "request" in entries:
        _check_request(page, entries)
    elif "log" not in entries:
        raise page.error(node, "a step has neither a request nor a log", "log: a part of a line")
    for key in () if "request" in entries else ("headers", "body", *ANSWER):
        if key in entries:
            raise page.error(entries[key][0], f"{key} belongs to a request", "request: GET /health")


def _check_value(page: Page, key: str, node: Node) -> None:
    if key in TEXTS:
        if not page.text(node, key, lines=key in ("body", "text")):
            raise page.error(node, f"{key} is empty, so it matches anything", "remove it")
    elif key in NAMES:
        for name, (at, inner) in page.entries(node, key).items():
            if not NAMES[key].fullmatch(name):
                raise page.error(at, f"{shown(name)} cannot be a name in {key}", EXAMPLES[key])
            if not str(page.scalar(inner, name)).isprintable():
                raise page.error(inner, f"{name} is one line of text", "write plain text")
    elif key == "json":
        page.value(node)


def _check_request(page: Page, entries: dict[str, tuple[Node, Node]]) -> None:
    key, value = entries["request"]
    text = page.text(value, "request")
    if not REQUEST.fullmatch(text):
        raise page.error(value, f"{shown(text)} is not a request", "write it as GET /health")
    if "status" not in entries:
        raise page.error(key, "a request has no status", "status: 200")
    status = page.value(entries["status"][1])
    if not isinstance(status, int) or not 100 <= status <= 599:  # noqa: PLR2004 - of HTTP
        raise page.error(entries["status"][1], "status has to be one of HTTP, 100 to 599")
