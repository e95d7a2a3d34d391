"""The questions of a flattened template: an overlay's own, and its presets of those before."""

from collections.abc import Mapping
from typing import Any

from .manifest import TAKEN, Manifest
from .marks import Node, Page, closest


def merge(config: dict[str, Any], manifest: Manifest) -> None:
    """Put an overlay's own questions into copier.yml, and its presets of those that there are."""
    page = manifest.page
    for name in manifest.questions:
        if name in config:
            raise page.error(
                manifest.asked_at[name], f"there is a question {name} already",
                f"choose another name; or preset it: defaults: {{{name}: ...}}",
            )  # fmt: skip
    _insert(config, manifest.questions)
    for name, (value, node) in manifest.defaults.items():
        _asked(config, page, name, node)
        _check_choice(config, page, name, value, node)
        config[name]["default"] = value
    for name, (value, node) in manifest.answers.items():
        _asked(config, page, name, node)
        _check_choice(config, page, name, value, node)
        config[name] |= {"default": value, "when": False}


def _insert(config: dict[str, Any], questions: Mapping[str, Any]) -> None:
    """Insert questions before the catalogue, whose texts may then use the answers."""
    before = list(config.items())
    at = list(config).index("catalogue")
    config.clear()
    config.update([*before[:at], *questions.items(), *before[at:]])


def _asked(config: Mapping[str, Any], page: Page, name: str, node: Node) -> None:
    asked = [
        key
        for key, question in config.items()
        if not key.startswith("_") and question.get("when") is not False
    ]
    if name in asked:
        return
    if name in config:
        raise page.error(node, f"{name} is fixed already, by a template before this one")
    known = [key for key in asked if key not in TAKEN]
    raise page.error(node, f"there is no question {name}", closest(name, known))


def _check_choice(
    config: Mapping[str, Any], page: Page, name: str, value: object, node: Node
) -> None:
    choices = config[name].get("choices")
    templated = isinstance(value, str) and "{{" in value
    if isinstance(choices, list) and not templated and value not in choices:
        known = ", ".join(map(str, choices))
        raise page.error(node, f"{name} is one of {known}, not {value!r}")
