"""Rendering of templates that others wrote, in a process of its own (sandbox_process.py).

In it, Jinja's sandbox (Copier's) keeps templates away from attributes that lead to code; what would
make a render more than a function of template and answers is gone (jinja_limits.py); and templates
are found below the template's root only.
"""

import json
import os
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scaffolder.engine import ANSWERS_FILE, safe_paths
from scaffolder.text import printable

from . import sandbox_process
from .copier import TemplateError, run_copier
from .jinja_limits import environment
from .placement import SUFFIX

ORIGINS = "origins.json"
"""In a flattened template: path → how messages call it, for those that an overlay wrote."""

MOST_FILES = 5000
MOST_BYTES = 64 << 20
"""Of a whole render, directories counted: a loop in a file's name makes any number of them."""

LONGEST_WORDS = 2000
"""Characters of an error: Jinja's can hold a whole value."""


def render(root: Path, answers: Mapping[str, Any], into: Path) -> None:
    """Render a flattened template into `into`; raise TemplateError, with the overlay's own line."""
    found = sandbox_process.call(
        render_in_process, root=str(root), answers=dict(answers), into=str(into)
    )
    if "error" in found:
        raise TemplateError(f"the template cannot be rendered: {_where(root, found)}")
    check(into)


def check(rendered: Path) -> None:
    """Raise TemplateError if a render has what no service has: names of git's, links, too much."""
    budget = Budget()
    try:
        for folder, folders, found in os.walk(rendered):
            for name in (*folders, *found):
                path = Path(folder, name)
                _check_path(path, path.relative_to(rendered).as_posix())
                budget.take(path.lstat().st_size if name in found else 0)
    except OverflowError as error:
        raise TemplateError(f"the template cannot be rendered: {error}") from error


def _check_path(path: Path, name: str) -> None:
    shown = printable(name)
    if safe_paths.problem(name) or not name.isprintable():
        raise TemplateError(f"the template writes {shown}, which is not a service's")
    if path.is_symlink():
        raise TemplateError(f"the template writes a symbolic link: {shown}")


class Budget:
    """How much a render may still write."""

    def __init__(self) -> None:
        """Start with nothing written."""
        self.files = self.bytes = 0

    def take(self, size: int) -> None:
        """Count a file or directory; raise OverflowError for one too many."""
        self.files += 1
        self.bytes += size
        if self.files > MOST_FILES or self.bytes > MOST_BYTES:
            raise OverflowError(
                f"it writes more than {MOST_FILES} files, or {MOST_BYTES >> 20} MiB"
            )


def _where(root: Path, found: Mapping[str, Any]) -> str:
    """Return the message of a failed render, with a place in the overlay if there is one."""
    words = printable(" ".join(str(found["error"]).split()))
    path, line = found.get("at") or ("", 0)
    if not path:
        return words
    origins = json.loads((root / ORIGINS).read_text(encoding="utf-8"))
    return f"{printable(origins.get(path, path))}:{line}: {words}"


def render_in_process(root: str, answers: Mapping[str, Any], into: str) -> sandbox_process.Answer:
    """Render, in the process; return the error and its place in a template, if there is one."""
    template = Path(root)
    try:
        _limit(Budget())
        run_copier(template, answers, Path(into))
        taken = _writing_answers(template, answers)
    except Exception as error:  # noqa: BLE001 - whatever a template makes fail
        return {"error": _words(error), "at": _line(template, error)}
    return {"error": f"viscaffold writes {ANSWERS_FILE}", "at": (taken, 1)} if taken else {}


def _writing_answers(root: Path, answers: Mapping[str, Any]) -> str:
    """Return the file of an overlay whose name renders to that of the answers, or an empty text."""
    origins = json.loads((root / ORIGINS).read_text(encoding="utf-8"))
    for path in origins:
        name = path.rpartition("/")[2].removesuffix(SUFFIX)
        if "{" in name and environment().from_string(name).render(answers) == ANSWERS_FILE:
            return str(path)
    return ""


_write, _mkdir = Path.write_bytes, Path.mkdir


def _limit(budget: Budget) -> None:
    """Have all that Copier writes from now on counted, before it is on the disk."""

    def write(self: Path, data: bytes) -> int:
        budget.take(len(data))
        return _write(self, data)

    def mkdir(self: Path, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as in pathlib
        if not self.is_dir():
            budget.take(0)
        _mkdir(self, *args, **options)

    Path.write_bytes, Path.mkdir = write, mkdir  # type: ignore[method-assign,assignment]


def _words(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return f"it takes more than {sandbox_process.MEMORY >> 30} GiB of memory"
    if type(error).__name__ == "InteractiveSessionError":  # Copier would ask which one wins
        return "two of its files go to the same place in a service"
    return str(error)[:LONGEST_WORDS] or type(error).__name__


def _line(root: Path, error: BaseException | None) -> tuple[str, int] | None:
    """Return the innermost line of a template on the way to an error: Jinja puts them there."""
    while error:
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if Path(frame.filename).is_relative_to(root) and frame.lineno:
                return Path(frame.filename).relative_to(root).as_posix(), frame.lineno
        path, line = getattr(error, "filename", None), getattr(error, "lineno", 0)
        if isinstance(path, str) and Path(path).is_relative_to(root):
            return Path(path).relative_to(root).as_posix(), line
        error = error.__cause__
    return None
