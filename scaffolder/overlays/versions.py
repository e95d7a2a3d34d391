"""What differs between two templates, and which versions one has: for messages and documents."""

from collections.abc import Mapping, Sequence
from typing import Any

from scaffolder.templates.layer import SHORT
from scaffolder.templates.template import Template

from . import layers
from .layers import Overlay

Recorded = Mapping[str, Any]
"""A layer, as answers hold it."""


def overlays(template: Template) -> list[Overlay]:
    """Return the overlays that a template was composed of."""
    return [layers.known[layer] for layer in template.layers]


def moves(old: Template, new: Template) -> list[str]:
    """Return `NAME from VERSION to VERSION` for everything that differs."""
    before = {layer.source: layer for layer in old.layers}
    found = []
    if old.version != new.version:
        found.append(f"the template from {old.version} to {new.version}")
    for overlay in overlays(new):
        layer = before.get(overlay.layer.source)
        if layer and layer != overlay.layer:
            found.append(f"{overlay.name} from {layer.shown} to {overlay.layer.shown}")
    return found


def targets(old: Template, new: Template) -> list[str]:
    """Return what `update --to` would name everything by that differs."""
    found = [new.version] if old.version != new.version else []
    return found + [
        f"{overlay.name}@{overlay.layer.shown}"
        for overlay in overlays(new)
        if overlay.layer not in old.layers
    ]


def current(template: Template) -> str:
    """Return the versions of a template and its overlays, for messages."""
    return ", ".join([template.version, *(overlay.title for overlay in overlays(template))])


def changes(before: Sequence[Recorded], after: Sequence[Recorded]) -> list[dict[str, str | None]]:
    """Return the version of each source before and after; None where it is not there."""
    old = {entry["source"]: entry for entry in before}
    new = {entry["source"]: entry for entry in after}
    return [
        {"source": place, "from": _version(old.get(place)), "to": _version(new.get(place))}
        for place in dict.fromkeys([*old, *new])
    ]


def _version(entry: Recorded | None) -> str | None:
    return (entry.get("version") or entry["digest"][:SHORT]) if entry else None
