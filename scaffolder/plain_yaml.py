"""YAML that others wrote: plain values, of bounded size and depth; errors name the line.

The only reader of YAML. An alias is what lets 500 bytes stand for gigabytes, and a tag is what
makes a value more than a value: neither is taken.
"""

import math
from collections.abc import Iterable
from typing import Any

import yaml

from .errors import RefusedError

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""With libyaml, if any: ten times as fast."""

CONSTRUCTOR = yaml.constructor.SafeConstructor()

MOST_BYTES = 512 * 1024
DEEPEST = 20
LONGEST_NUMBER = 64
"""Characters: YAML has numbers to the base of 60, which take the square of their length."""

TAG = "tag:yaml.org,2002:"
NUMBERS = {"int": CONSTRUCTOR.construct_yaml_int, "float": CONSTRUCTOR.construct_yaml_float}
ODD = {"timestamp": "a date", "merge": "a merge of other keys", "value": "a default value"}


class YamlError(RefusedError):
    """What is no plain YAML, and where."""

    def __init__(self, problem: str, mark: Any = None, hint: str = "") -> None:  # noqa: ANN401 - libyaml has its own class
        """Say what is wrong at `mark`; without one, it is the whole."""
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        super().__init__(where + problem, hint)
        self.problem = problem
        self.mark = mark


def load(content: bytes) -> Any:  # noqa: ANN401 - whatever it holds
    """Return what the content holds: text, numbers, truth values, lists and mappings by text."""
    node = compose(content)
    return None if node is None else value(node)


def compose(content: bytes) -> yaml.Node | None:
    """Return the content as nodes, which know their lines; None if it is empty."""
    if len(content) > MOST_BYTES:
        raise YamlError(f"it is larger than {MOST_BYTES >> 10} KiB")
    try:
        text = content.decode("utf-8")
        _check(yaml.parse(text, LOADER))
        node: yaml.Node | None = yaml.compose(text, LOADER)
    except UnicodeDecodeError as error:
        raise YamlError(f"it is not UTF-8 (byte {error.start})") from error
    except yaml.MarkedYAMLError as error:
        problem = error.problem or error.context or "it has an error"
        raise YamlError(f"it is not YAML: {problem}", error.problem_mark) from error
    except yaml.YAMLError as error:
        raise YamlError(f"it is not YAML: {' '.join(str(error).split())}") from error
    return node


def _check(events: Iterable[yaml.Event]) -> None:
    depth = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            raise YamlError(
                f"it uses an alias (*{event.anchor})", event.start_mark, "write the value out"
            )
        tag = getattr(event, "tag", None)
        if tag:
            raise YamlError(f"it uses a tag ({tag})", event.start_mark, "write the plain value")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise YamlError(f"it is more than {DEEPEST} levels deep", event.start_mark)


def value(node: yaml.Node) -> Any:  # noqa: ANN401 - whatever it holds
    """Return the value of a node; raise YamlError for what is no plain one."""
    if isinstance(node, yaml.SequenceNode):
        return [value(item) for item in node.value]
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if not isinstance(node, yaml.MappingNode):
        raise YamlError("it is not a plain value", node.start_mark)
    found: dict[str, Any] = {}
    for key, item in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag != f"{TAG}str":
            raise YamlError("a key is not read as text", key.start_mark, 'write it as "text":')
        if key.value in found:
            raise YamlError(f"{key.value[:80]!r} appears twice", key.start_mark)
        found[key.value] = value(item)
    return found


def _scalar(node: yaml.ScalarNode) -> str | int | float | bool | None:
    kind = node.tag.removeprefix(TAG)
    if kind == "str":
        return str(node.value)
    if kind == "null":
        return None
    if kind == "bool":
        return bool(CONSTRUCTOR.construct_yaml_bool(node))
    if kind not in NUMBERS:
        what = ODD.get(kind, kind)
        raise YamlError(
            f"{node.value[:80]!r} is read as {what}", node.start_mark, "write it in quotes"
        )
    return _number(node, kind)


def _number(node: yaml.ScalarNode, kind: str) -> int | float:
    try:
        found: int | float = NUMBERS[kind](node) if len(node.value) <= LONGEST_NUMBER else math.nan
    except ValueError:  # `0x_` looks like one
        found = math.nan
    if not math.isfinite(found):
        raise YamlError(
            f"{node.value[:80]!r} is not a usable number", node.start_mark, "write it in quotes"
        )
    return found
