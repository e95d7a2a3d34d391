"""Files that a template moved between its versions: `template/moved.yml` lists them."""

from pathlib import Path

from .catalogue import read_yaml

HOME = "template/moved.yml"


def load(root: Path, package: str) -> dict[str, list[str]]:
    """Return old path → new paths, in a service with this import package."""
    file = root / HOME
    listed = (read_yaml(file) or {}) if file.exists() else {}
    return {
        _filled(old, package): [_filled(path, package) for path in _paths(new)]
        for old, new in listed.items()
    }


def _paths(new: str | list[str]) -> list[str]:
    """Return the paths of an entry: one, or a list of several."""
    return [new] if isinstance(new, str) else new


def _filled(path: str, package: str) -> str:
    return path.replace("{package}", package)
