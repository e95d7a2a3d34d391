"""What a file has besides its content: permissions, owner and extended attributes, such as ACLs."""

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from .trees import Change

SPECIAL = stat.S_ISUID | stat.S_ISGID
EXTENDED = ("user.", "system.posix_acl_")


def copy(source: Path, target: Path) -> None:
    """Copy a file or link with all that it has, as far as this user may."""
    shutil.copy2(source, target, follow_symlinks=False)
    _give(target, source.lstat())


def pass_on(change: Change, old: Path, new: Path) -> None:
    """Give `new`, which replaces `old`, what the user gave that one; its times are its own.

    The template decides on the exec bit alone, and only where it changes it. A file at a new place
    gets the group of its directory where that one says so (setgid).
    """
    if new.is_symlink():
        return
    if old.is_symlink() or not old.is_file():
        _inherit_group(old, new)
        return
    found = old.stat()
    _copy_extended(old, new)
    new.chmod(_mode(change, stat.S_IMODE(found.st_mode)) & ~SPECIAL)
    _give(new, found)


def _mode(change: Change, mode: int) -> int:
    if change.old is None or change.new is None or change.old.mode == change.new.mode:
        return mode
    if change.new.mode == "100755":
        return mode | (mode & 0o444) >> 2
    return mode & ~0o111


def _inherit_group(place: Path, new: Path) -> None:
    home = next(parent for parent in place.parents if parent.is_dir()).stat()
    if home.st_mode & stat.S_ISGID:
        with suppress(PermissionError):
            os.chown(new, -1, home.st_gid)


def _give(path: Path, wanted: os.stat_result) -> None:
    """Give a file an owner and a group, as far as this user may.

    What runs as its owner or group (setuid, setgid) does so for those that it was meant for only.
    """
    for owner, group in ((wanted.st_uid, wanted.st_gid), (-1, wanted.st_gid)):
        with suppress(PermissionError):
            os.chown(path, owner, group, follow_symlinks=False)
            break
    if path.is_symlink():
        return
    got = path.stat()
    same = (got.st_uid, got.st_gid) == (wanted.st_uid, wanted.st_gid)
    mode = stat.S_IMODE(got.st_mode) & ~SPECIAL | (wanted.st_mode & SPECIAL if same else 0)
    if mode != stat.S_IMODE(got.st_mode):
        path.chmod(mode)


def _copy_extended(old: Path, new: Path) -> None:
    """Copy the extended attributes that are the user's, where this file system has any."""
    if not hasattr(os, "listxattr"):
        return
    with suppress(OSError):
        for name in os.listxattr(old):
            if name.startswith(EXTENDED):
                os.setxattr(new, name, os.getxattr(old, name))
