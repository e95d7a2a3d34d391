"""The built-in template and overlays, in their order, as one Copier template."""

import atexit
import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from scaffolder import catalogue
from scaffolder.engine.trees import Tree
from scaffolder.source import Source

from . import asking, files, stages, store
from .layers import Overlay, check_names
from .manifest import Manifest
from .marks import OverlayError, closest

CATALOGUE = "template/stages.yml"
REMOVED = "template/removed.yml"
HOMES = tuple(f"{files.TEMPLATE}/{language}/" for language in files.LANGUAGES)
ALWAYS = "template/always.yml"


def compose(base: Source, overlays: Sequence[Overlay]) -> Source:
    """Lay overlays over a built-in template; raise OverlayError where they do not fit.

    Without overlays it is the built-in template as it is.
    """
    if not overlays:
        return base
    layers = tuple(overlay.layer for overlay in overlays)
    about = [base.digest, *(layer.recorded() for layer in layers)]
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
    return Source(_root(base, tuple(overlays)), base.name, base.version, digest, layers)


_roots: dict[tuple[str, ...], Path] = {}


def _root(base: Source, overlays: tuple[Overlay, ...]) -> Path:
    """Return a directory with the flattened template, which lasts as long as this process."""
    key = (base.digest, *(overlay.layer.label + overlay.layer.digest for overlay in overlays))
    if key not in _roots:
        tree, origins = flattened(base.root, overlays)
        root = Path(tempfile.mkdtemp(prefix="viscaffold-"))
        atexit.register(shutil.rmtree, root, ignore_errors=True)
        store.write(tree, root)
        (root / files.ORIGINS).write_text(json.dumps(origins), encoding="utf-8")
        _roots[key] = root
    return _roots[key]


def flattened(base: Path, overlays: Sequence[Overlay]) -> tuple[Tree, dict[str, str]]:
    """Return the files of the flattened template, and whose each is; raise as `compose`."""
    check_names(overlays)
    tree = dict(_known(base))
    config = catalogue.read_yaml(tree["copier.yml"][1])
    origins: dict[str, str] = {}
    builtin = catalogue.load(base).stages.values()
    whose = dict.fromkeys((stage.name for stage in builtin), "the built-in template")
    labels = {f"{stage.title}: {stage.summary}": stage.name for stage in builtin}
    always: list[str] = []
    for overlay in overlays:
        overlay.stages.check(whose, labels)
        labels |= {entry.label: name for name, entry in overlay.stages.entries.items()}
        whose |= dict.fromkeys(overlay.stages.entries, overlay.name)
        stages.check_folders(overlay.tree, whose, overlay.layer.label)
        asking.merge(config, overlay.manifest)
        always += _always(overlay.manifest, whose)
        _merge_files(tree, origins, overlay)
        _append(tree, CATALOGUE, overlay.tree.get(files.STAGES))
        _append(tree, REMOVED, overlay.tree.get(files.REMOVED))
    _fix_stages(tree, config, always)
    tree["copier.yml"] = ("100644", _dumped(config))
    return tree, origins


@cache
def _known(base: Path) -> Tree:
    from scaffolder import releases

    tree: Tree = {}
    for path in releases.files(base):
        mode = "100755" if path.stat().st_mode & 0o100 else "100644"
        tree[path.relative_to(base).as_posix()] = (mode, path.read_bytes())
    return tree


def _always(manifest: Manifest, known: Mapping[str, str]) -> list[str]:
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
    for path, entry in overlay.tree.items():
        if not path.startswith(f"{files.TEMPLATE}/"):
            continue
        _check_place(tree, path, overlay.layer.label)
        for other in replaced(tree, path):
            del tree[other]
        tree[path] = entry
        origins[path] = overlay.layer.label + path
    _check_targets(tree, overlay)


def replaced(tree: Tree, path: str) -> list[str]:
    """Return what a file stands in the place of: with or without `.jinja`, it is the same file."""
    plain = path.removesuffix(files.SUFFIX)
    return [other for other in (plain, plain + files.SUFFIX) if other in tree]


def _check_place(tree: Tree, path: str, label: str) -> None:
    parents = {"/".join(path.split("/")[:n]) for n in range(1, path.count("/") + 1)}
    in_the_way = next((name for name in sorted(parents) if name in tree), None)
    if in_the_way is None and any(other.startswith(f"{path}/") for other in tree):
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
        if not path.startswith(HOMES):
            continue
        language = path.split("/")[1]
        other = seen.setdefault((language, files.target(path)), path)
        if other != path and path in overlay.tree:
            raise OverlayError(
                f"{overlay.layer.label}{path}: {other} writes {files.target(path)} already",
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
    import yaml

    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=10**6)
    return text.encode()
