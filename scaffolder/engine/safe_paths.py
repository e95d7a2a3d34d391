"""Paths from others: checked before anything is joined to them."""

import re
from pathlib import Path

LONGEST = 1000

# Code points that HFS+ leaves out when it compares names: `.g\u200cit` is `.git` there.
IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")

# No file system takes NUL, nor surrogates, but for those that stand for bytes (PEP 383).
UNWRITABLE = re.compile("[\0\ud800-\udc7f\udd00-\udfff]")


def problem(path: str) -> str:
    """Return why `path` cannot name a file below a directory; an empty text if it can."""
    if not path or len(path) > LONGEST:
        return f"a path has 1 to {LONGEST} characters"
    if path.startswith("/"):
        return "it is an absolute path"
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "it has an empty, `.` or `..` part"
    if UNWRITABLE.search(path):
        return "it has a NUL character, or half of a character"
    if any(is_git_name(part) for part in re.split(r"[/\\]", path)):
        return ".git is git's own"
    return ""


def is_git_name(name: str) -> bool:
    """Tell whether some file system takes the name of a file or directory for `.git`.

    NTFS cuts trailing dots, spaces and `:stream`, and has `git~1` as a second name.
    """
    plain = IGNORED.sub("", name).casefold().partition(":")[0].rstrip(". ")
    return plain in (".git", "git~1")


def is_behind_link(top: Path, path: str) -> bool:
    """Tell whether a directory between `top` and the file at `path` is a symbolic link."""
    above = [top / parent for parent in Path(path).parents]
    return any(parent.is_symlink() for parent in above if parent != top)
