"""The files of an overlay: read from a directory or from git, and refused where unsafe."""

import hashlib
import stat
from collections.abc import Iterator
from pathlib import Path

from scaffolder.engine import ANSWERS_FILE, safe_paths
from scaffolder.engine.trees import Tree
from scaffolder.languages.all import DEFAULT, LANGUAGES
from scaffolder.languages.toolchain import FILE
from scaffolder.templates.placement import SHARED, SUFFIX, TEMPLATE
from scaffolder.text import printable

from .yaml_document import OverlayError

MANIFEST = "viscaffold.yml"
STAGES = "stages.yml"
REMOVED = "removed.yml"
MOVED = "moved.yml"
NOTICES = "notices.yml"

BESIDE = (STAGES, REMOVED, MOVED, NOTICES)
"""What may stand beside the manifest."""

CONFIGS = ("copier.yml", "copier.yaml")
"""What Copier would read, and an overlay must not have."""


MOST_FILES = 2000
MOST_BYTES = 16 * 1024 * 1024

OTHERS = {
    "120000": "a symbolic link",
    "160000": "a submodule",
    "setuid": "a file that runs as another user (setuid or setgid)",
    "special": "neither a file nor a directory",
}
"""Modes that no file of an overlay has, and what they are."""


def belongs(path: str) -> bool:
    """Tell whether a path of the directory is part of the overlay; its README, say, is not."""
    return path in (MANIFEST, *BESIDE) or path.startswith(f"{TEMPLATE}/")


def from_directory(root: Path, label: str) -> Tree:
    """Read the overlay in a directory; raise OverlayError if it is none, or has unsafe files."""
    tree: Tree = {}
    for path in _walk(root):
        name = path.relative_to(root).as_posix()
        mode = _mode(path)
        link = mode in OTHERS
        tree[name] = (mode, b"" if link else path.read_bytes())
        if len(tree) > MOST_FILES:
            break
    return check(tree, label)


def _walk(root: Path) -> Iterator[Path]:
    for path in sorted(root.iterdir()):
        if belongs(path.name) or path.name in (TEMPLATE, *CONFIGS):
            yield from _below(path)


def _below(path: Path) -> Iterator[Path]:
    if path.is_dir() and not path.is_symlink():
        for inner in sorted(path.iterdir()):
            if inner.name != "__pycache__":
                yield from _below(inner)
    else:
        yield path


def _mode(path: Path) -> str:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return "120000"
    if not stat.S_ISREG(mode):
        return "special"
    if mode & (stat.S_ISUID | stat.S_ISGID):
        return "setuid"
    return "100755" if mode & stat.S_IXUSR else "100644"


def check(tree: Tree, label: str) -> Tree:
    """Return the files of an overlay; raise OverlayError for what cannot be one's.

    `label` is what messages put before a path.
    """
    for config in CONFIGS:
        if config in tree:
            raise OverlayError(
                f"{label}{config}: an overlay cannot have one: Copier would run it",
                f"move its questions to {MANIFEST}: questions:",
            )
    if MANIFEST not in tree:
        raise OverlayError(
            f"{label}{MANIFEST}: the file is missing, so this is not a team's template",
            "viscaffold template init DIR makes one",
        )
    if len(tree) > MOST_FILES or sum(len(content) for _, content in tree.values()) > MOST_BYTES:
        raise OverlayError(
            f"{label}{TEMPLATE}/: it has more than {MOST_FILES} files, or {MOST_BYTES >> 20} MiB"
        )
    for path, (mode, _) in sorted(tree.items()):
        if mode in OTHERS:
            hint = "put the file itself there" if mode == "120000" else "remove it"
            raise OverlayError(f"{label}{printable(path)}: it is {OTHERS[mode]}", hint)
        _check_name(path, label)
    return dict(sorted(tree.items()))


def _check_name(path: str, label: str) -> None:
    at = f"{label}{printable(path)}"
    if not path.isprintable() or "\\" in path:
        raise OverlayError(f"{at}: a name is printable, without backslashes", "rename it")
    parts = path.split("/")
    why = safe_paths.problem("/".join(part.removesuffix(SUFFIX) for part in parts))
    if why:
        raise OverlayError(f"{at}: {why}", "rename it")
    if path.removesuffix(SUFFIX).endswith(f"/{ANSWERS_FILE}"):
        raise OverlayError(f"{at}: viscaffold writes {ANSWERS_FILE}", "remove it")
    if parts[0] != TEMPLATE:
        return
    if len(parts) == 2:  # noqa: PLR2004 - a file right below template/
        hint = (
            f"move it beside {MANIFEST}"
            if parts[1] in BESIDE
            else f"move it to {TEMPLATE}/{DEFAULT}/, or to {TEMPLATE}/{SHARED}/"
        )
        raise OverlayError(f"{at}: no file stands there", hint)
    if parts[1] not in (*LANGUAGES, SHARED):
        known = ", ".join(f"{TEMPLATE}/{name}/" for name in (*LANGUAGES, SHARED))
        raise OverlayError(
            f"{at}: {TEMPLATE}/{printable(parts[1])}/ belongs to no language",
            f"files of a service go to {TEMPLATE}/{DEFAULT}/; known: {known}",
        )
    _check_no_toolchain(at, parts)


def _check_no_toolchain(at: str, parts: list[str]) -> None:
    """Raise OverlayError for a language.yml of an overlay: commands are the built-in template's."""
    if parts[2:] in ([FILE], [FILE + SUFFIX]):
        raise OverlayError(f"{at}: the built-in template alone has a {FILE}", "remove it")


def digest(tree: Tree) -> str:
    """Return what identifies an overlay's content: paths, exec bits and bytes."""
    found = hashlib.sha256()
    for path, (mode, content) in sorted(tree.items()):
        found.update(f"{path}\0{mode == '100755'}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()
