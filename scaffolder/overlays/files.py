"""Which files make up an overlay: read from a directory or from git, and refused where odd."""

import hashlib
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from scaffolder import names
from scaffolder.engine import ANSWERS_FILE
from scaffolder.engine.trees import Tree

from .marks import OverlayError

MANIFEST = "viscaffold.yml"
STAGES = "stages.yml"
REMOVED = "removed.yml"
TEMPLATE = "template"
ORIGINS = "origins.json"
"""In a flattened template: path → how messages call it, for those that an overlay wrote."""

CONFIGS = ("copier.yml", "copier.yaml")
"""What Copier would read, and an overlay must not have."""

LANGUAGES = ("python",)
SHARED = "shared"

MOST_FILES = 2000
MOST_BYTES = 16 * 1024 * 1024

OTHERS = {
    "120000": "a symbolic link",
    "160000": "a submodule",
    "setuid": "a file that runs as another user (setuid or setgid)",
    "special": "neither a file nor a directory",
}
"""Modes that no file of an overlay has, and what they are."""

SUFFIX = ".jinja"


def belongs(path: str) -> bool:
    """Tell whether a path of the directory is part of the overlay; its README, say, is not."""
    return path in (MANIFEST, STAGES, REMOVED) or path.startswith(f"{TEMPLATE}/")


def from_directory(root: Path, label: str) -> Tree:
    """Read the overlay in a directory; raise OverlayError for what is none, or odd."""
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
                f"{label}{config}: an overlay has none of its own, for it would be run by Copier",
                f"move its questions to {MANIFEST}: questions:",
            )
    if MANIFEST not in tree:
        raise OverlayError(
            f"{label}{MANIFEST}: there is no such file, so this is no template of a team",
            "viscaffold template init DIR makes one",
        )
    if len(tree) > MOST_FILES or sum(len(content) for _, content in tree.values()) > MOST_BYTES:
        raise OverlayError(
            f"{label}{TEMPLATE}/: it has more than {MOST_FILES} files, or {MOST_BYTES >> 20} MiB"
        )
    for path, (mode, _) in sorted(tree.items()):
        if mode in OTHERS:
            hint = "put the file itself there" if mode == "120000" else "remove it"
            raise OverlayError(f"{label}{names.printable(path)}: it is {OTHERS[mode]}", hint)
        _check_name(path, label)
    return dict(sorted(tree.items()))


def _check_name(path: str, label: str) -> None:
    at = f"{label}{names.printable(path)}"
    if not path.isprintable() or "\\" in path or len(path) > 1000:  # noqa: PLR2004 - long enough
        raise OverlayError(f"{at}: a name is printable, without backslashes", "rename it")
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise OverlayError(f"{at}: a path has no empty, `.` or `..` part", "rename it")
    if any(part.casefold().removesuffix(SUFFIX) == ".git" for part in parts):
        raise OverlayError(f"{at}: .git is git's own", "remove it")
    if path.removesuffix(SUFFIX).endswith(f"/{ANSWERS_FILE}"):
        raise OverlayError(f"{at}: viscaffold writes {ANSWERS_FILE}", "remove it")
    if parts[0] != TEMPLATE:
        return
    if len(parts) == 2:  # noqa: PLR2004 - a file right below template/
        beside = parts[1] in (STAGES, REMOVED)
        hint = (
            f"move it beside {MANIFEST}"
            if beside
            else f"move it to {TEMPLATE}/{LANGUAGES[0]}/, or to {TEMPLATE}/{SHARED}/"
        )
        raise OverlayError(f"{at}: no file stands there", hint)
    if parts[1] not in (*LANGUAGES, SHARED):
        known = ", ".join(f"{TEMPLATE}/{name}/" for name in (*LANGUAGES, SHARED))
        raise OverlayError(
            f"{at}: {TEMPLATE}/{names.printable(parts[1])}/ belongs to no language",
            f"files of a service go to {TEMPLATE}/{LANGUAGES[0]}/; known: {known}",
        )


def digest(tree: Tree) -> str:
    """Return what identifies an overlay's content: paths, exec bits and bytes."""
    found = hashlib.sha256()
    for path, (mode, content) in sorted(tree.items()):
        found.update(f"{path}\0{mode == '100755'}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()


def target(path: str) -> str:
    """Return where a file of `template/LANGUAGE/` goes in a service, as far as names tell."""
    parts = PurePosixPath(path).parts[2:]
    inside = [part for part in parts if not stage_of(part)]
    return "/".join(part.replace(" ", "") for part in inside).removesuffix(SUFFIX)


def stage_of(part: str) -> str:
    """Return the stage that a folder's name chooses, or an empty text."""
    inner = part.removeprefix("{{").removesuffix("}}").strip()
    chosen = part.startswith("{{") and part.endswith("}}") and inner.startswith("stage.")
    return inner.removeprefix("stage.") if chosen else ""
