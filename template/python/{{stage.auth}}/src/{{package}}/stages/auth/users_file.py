"""Files of users: JSON, readable by their owner alone."""

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from .users import User, UsersError, stored


def version(path: Path) -> object:
    """Return what has changed when the content has; None without a file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsersError(f"{path}: {error.strerror}") from error
    if not stat.S_ISREG(found.st_mode):  # reading it may have no end
        raise UsersError(f"{path}: not a regular file")
    return (found.st_ino, found.st_mtime_ns, found.st_size)


def read(path: Path) -> dict[str, User]:
    """Return the users in a file; raise UsersError if it cannot be read, or is damaged."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsersError(f"{path}: {error.strerror}") from error
    try:
        return {name: stored(**entry) for name, entry in json.loads(content)["users"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsersError(
            f"{path} is damaged ({type(error).__name__}: {error});"
            " restore it, or remove it and add the users again"
        ) from error


def present(path: Path) -> dict[str, User]:
    """Return the users in a file; nobody without one."""
    return read(path) if version(path) else {}


def create(path: Path, users: Mapping[str, User]) -> None:
    """Write a file that is not there yet; raise OSError if it is, or cannot be written."""
    with open(path, "x", encoding="utf-8", opener=private) as file:
        try:
            file.write(_text(users))
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            path.unlink()
            raise


def private(path: str, flags: int) -> int:
    """Open a file that only this user may read, from its first byte on.

    Who else may write into the directory can have put a link there: what that leads to stays.
    """
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _text(users: Mapping[str, User]) -> str:
    content = {"users": {name: asdict(users[name]) for name in sorted(users)}}
    return json.dumps(content, indent=2) + "\n"
