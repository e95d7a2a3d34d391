"""The questions of a flattened template: an overlay's own, and its presets of those before."""

from collections.abc import Mapping
from typing import Any

from scaffolder.overlays.format.manifest import TAKEN, Manifest
from scaffolder.overlays.format.yaml_document import Node, Page, closest


def merge(config: dict[str, Any], manifest: Manifest, fixed: dict[str, str]) -> None:
    """Put an overlay's own questions into copier.yml, and its presets of those that there are.

    `fixed` tells which overlay before has fixed an answer; those that this one fixes are added.
    """
    page = manifest.page
    for name in manifest.questions:
        if name in config:
            raise page.error(
                manifest.asked_at[name], f"there is a question {name} already",
                f"choose another name; or preset it: defaults: {{{name}: ...}}",
            )  # fmt: skip
    _insert(config, manifest.questions)
    for name, (value, node) in manifest.defaults.items():
        _check_free(config, page, name, node, fixed)
        _asked(config, page, name, node)
        _check_choice(config, page, name, value, node)
        config[name]["default"] = value
    for name, (value, node) in manifest.answers.items():
        if name in fixed and _is_same(config[name]["default"], value):
            continue
        _check_free(config, page, name, node, fixed)
        _asked(config, page, name, node)
        _check_choice(config, page, name, value, node)
        config[name] |= {"default": value, "when": False}
        fixed[name] = manifest.name


def _is_same(one: object, other: object) -> bool:
    """Tell if two values are rendered the same: `true` and `1` are equal, and are not."""
    return type(one) is type(other) and one == other


def _check_free(
    config: Mapping[str, Any], page: Page, name: str, node: Node, fixed: Mapping[str, str]
) -> None:
    if name in fixed:
        value = config[name]["default"]
        raise page.error(
            node, f"{fixed[name]} has fixed {name} to {value!r} already",
            "fix it to the same value, or leave it to that template",
        )  # fmt: skip


def _insert(config: dict[str, Any], questions: Mapping[str, Any]) -> None:
    """Insert questions before the catalogue, whose texts may then use the answers."""
    before = list(config.items())
    at = list(config).index("catalogue")
    config.clear()
    own = [(name, dict(question)) for name, question in questions.items()]  # presets change them
    config.update([*before[:at], *own, *before[at:]])


def _asked(config: Mapping[str, Any], page: Page, name: str, node: Node) -> None:
    asked = [
        key
        for key, question in config.items()
        if not key.startswith("_") and question.get("when") is not False
    ]
    if name in asked:
        return
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
