"""What a source holds, for somebody who is to trust it."""

from collections.abc import Sequence

from scaffolder.engine.trees import Tree
from scaffolder.languages.all import LANGUAGES
from scaffolder.overlays.format import stages
from scaffolder.templates.placement import TEMPLATE
from scaffolder.templates.template import Template
from scaffolder.text import printable

from . import flatten
from .layers import Overlay

SHOWN = 20
"""Entries of a list, but for files, packages and where those come from: what is not shown there
could be what matters, and their number is bounded where an overlay is read."""

LINE = 500


def lines(base: Template, before: Sequence[Overlay], overlay: Overlay) -> list[str]:
    """Return what is shown of an overlay that is laid over `base` and the overlays `before`."""
    layer, manifest = overlay.layer, overlay.manifest
    tree, _ = flatten.flattened(base.root, before)
    replaced = sorted({o for path in overlay.tree for o in flatten.replaced(tree, path)})
    written = [path for path in overlay.tree if path.startswith(f"{TEMPLATE}/")]
    fixed = [f"{name}={value}" for name, (value, _) in manifest.answers.items()]
    presets = [f"{name}={value}" for name, (value, _) in manifest.defaults.items()]
    questions = [f"{name}: {entry['help']}" for name, entry in manifest.questions.items()]
    about = [
        f"{overlay.name} is used here for the first time:",
        f"  from: {layer.source}",
        f"  version: {layer.version or 'none, a directory'}, content {layer.digest[:12]}",
    ]
    about += [f"  about: {manifest.description}"] if manifest.description else []
    about += _list("stages", list(overlay.stages.entries))
    about += _list("always on", list(manifest.stages))
    about += _list("asks", questions)
    about += _list("fixes", fixed)
    about += _list("presets", presets)
    about += _list("replaces", replaced, most=None)
    added = [path for path in written if path not in replaced and not flatten.replaced(tree, path)]
    about += _list("adds", sorted(added), most=None)
    about += _list("installs, with its stages", stages.dependencies(overlay.stages), most=None)
    about += _list("has packages come from elsewhere", elsewhere(overlay.tree), most=None)
    about.append("It runs no code itself; what it writes runs with the service, and to verify it.")
    return [about[0], *(printable(line) for line in about[1:])]


def elsewhere(tree: Tree) -> list[str]:
    """Return the lines of files that have packages installed from a URL, or another index."""
    found = []
    for path, (_, content) in tree.items():
        for number, line in enumerate(content.decode(errors="replace").splitlines(), start=1):
            if any(known.FOREIGN.search(line[:LINE]) for known in LANGUAGES.values()):
                found.append(f"{path}:{number}: {' '.join(line[:LINE].split())}")
    return found


def _list(title: str, items: list[str], most: int | None = SHOWN) -> list[str]:
    if not items:
        return []
    more = [f"    and {len(items) - most} more"] if most and len(items) > most else []
    return [f"  {title}:", *(f"    {item}" for item in items[:most]), *more]
