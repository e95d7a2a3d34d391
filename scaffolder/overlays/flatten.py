"""The built-in template and overlays, in their order, as one Copier template."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from scaffolder import temporary
from scaffolder.engine.trees import Tree, write_files
from scaffolder.languages import toolchain
from scaffolder.languages.all import LANGUAGES
from scaffolder.overlays.format import files, stages
from scaffolder.overlays.format.manifest import Manifest
from scaffolder.overlays.format.stage_entry import Entry
from scaffolder.overlays.format.yaml_document import OverlayError, closest
from scaffolder.templates import catalogue, moved, placement, releases
from scaffolder.templates.placement import SUFFIX, TEMPLATE
from scaffolder.templates.sandbox import ORIGINS
from scaffolder.templates.stage import Stage
from scaffolder.templates.template import Template

from . import layers, questions
from .layers import Overlay, check_names

CATALOGUE = "template/stages.yml"
REMOVED = "template/removed.yml"
ALWAYS = "template/always.yml"


def compose(base: Template, overlays: Sequence[Overlay]) -> Template:
    """Lay overlays over a built-in template; raise OverlayError where they do not fit.

    Without overlays it is the built-in template as it is.
    """
    if not overlays:
        return base
    laid = tuple(overlay.layer for overlay in overlays)
    layers.known.update((overlay.layer, overlay) for overlay in overlays)
    about = [base.digest, *(layer.entry() for layer in laid)]
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
    root, rest = _root(base, tuple(overlays))
    return Template(root, base.name, base.version, digest, laid, rest)


_roots: dict[tuple[str, ...], tuple[Path, Tree]] = {}


def _root(base: Template, overlays: tuple[Overlay, ...]) -> tuple[Path, Tree]:
    """Return a directory for the flattened template, and what only a render needs of it.

    The directory lasts as long as this process. Creating thousands of files takes longer than a
    change of a service for which the renders are known.
    """
    key = (base.digest, *(overlay.layer.label + overlay.layer.digest for overlay in overlays))
    if key not in _roots:
        tree, origins = flattened(base.root, overlays)
        root = temporary.lasting()
        write_files({path: tree[path] for path in tree if _is_setting(path)}, root)
        (root / ORIGINS).write_text(json.dumps(origins), encoding="utf-8")
        _roots[key] = root, {path: tree[path] for path in tree if not _is_setting(path)}
    return _roots[key]


def _is_setting(path: str) -> bool:
    """Tell whether viscaffold itself reads a file: the questions, the catalogue, language.yml."""
    folder, _, name = path.rpartition("/")
    return folder in ("", TEMPLATE) or (name == toolchain.FILE and folder.count("/") == 1)


def flattened(base: Path, overlays: Sequence[Overlay]) -> tuple[Tree, dict[str, str]]:
    """Return the files of the flattened template, and the overlay of each; raise as `compose`."""
    check_names(overlays)
    tree = dict(_files(base))
    config = catalogue.read_yaml(tree["copier.yml"][1])
    places = dict(catalogue.read_yaml(tree.get(moved.HOME, ("", b""))[1]) or {})
    origins: dict[str, str] = {}
    builtin = catalogue.read(base)
    known = {name: _builtin(stage) for name, stage in builtin.items()}
    servers = {server for stage in builtin.values() for server in stage.servers}
    always: list[str] = []
    fixed: dict[str, str] = {}
    for overlay in overlays:
        overlay.stages.check(known)
        known |= {name: _of(overlay, entry) for name, entry in overlay.stages.entries.items()}
        stages.check_folders(overlay.tree, known, overlay.layer.label)
        questions.merge(config, overlay.manifest, fixed)
        always += _always(overlay.manifest, known)
        _merge_files(tree, origins, overlay)
        overlay.stages.check_servers(servers, tree)
        servers |= overlay.stages.servers
        _append(tree, CATALOGUE, overlay.tree.get(files.STAGES))
        _append(tree, REMOVED, overlay.tree.get(files.REMOVED))
        places |= catalogue.read_yaml(overlay.tree.get(files.MOVED, ("", b""))[1]) or {}
    _fix_stages(tree, config, always)
    tree[moved.HOME] = ("100644", _dumped(places))
    tree["copier.yml"] = ("100644", _dumped(config))
    return tree, origins


def _builtin(stage: Stage) -> stages.Known:
    languages = frozenset(name for name in LANGUAGES if stage.is_in(name))
    return stages.Known("the built-in template", f"{stage.title}: {stage.summary}", languages)


def _of(overlay: Overlay, entry: Entry) -> stages.Known:
    return stages.Known(overlay.name, entry.label, entry.languages)


@cache
def _files(base: Path) -> Tree:
    tree: Tree = {}
    for path in releases.files(base):
        mode = "100755" if path.stat().st_mode & 0o100 else "100644"
        tree[path.relative_to(base).as_posix()] = (mode, path.read_bytes())
    return tree


def _always(manifest: Manifest, known: Mapping[str, stages.Known]) -> list[str]:
    """Return the stages that an overlay has always on."""
    for name, node in manifest.stages.items():
        if name not in known:
            raise manifest.page.error(node, f"there is no stage {name}", closest(name, known))
    return list(manifest.stages)


def _fix_stages(tree: Tree, config: dict[str, Any], always: list[str]) -> None:
    """Have stages always on: in the catalogue for viscaffold, in the question for Copier alone."""
    if not always:
        return
    names = sorted(set(always))
    missing = f"{{% for name in {names} if name not in stages %}}{{{{ name }}}} is always on {{% endfor %}}"  # noqa: E501 - one line of Jinja
    config["stages"] |= {"default": names, "validator": missing}
    tree[ALWAYS] = ("100644", _dumped(names))


def _merge_files(tree: Tree, origins: dict[str, str], overlay: Overlay) -> None:
    """Add an overlay's files, or put them in the place of others."""
    folders = {parent for path in tree for parent in _parents(path)}
    for path, entry in overlay.tree.items():
        if not path.startswith(f"{TEMPLATE}/"):
            continue
        _check_place(tree, folders, path, overlay.layer.label)
        for other in replaced(tree, path):
            del tree[other]
        tree[path] = entry
        origins[path] = overlay.layer.label + path
    _check_targets(tree, overlay)


