"""What people are told of a service: its known faults, and what another version changes for it.

The built-in template tells it by versions. Those of a team have notices of their own, and what a
version of one adds to them is told on the way there.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from scaffolder import names
from scaffolder.templates import notices
from scaffolder.templates.notices import Notice
from scaffolder.templates.template import Template

from .service import Service

if TYPE_CHECKING:
    from scaffolder.overlays.layers import Overlay


def held(service: Service, template: Template) -> list[Notice]:
    """Return the faults that its files show, as far as a version of its template has them."""
    root, name, inner = service.root, service.answers["name"], service.inner
    found = notices.held(root, name, template.version, inner)
    told = [notices.change(root, key, entry, inner) for key, entry in _of_overlays(template, name)]
    return found + [notice for notice in told if notice.places]


def between(service: Service, target: Template) -> list[Notice]:
    """Return what changes on the way to a version of its template."""
    root, name, inner = service.root, service.answers["name"], service.inner
    stages, reached = service.stages, (service.template.version, target.version)
    before = {overlay.layer.source: overlay for overlay in _overlays(service.template)}
    found = notices.between(root, name, reached, stages, inner)
    for overlay in _overlays(target):
        old = before.get(overlay.layer.source, overlay).notices
        known = notices.filled(overlay.notices, names.package(name))
        coming = {key: entry for key, entry in known.items() if key not in old}
        found += [
            notices.change(root, f"{overlay.name}/{key}", entry, inner)
            for key, entry in coming.items()
            if set(entry.get("stages", ())) <= set(stages)
        ]
    return found


def retired(template: Template, name: str) -> dict[str, Notice]:
    """Return the settings that the service `name` does not read any more."""
    return {**notices.by_setting(_of_overlays(template, name)), **notices.retired(name)}


def _of_overlays(template: Template, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for overlay in _overlays(template):
        for key, entry in notices.filled(overlay.notices, names.package(name)).items():
            yield f"{overlay.name}/{key}", entry


def _overlays(template: Template) -> "list[Overlay]":
    """Return the overlays that were read: status reads none that is not trusted yet."""
    if not template.layers:
        return []
    from scaffolder.overlays import layers  # noqa: PLC0415 - what fetches them takes long to import

    return [layers.known[layer] for layer in template.layers if layer in layers.known]
