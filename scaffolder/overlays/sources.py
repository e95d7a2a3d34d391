"""The template of a service: which overlays are asked for or recorded, agreed to, laid over it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from scaffolder import console, names, source
from scaffolder.errors import RefusedError, UsageError
from scaffolder.source import Source

from . import flatten, layers, origin, preferences, store, summary, trust
from .layers import Overlay
from .record import Layer
from .versions import overlays


def recorded(base: Source, found: Sequence[Layer]) -> Source:
    """Return the template that a service records: a built-in version, and layers over it.

    Raise RefusedError if one cannot be had or is not trusted, OverlayError if they do not fit.
    """
    for layer in found:
        trust.require_answer(layer.source)
    return _composed(base, [layers.recorded(layer) for layer in found])


def asked(given: Sequence[str]) -> Source:
    """Return the newest built-in template with the sources given, or those that are the default.

    The built-in template's own name asks for it alone. Raise as `recorded`.
    """
    texts = [text for text in given or preferences.default() if text != source.NAME]
    return _composed(source.builtin(), [layers.given(origin.parse(text)) for text in texts])


def added(template: Source, text: str) -> tuple[Source, str]:
    """Return the template with one more source, and the stage that is meant by it.

    A source that is there already stays as it is. Raise UsageError if it is not clear which stage
    is meant, RefusedError if it is there in another version, or as `recorded`.
    """
    wanted = origin.parse(text)
    there = overlays(template)
    for overlay in there:
        if overlay.layer.source == wanted.place:
            _require_same(overlay, wanted)
            return template, _stage(overlay, wanted.stage)
    found = layers.given(wanted)
    found = replace(found, layer=replace(found.layer, with_stage=True))
    stage = _stage(found, wanted.stage)
    return _composed(_base(template), [*there, found]), stage


def without(template: Source, stages: Sequence[str]) -> Source:
    """Return the template without the overlays that came for a stage, and have none in `stages`."""
    there = overlays(template)
    left = [o for o in there if not o.layer.with_stage or set(o.stages.entries) & set(stages)]
    return template if len(left) == len(there) else _composed(_base(template), left)


def updated(template: Source, to: Sequence[str]) -> Source:
    """Return the template in the newest versions, or in those that are given.

    `to` holds versions of the built-in template, and NAME@VERSION for overlays; what is not named
    stays as it is. Raise UsageError for what is unknown, RefusedError for what is older, or as
    `recorded`.
    """
    there = overlays(template)
    wanted = _wanted(to, there)
    base = _base(template)
    if not to or source.NAME in wanted:
        base = target(base, wanted.get(source.NAME, ""))
    moved = [
        layers.newest(overlay, wanted.get(overlay.name, ""))
        if not to or overlay.name in wanted
        else overlay
        for overlay in there
    ]
    return _composed(base, moved)


def _wanted(to: Sequence[str], there: Sequence[Overlay]) -> dict[str, str]:
    known = [source.NAME, *(overlay.name for overlay in there)]
    wanted = {}
    for text in to:
        name, at, version = text.rpartition("@")
        name = name if at else source.NAME
        if name not in known:
            from scaffolder.errors import unknown

            raise unknown("template", name, known, "viscaffold status")
        wanted[name] = version
    return wanted


def target(current: Source, version: str) -> Source:
    """Return the version to move to; raise UsageError if unknown, RefusedError if older."""
    from scaffolder import errors

    wanted = version or source.builtin().version
    if wanted not in source.versions():
        raise errors.unknown("template version", wanted, source.versions(), "viscaffold status")
    if source.is_newer(current.version, wanted):
        raise RefusedError(
            f"the service is at template version {current.version}, which is newer than {wanted}: "
            "it only moves forwards",
            "viscaffold undo, while the update is not committed; git revert afterwards",
        )
    return source.carried(wanted)


def warn_of_directories(template: Source) -> None:
    """Say that others cannot follow a template that is recorded as a directory."""
    for layer in template.layers:
        if not layer.version:
            mark = click.style("!", fg="yellow")
            console.say(
                f"{mark} {names.printable(layer.source)} is a directory, recorded by its content: "
                "others cannot follow it. For a team: a git repository with a tag."
            )


def _base(template: Source) -> Source:
    return source.carried(template.version)


def _composed(base: Source, found: Sequence[Overlay]) -> Source:
    """Lay overlays over `base`, each trusted, or agreed to now."""
    before: list[Overlay] = []
    for overlay in found:
        place = overlay.layer.source
        if not trust.is_trusted(place):
            trust.require(place, summary.lines(base, before, overlay))
        store.put(overlay.tree)
        before.append(overlay)
    return flatten.compose(base, found)


def _require_same(overlay: Overlay, wanted: origin.Origin) -> None:
    layer = overlay.layer
    if wanted.version and wanted.version != layer.version:
        raise RefusedError(
            f"the service has {overlay.title} already",
            f"viscaffold update --to {overlay.name}@{wanted.version}",
        )
    if not wanted.url and layers.given(wanted).layer.digest != layer.digest:
        raise RefusedError(
            f"the template in {layer.source} has changed since the service was made with it",
            "viscaffold update, and commit; then the same command again",
        )


def _stage(overlay: Overlay, name: str) -> str:
    own = list(overlay.stages.entries)
    if name:
        if name not in own:
            from scaffolder.errors import unknown

            raise unknown(f"stage of {overlay.name}", name, own, "viscaffold stages")
        return name
    if len(own) != 1:
        raise UsageError(
            f"{overlay.name} has {len(own)} stages" + (f": {', '.join(own)}" if own else ""),
            f"{overlay.layer.source}#{own[0]}" if own else "viscaffold new --template",
        )
    return own[0]


def directory(text: str) -> Path:
    """Return the directory of an overlay that is worked on; raise UsageError if there is none."""
    root = Path(text)
    if not root.is_dir():
        hint = "viscaffold template init DIR"
        raise UsageError(f"there is no directory {names.shown(text)}", hint)
    return root.resolve()
