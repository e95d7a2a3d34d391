"""A flattened template for stock Copier: what it needs is in it, and viscaffold is not needed."""

import shutil
from pathlib import Path

from scaffolder import temporary
from scaffolder.errors import RefusedError
from scaffolder.templates.placement import TEMPLATE
from scaffolder.templates.template import Template

CONTENT = ("copier.yml", TEMPLATE)


def write(template: Template, target: Path, *, replace: bool) -> int:
    """Write a template into a directory; return how many files it has.

    What else is in the directory stays. Raise RefusedError if there is a template, unless it may
    be replaced, or if something else is in the way.
    """
    _require_room(target, replace=replace)
    target.mkdir(parents=True, exist_ok=True)
    root = template.whole()
    with temporary.beside(target / CONTENT[0]) as new:
        for name in CONTENT:
            _copy(root / name, new / name)
        for name in CONTENT:
            _remove(target / name)
            (new / name).rename(target / name)
    return 1 + sum(path.is_file() for path in (target / TEMPLATE).rglob("*"))


def _require_room(target: Path, *, replace: bool) -> None:
    if target.exists() and not target.is_dir():
        raise RefusedError(f"{target} exists and is not a directory", "choose another")
    there = [name for name in CONTENT if (target / name).exists()]
    if there and not replace:
        raise RefusedError(
            f"{target} has {' and '.join(there)} already",
            "the same command with --replace takes their place; other files stay",
        )


def _copy(old: Path, new: Path) -> None:
    if old.is_dir():
        shutil.copytree(old, new, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    else:
        shutil.copy(old, new)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.exists() or path.is_symlink():
        path.unlink()
