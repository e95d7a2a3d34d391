"""What a source holds, for somebody who is to trust it."""

from collections.abc import Sequence

import click

from scaffolder import names
from scaffolder.source import Source

from . import files, flatten
from .layers import Overlay

SHOWN = 20


def lines(base: Source, before: Sequence[Overlay], overlay: Overlay) -> list[str]:
    """Return what is shown of an overlay that is laid over `base` and the overlays `before`."""
    layer, manifest = overlay.layer, overlay.manifest
    tree, _ = flatten.flattened(base.root, before)
    replaced = sorted({o for path in overlay.tree for o in flatten.replaced(tree, path)})
    written = [path for path in overlay.tree if path.startswith(f"{files.TEMPLATE}/")]
    fixed = [f"{name}={value}" for name, (value, _) in manifest.answers.items()]
    presets = [f"{name}={value}" for name, (value, _) in manifest.defaults.items()]
    questions = [f"{name}: {entry['help']}" for name, entry in manifest.questions.items()]
    about = [
        f"{click.style(overlay.name, bold=True)} is used here for the first time:",
        f"  from: {layer.source}",
        f"  version: {layer.version or 'none, a directory'}, content {layer.digest[:12]}",
    ]
    about += [f"  about: {manifest.description}"] if manifest.description else []
    about += _list("stages", list(overlay.stages.entries))
    about += _list("always on", list(manifest.stages))
    about += _list("asks", questions)
    about += _list("fixes", fixed)
    about += _list("presets", presets)
    about += _list("replaces", replaced)
    about.append(f"  adds: {len(written) - len(replaced)} files")
    about.append("It runs no code when a service is made; what it writes runs with the service.")
    return [about[0], *(names.printable(line) for line in about[1:])]


def _list(title: str, items: list[str]) -> list[str]:
    if not items:
        return []
    more = [f"    and {len(items) - SHOWN} more"] if len(items) > SHOWN else []
    return [f"  {title}:", *(f"    {item}" for item in items[:SHOWN]), *more]
