"""YAML with the line of every value, and errors that name it."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import yaml

from scaffolder import plain_yaml
from scaffolder.engine import safe_paths
from scaffolder.errors import RefusedError
from scaffolder.plain_yaml import YamlError
from scaffolder.text import shown

Node = yaml.Node

KINDS = {"mapping": "`key: value` lines", "sequence": "a list", "scalar": "a single value"}


class OverlayError(RefusedError):
    """An overlay is not as it has to be: the file, the line, what is wrong, what to write."""


@dataclass(frozen=True)
class Page:
    """A YAML file of an overlay."""

    name: str
    """How messages call it, with the overlay that it belongs to."""

    def error(self, at: Node | None, problem: str, hint: str = "") -> OverlayError:
        """Build the error for a value."""
        return self.error_at(at.start_mark if at else None, problem, hint)

    def error_at(self, mark: yaml.Mark | None, problem: str, hint: str = "") -> OverlayError:
        """Build the error for a place."""
        return OverlayError(f"{self._at(mark)}: {problem}", hint)

    def place(self, at: Node) -> str:
        """Return where a value stands: the file, line and column."""
        return self._at(at.start_mark)

    def _at(self, mark: yaml.Mark | None) -> str:
        return f"{self.name}:{mark.line + 1}:{mark.column + 1}" if mark else self.name

    def read(self, content: bytes) -> Node | None:
        """Read the file; None if it is empty. Raise OverlayError for what is no plain YAML."""
        try:
            return plain_yaml.compose(content)
        except YamlError as error:
            raise self.error_at(error.mark, error.problem, error.hint) from error

    def entries(self, node: Node | None, what: str) -> dict[str, tuple[Node, Node]]:
        """Return key → nodes of key and value, of a mapping whose keys are texts."""
        if node is None or (isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")):
            return {}
        if not isinstance(node, yaml.MappingNode):
            raise self.error(node, f"{what} has to be {KINDS['mapping']}")
        found: dict[str, tuple[Node, Node]] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or not key.tag.endswith(":str"):
                said = key.value if isinstance(key, yaml.ScalarNode) else "this key"
                raise self.error(
                    key, f"{shown(str(said))} is not read as text", 'write it as "text":'
                )
            if key.value in found:
                raise self.error(key, f"{shown(key.value)} appears twice")
            found[key.value] = (key, value)
        return found

    def known(self, entries: dict[str, tuple[Node, Node]], known: Iterable[str]) -> None:
        """Raise OverlayError for a key that is not `known`, with the closest one."""
        known = list(known)
        for name, (key, _) in entries.items():
            if name not in known:
                raise self.error(key, f"there is no key {shown(name)}", closest(name, known))

    def text(self, node: Node, what: str, *, lines: bool = False) -> str:
        """Return a text: one line or, with `lines`, several; never with control characters."""
        if not isinstance(node, yaml.ScalarNode) or not node.tag.endswith(":str"):
            raise self.error(node, f"{what} has to be text", 'write it in quotes: "..."')
        text = str(node.value)
        if not (text.replace("\n", "") if lines else text.removesuffix("\n")).isprintable():
            what = f"{what} has a control character" if lines else f"{what} is one line of text"
            raise self.error(node, what, "write plain text")
        return text.removesuffix("\n")

    def texts(self, node: Node, what: str) -> list[tuple[str, Node]]:
        """Return a list of texts, each with its node."""
        if not isinstance(node, yaml.SequenceNode):
            raise self.error(node, f"{what} has to be a list", "write it as [one, other]")
        return [(self.text(item, f"what is in {what}"), item) for item in node.value]

    def path(self, node: Node, text: str) -> None:
        """Raise OverlayError for a path that is not one of a file in a service."""
        problem = safe_paths.problem(text)
        if problem:
            hint = "write a path inside the service, such as data/users.json"
            raise self.error(node, f"{shown(text)} is not a file of a service: {problem}", hint)

    def value(self, node: Node) -> Any:  # noqa: ANN401 - whatever the file holds
        """Return the value of a node, of plain types."""
        try:
            return plain_yaml.value(node)
        except YamlError as error:
            raise self.error_at(error.mark, error.problem, error.hint) from error

    def scalar(self, node: Node, what: str) -> str | int | float | bool:
        """Return a single value: text, a number, true or false."""
        value = self.value(node) if isinstance(node, yaml.ScalarNode) else None
        if not isinstance(value, str | int | float | bool):
            raise self.error(node, f"{what} has to be text, a number, true or false")
        return value


def closest(name: str, known: Iterable[str]) -> str:
    """Return the hint for a name that is not known."""
    known = sorted(known)
    close = get_close_matches(name, known, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"write one of {', '.join(known)}" if known else ""
