"""Change values in a YAML file, and leave all else of its text as the user wrote it."""

import re
from collections.abc import Mapping
from typing import Any

import yaml
from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from scaffolder import plain_yaml
from scaffolder.plain_yaml import YamlError

BREAKS = re.compile("[\x85\u2028\u2029]")
"""What is the end of a line to some readers of YAML, and a letter like any other to others."""

Value = Any


def load(text: str) -> dict[str, Value] | None:
    """Return the mapping that a file holds; None if it is not one, or not plain YAML."""
    try:
        found = plain_yaml.load(text.encode())
    except YamlError:
        return None
    return found if isinstance(found, dict) else None


def edited(text: str, wanted: Mapping[str, Value]) -> str | None:
    """Return `text` with the values in `wanted`, and no others; None where it cannot be done so.

    Comments, order, quotes and line endings stay where they are. A new key stands where it belongs
    in sorted order.
    """
    before = load(text)
    root = plain_yaml.compose(text.encode()) if before is not None else None
    if before is None or not isinstance(root, MappingNode) or root.flow_style:
        return None
    page = _Page(text)
    page.mapping(root, before, wanted)
    after = page.written()
    return after if load(after) == wanted else None


def dumped(value: Value, style: str | None = None, *, flow: bool | None = None) -> str:
    """Return a value as text, without the line's end."""
    quotes = style if isinstance(value, str) and style in ("'", '"') else None

    def written(*, unicode: bool) -> str:
        return yaml.safe_dump(
            value,
            allow_unicode=unicode,
            width=10**9,
            default_style=quotes,
            default_flow_style=flow,
        )

    text = written(unicode=True)
    if BREAKS.search(text):
        text = written(unicode=False)
    return text.removesuffix("\n").removesuffix("\n...")


class _Page:
    """A text, and the edits that are to be made in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.eol = "\r\n" if "\r\n" in text else "\n"
        self.edits: list[tuple[int, int, str]] = []

    def written(self) -> str:
        """Return the text with all edits made."""
        text = self.text
        numbered = sorted((*edit[:2], at, edit[2]) for at, edit in enumerate(self.edits))
        for start, end, _, new in reversed(numbered):
            text = text[:start] + new + text[end:]
        return text

    def mapping(
        self, node: MappingNode, old: Mapping[str, Value], new: Mapping[str, Value]
    ) -> None:
        """Edit a mapping in block style."""
        nodes = {key.value: (key, value) for key, value in node.value}
        for name, (key, value) in nodes.items():
            if name not in new:
                self._replace_lines(key, value, "")
            elif old[name] != new[name]:
                self._entry(key, value, old[name], new[name])
        first = node.value[0][0]
        for name in sorted(new.keys() - nodes.keys()):
            before = [key for key in nodes if key < name]
            after = nodes[max(before)][1] if before else None
            self._insert(
                dumped({name: new[name]}, flow=False), after, first, first.start_mark.column
            )

    def _entry(self, key: Node, node: Node, old: Value, new: Value) -> None:
        """Change the value of one key: as little of it as its kind allows."""
        block = isinstance(node, CollectionNode) and not node.flow_style
        if isinstance(node, SequenceNode) and block and self._sequence(node, old, new):
            return
        if block or isinstance(new, dict):
            self._replace_lines(key, node, dumped({key.value: new}, flow=False))
        else:
            style = node.style if isinstance(node, ScalarNode) else None
            self._replace(node, dumped(new, style, flow=True))

    def _sequence(self, node: SequenceNode, old: list[Value], new: list[Value]) -> bool:
        """Edit a list in block style; False where it has to be written as a whole."""
        if not new or not isinstance(new, list):
            return False
        if len(old) == len(new) and all(isinstance(item, MappingNode) for item in node.value):
            for item, before, after in zip(node.value, old, new, strict=True):
                if before != after:
                    self.mapping(item, before, after)
            return True
        if not all(isinstance(item, str) for item in (*old, *new)):
            return False
        nodes = dict(zip(old, node.value, strict=True))
        if len(nodes) != len(old) or [n for n in new if n in nodes] != [n for n in old if n in new]:
            return False
        for name in nodes.keys() - set(new):
            self._replace_lines(nodes[name], nodes[name], "")
        after = None
        for name in new:
            if name not in nodes:
                self._insert(f"- {dumped(name)}", after, node.value[0], node.start_mark.column)
            after = nodes.get(name, after)
        return True

    def _replace(self, node: Node, new: str) -> None:
        start, end = node.start_mark.index, node.end_mark.index
        tail = self.eol if self.text[start:end].endswith("\n") else ""  # of `|` and `>`
        self.edits.append((start, end, new + tail))

    def _replace_lines(self, first: Node, last: Node, new: str) -> None:
        text = self._indented(new, first.start_mark.column)
        self.edits.append((self._line_start(first), self._line_end(last), text))

    def _insert(self, new: str, after: Node | None, first: Node, column: int) -> None:
        """Insert lines after an entry, or before the first one."""
        at = self._line_end(after) if after else self._line_start(first)
        missing = self.eol if at and not self.text[:at].endswith("\n") else ""
        self.edits.append((at, at, missing + self._indented(new, column)))

    def _indented(self, lines: str, column: int) -> str:
        return "".join(f"{' ' * column}{line}{self.eol}" for line in lines.splitlines())

    def _line_start(self, node: Node) -> int:
        return self.text.rfind("\n", 0, node.start_mark.index) + 1

    def _line_end(self, node: Node) -> int:
        """Return where the line after a value begins; a block ends where its last entry does."""
        while isinstance(node, CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            node = last[1] if isinstance(node, MappingNode) else last
        end = int(node.end_mark.index)
        if end and self.text[end - 1] == "\n":
            return end
        found = self.text.find("\n", end)
        return len(self.text) if found < 0 else found + 1