def replaced(tree: Tree, path: str) -> list[str]:
    """Return what a file stands in the place of: with or without `.jinja`, it is the same file."""
    plain = path.removesuffix(SUFFIX)
    return [other for other in (plain, plain + SUFFIX) if other in tree]


def _parents(path: str) -> list[str]:
    """Return the directories above a path, outermost first."""
    return [path[:at] for at, letter in enumerate(path) if letter == "/"]


def _check_place(tree: Tree, folders: set[str], path: str, label: str) -> None:
    in_the_way = next((name for name in _parents(path) if name in tree), None)
    if in_the_way is None and path in folders:
        in_the_way = path
    if in_the_way:
        raise OverlayError(
            f"{label}{path}: {in_the_way} is a file on one side and a directory on the other",
            "rename it",
        )


def _check_targets(tree: Tree, overlay: Overlay) -> None:
    """Raise OverlayError if two files of different stages go to the same place in a service."""
    seen: dict[tuple[str, str], str] = {}
    for path in sorted(tree, key=lambda name: name in overlay.tree):
        language = placement.language_of(path)
        if language not in LANGUAGES:
            continue
        other = seen.setdefault((language, placement.target(path)), path)
        if other != path and path in overlay.tree:
            raise OverlayError(
                f"{overlay.layer.label}{path}: {other} writes {placement.target(path)} already",
                f"to replace that file, call this one {other}",
            )


def _append(tree: Tree, path: str, entry: tuple[str, bytes] | None) -> None:
    """Append a YAML file to one of the built-in's, as the text that Jinja is to read."""
    if entry is None:
        return
    before = tree.get(path, ("100644", b""))[1]
    separator = b"" if not before or before.endswith(b"\n") else b"\n"
    tree[path] = ("100644", before + separator + entry[1].removesuffix(b"\n") + b"\n")


def _dumped(value: object) -> bytes:
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=10**6)
    return text.encode()
