"""Files of users: JSON, readable by their owner alone."""

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path

from .users import User, UserError, UsersError, stored

MEMBERS = {field.name for field in fields(User)}


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
        return _users(content)
    except UserError as error:
        raise UsersError(
            f"{path} is damaged ({error}); restore it, or remove it and add the users again"
        ) from error


def _users(content: bytes) -> dict[str, User]:
    """Return the users in a text; raise UserError for what is none of ours."""
    try:
        found = json.loads(content.decode(), parse_int=str)  # int refuses long ones
    except UnicodeDecodeError:
        raise UserError("it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise UserError(f"unexpected JSON in line {error.lineno}") from None
    except RecursionError:
        raise UserError("its JSON is nested too deeply") from None
    users = found.get("users") if isinstance(found, dict) else None
    if not isinstance(users, dict):
        raise UserError("it has no object of users")
    return {name: _user(name, users[name]) for name in sorted(users)}


def _user(name: str, entry: object) -> User:
    if not isinstance(entry, dict) or entry.keys() != MEMBERS:
        raise UserError(f"the user {name!r}: it has a password, scopes, and nothing else")
    return stored(name, **entry)


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
