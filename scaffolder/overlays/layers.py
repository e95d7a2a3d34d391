"""The overlays of a service: found by its records, trusted, and moved to newer versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from scaffolder.engine.trees import Tree
from scaffolder.errors import RefusedError, UsageError
from scaffolder.overlays.fetch import origin, remote, store, tags
from scaffolder.overlays.fetch.origin import Origin
from scaffolder.overlays.fetch.trust import TrustPolicy, covers
from scaffolder.overlays.format import files, jinja, manifest, notice_entries, stages
from scaffolder.overlays.format.manifest import Manifest
from scaffolder.overlays.format.stages import Stages
from scaffolder.overlays.format.yaml_document import OverlayError, Page
from scaffolder.templates.layer import Layer


@dataclass(frozen=True)
class Overlay:
    """An overlay with its content, checked."""

    layer: Layer
    tree: Tree

    @cached_property
    def manifest(self) -> Manifest:
        """Return what its viscaffold.yml says."""
        page = Page(f"{self.layer.label}{files.MANIFEST}")
        return manifest.read(self.tree[files.MANIFEST][1], page)

    @cached_property
    def stages(self) -> Stages:
        """Return its own stages."""
        page = Page(f"{self.layer.label}{files.STAGES}")
        content = self.tree.get(files.STAGES, ("", b""))[1]
        return stages.read(content, page)

    @cached_property
    def notices(self) -> notice_entries.Entries:
        """Return what people are told of its versions."""
        page = Page(f"{self.layer.label}{files.NOTICES}")
        return notice_entries.read(self.tree.get(files.NOTICES, ("", b""))[1], page)

    @property
    def name(self) -> str:
        """Return its name."""
        return self.manifest.name

    @property
    def title(self) -> str:
        """Return its name and version, for messages."""
        return f"{self.name} {self.layer.shown}"


known: dict[Layer, Overlay] = {}
"""The overlays that this process has read already, for it may ask for one several times."""


def given(source: Origin, trust: TrustPolicy) -> Overlay:
    """Get the overlay that was typed; raise RefusedError, OverlayError for what is wrong in it."""
    if not source.url:
        return _from_directory(Path(source.place))
    if not source.version:
        source = replace(source, version=tags.newest(remote.versions(source, trust), source))
    tagged = remote.fetch(source, trust)
    label = f"{source.place}@{source.version}:"
    tree = files.check(tagged.tree, label)
    layer = Layer(source.place, files.digest(tree), source.version, tagged.commit)
    return _checked(Overlay(layer, tree))


def _from_directory(root: Path) -> Overlay:
    tree = files.from_directory(root, f"{root}/")
    return _checked(Overlay(Layer(str(root), files.digest(tree)), tree))


def _checked(overlay: Overlay) -> Overlay:
    """Check everything in an overlay that does not depend on other overlays."""
    _ = overlay.manifest, overlay.stages, overlay.notices
    removed = overlay.tree.get(files.REMOVED, ("", b""))[1]
    stages.check_removed(removed, Page(f"{overlay.layer.label}{files.REMOVED}"))
    moved = overlay.tree.get(files.MOVED, ("", b""))[1]
    stages.check_moved(moved, Page(f"{overlay.layer.label}{files.MOVED}"))
    jinja.check_apart(overlay.tree, overlay.layer.label)
    return overlay


def load(layer: Layer, trust: TrustPolicy) -> Overlay:
    """Get an overlay that a service records, from the user's cache or from where it came from.

    Raise RefusedError if its content cannot be found any more.
    """
    if layer not in known:
        known[layer] = _found(layer, trust)
    return known[layer]


def _found(layer: Layer, trust: TrustPolicy) -> Overlay:
    tree = store.get(layer.digest)
    if tree is not None:
        return Overlay(layer, tree)
    if not layer.version:
        return replace(_same_directory(layer), layer=layer)
    found = given(origin.of(layer.source, layer.version), trust)
    _require_same(layer, found)
    return replace(found, layer=layer)


def at_hand(layer: Layer) -> Overlay:
    """Get an overlay that a service records if it is trusted, and here; else raise RefusedError."""
    if not covers(layer):
        raise RefusedError(f"the template at {layer.source} is not trusted here")
    tree = store.get(layer.digest)
    if tree is not None:
        return Overlay(layer, tree)
    if layer.version:
        raise RefusedError(f"there is no copy of {layer.source} {layer.version} here")
    return replace(_same_directory(layer), layer=layer)


def _same_directory(layer: Layer) -> Overlay:
    root = Path(layer.source)
    if not root.is_dir():
        raise RefusedError(
            f"the service was made with the template in the directory {layer.source}, which is "
            "not here, and neither is a copy of it",
            "work where the directory is; others can follow a git repository with a tag",
        )
    found = _from_directory(root)
    if found.layer.digest != layer.digest:
        raise RefusedError(
            f"the template in {layer.source} has changed since the service was made with it, and "
            "there is no copy of what it was",
            "put it back as it was, update the service, and change it then",
        )
    return found


def _require_same(layer: Layer, found: Overlay) -> None:
    if found.layer.digest != layer.digest:
        raise RefusedError(
            f"the tag {layer.version} of {layer.source} has other content now than the service "
            "was made with: it was moved",
            "ask who moved it; a new version has to be a new tag",
        )


def newest(overlay: Overlay, trust: TrustPolicy, version: str = "") -> Overlay:
    """Return the overlay in its newest version, or in `version`; the same object if that is it.

    Raise RefusedError if its source cannot be read, if its tag has other content now, or if
    `version` is older.
    """
    layer = overlay.layer
    if not layer.version:
        if version:
            raise UsageError(f"{overlay.name} comes from a directory, which has no versions")
        return _directory_now(overlay)
    source = origin.of(layer.source, layer.version)
    there = remote.versions(source, trust)
    _check_tag(overlay, there, trust)
    wanted = tags.meant(there, version, layer.version) if version else ""
    wanted = wanted or tags.newest(there, source, layer.version)
    if wanted == layer.version or (not version and tags.is_older(wanted, layer.version)):
        return overlay
    if tags.is_older(wanted, layer.version):
        raise RefusedError(
            f"the service is at {overlay.title}, which is newer than {wanted}: it only moves "
            "forwards",
            "viscaffold undo, while the update is not committed; git revert afterwards",
        )
    found = given(replace(source, version=wanted), trust)
    return replace(found, layer=replace(found.layer, with_stage=layer.with_stage))


def _check_tag(overlay: Overlay, there: Mapping[str, str], trust: TrustPolicy) -> None:
    """Raise RefusedError if the recorded tag has other content; where it is gone, say nothing."""
    layer = overlay.layer
    now = there.get(layer.version, layer.commit)
    if now != layer.commit:
        _require_same(layer, given(origin.of(layer.source, layer.version), trust))


def _directory_now(overlay: Overlay) -> Overlay:
    layer = overlay.layer
    root = Path(layer.source)
    if not root.is_dir():
        raise RefusedError(
            f"the template's directory {layer.source} is not here any more",
            "put it back; to move the service to a git repository, add it with a tag",
        )
    found = _from_directory(root)
    if found.layer.digest == layer.digest:
        return overlay
    return replace(found, layer=replace(found.layer, with_stage=layer.with_stage))


def check_names(overlays: Sequence[Overlay]) -> None:
    """Raise OverlayError if two overlays have the same name."""
    seen: dict[str, Overlay] = {}
    for overlay in overlays:
        if overlay.name in seen:
            other = seen[overlay.name].layer
            raise OverlayError(
                f"{overlay.manifest.page.name}: {other.source} is called {overlay.name}, too",
                "give one of them another name in its viscaffold.yml",
            )
        seen[overlay.name] = overlay
