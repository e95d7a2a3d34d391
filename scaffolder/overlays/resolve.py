"""The template of a service: overlays are requested or recorded, trusted, and laid over it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from scaffolder.errors import RefusedError, UsageError, unknown
from scaffolder.overlays.fetch import origin, preferences, store
from scaffolder.overlays.fetch.trust import NEVER, TrustPolicy, covers, require, require_answer
from scaffolder.templates.layer import Layer
from scaffolder.templates.template import (
    NAME,
    Template,
    builtin,
    carried,
    is_newer,
    versions,
)
from scaffolder.text import printable, shown

from . import flatten, layers, summary
from .layers import Overlay
from .versions import overlays


def with_layers(base: Template, found: Sequence[Layer], trust: TrustPolicy) -> Template:
    """Return the template that a service records: a built-in version, and layers over it.

    Raise RefusedError if one cannot be had or is not trusted, OverlayError if they do not fit.
    """
    for layer in found:
        require_answer(layer, trust)
    return _composed(base, [layers.load(layer, trust) for layer in found], trust)


def at_hand(base: Template, found: Sequence[Layer]) -> Template:
    """Return the same from copies alone: nobody is asked, and no server.

    Raise RefusedError if one is not trusted, or there is no copy of it.
    """
    return flatten.compose(base, [layers.at_hand(layer) for layer in found])


def default_at_hand() -> Template:
    """Return what `asked` gives where no source is given; raise as `at_hand`."""
    places = [origin.parse(text) for text in preferences.default() if text != NAME]
    for place in places:
        if place.url:
            raise RefusedError(f"the template of {place.shown} is on a server")
    return at_hand(builtin(), [layers.given(place, NEVER).layer for place in places])


def asked(given: Sequence[str], trust: TrustPolicy) -> Template:
    """Return the newest built-in template with the sources given, or those that are the default.

    The built-in template's own name asks for it alone. Raise as `with_layers`.
    """
    texts = [text for text in given or preferences.default() if text != NAME]
    found = [layers.given(origin.parse(text), trust) for text in texts]
    return _composed(builtin(), found, trust)


def added(template: Template, text: str, trust: TrustPolicy) -> tuple[Template, str]:
    """Return the template with one more source, and the stage that is meant by it.

    A source that is there already stays as it is. Raise UsageError if it is not clear which stage
    is meant, RefusedError if it is there in another version, or as `with_layers`.
    """
    wanted = origin.parse(text)
    there = overlays(template)
    for overlay in there:
        if overlay.layer.source == wanted.place:
            _require_same(overlay, wanted, trust)
            return template, _stage(overlay, wanted.stage)
    found = layers.given(wanted, trust)
    found = replace(found, layer=replace(found.layer, with_stage=True))
    stage = _stage(found, wanted.stage)
    return _composed(_base(template), [*there, found], trust), stage


def without(template: Template, stages: Sequence[str], trust: TrustPolicy) -> Template:
    """Return the template without the overlays that came for a stage, and have none in `stages`."""
    there = overlays(template)
    left = [o for o in there if not o.layer.with_stage or set(o.stages.entries) & set(stages)]
    return template if len(left) == len(there) else _composed(_base(template), left, trust)


def updated(template: Template, to: Sequence[str], trust: TrustPolicy) -> Template:
    """Return the template in the newest versions, or in those that are given.

    `to` holds versions of the built-in template, and NAME@VERSION for overlays; what is not named
    stays as it is. Raise UsageError for what is unknown, RefusedError for what is older, or as
    `recorded`.
    """
    there = overlays(template)
    wanted = _wanted(to, there)
    base = _base(template)
    if not to or NAME in wanted:
        base = target(base, wanted.get(NAME, ""))
    moved = [
        layers.newest(overlay, trust, wanted.get(overlay.name, ""))
        if not to or overlay.name in wanted
        else overlay
        for overlay in there
    ]
    return _composed(base, moved, trust)


def _wanted(to: Sequence[str], there: Sequence[Overlay]) -> dict[str, str]:
    known = [NAME, *(overlay.name for overlay in there)]
    wanted = {}
    for text in to:
        name, at, version = text.rpartition("@")
        name = name if at else NAME
        if name not in known:
            raise unknown("template", name, known, "viscaffold status")
        wanted[name] = version
    return wanted


def target(current: Template, version: str) -> Template:
    """Return the version to move to; raise UsageError if unknown, RefusedError if older."""
    wanted = version or builtin().version
    if wanted not in versions():
        raise unknown("template version", wanted, versions(), "viscaffold status")
    if is_newer(current.version, wanted):
        raise RefusedError(
            f"the service is at template version {current.version}, which is newer than {wanted}: "
            "it only moves forwards",
            "viscaffold undo, while the update is not committed; git revert afterwards",
        )
    return carried(wanted)


def warnings(template: Template) -> list[str]:
    """Return what a person should know of the overlays: others cannot follow a directory."""
    return [
        f"{printable(layer.source)} is a directory, recorded by its content: "
        "others cannot follow it. For a team: a git repository with a tag."
        for layer in template.layers
        if not layer.version
    ]


def _base(template: Template) -> Template:
    return carried(template.version)


def _composed(base: Template, found: Sequence[Overlay], trust: TrustPolicy) -> Template:
    """Lay overlays over `base`, each trusted already, or now."""
    before: list[Overlay] = []
    for overlay in found:
        about = [] if covers(overlay.layer) else summary.lines(base, before, overlay)
        require(overlay.layer, about, trust)
        store.put(overlay.tree)
        before.append(overlay)
    return flatten.compose(base, found)


def _require_same(overlay: Overlay, wanted: origin.Origin, trust: TrustPolicy) -> None:
    layer = overlay.layer
    if wanted.version and wanted.version != layer.version:
        raise RefusedError(
            f"the service has {overlay.title} already",
            f"viscaffold update --to {overlay.name}@{wanted.version}",
        )
    if not wanted.url and layers.given(wanted, trust).layer.digest != layer.digest:
        raise RefusedError(
            f"the template in {layer.source} has changed since the service was made with it",
            "viscaffold update, and commit; then the same command again",
        )


def _stage(overlay: Overlay, name: str) -> str:
    own = list(overlay.stages.entries)
    if name:
        if name not in own:
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
        raise UsageError(f"there is no directory {shown(text)}", hint)
    return root.resolve()
