"""Users in a JSON file: a name, the argon2id hash of a password, and scopes."""

import fcntl
import json
import os
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

DEFAULT_FILE = "data/users.json"
SHORTEST_PASSWORD = 8

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
SCOPE = re.compile(r"[a-z][a-z0-9:._-]{0,63}")


class UsersFileError(Exception):
    """The file of users is not what this module writes."""


class UserError(Exception):
    """A user cannot be added, or is not there."""


@dataclass(frozen=True)
class User:
    """A user, as the file has it."""

    password: str
    scopes: tuple[str, ...]


class Users:
    """The users of a file, which is read again when it has changed."""

    def __init__(self, path: Path, hasher: PasswordHasher | None = None) -> None:
        """Read nothing yet."""
        self._path = path
        self._hasher = hasher or PasswordHasher()
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._users: dict[str, User] = {}
        # Whoever asks for a user that is not there waits as long as for one that is.
        self._decoy = self._hasher.hash(secrets.token_urlsafe())

    def names(self) -> list[str]:
        """Return the names, sorted; raise UsersFileError if the file is damaged."""
        return sorted(self._current())

    def scopes(self, name: str) -> tuple[str, ...] | None:
        """Return what a user may do; None if there is no such user any more."""
        user = self._current().get(name)
        return user.scopes if user else None

    def verify(self, name: str, password: str) -> User | None:
        """Return the user if the password is right. Takes a tenth of a second, on purpose."""
        user = self._current().get(name)
        try:
            self._hasher.verify(user.password if user else self._decoy, password)
        except (VerificationError, InvalidHashError):
            return None
        return user

    def add(self, name: str, password: str, scopes: tuple[str, ...] = ()) -> None:
        """Add a user, or give one a new password and scopes; raise UserError for bad input."""
        if not NAME.fullmatch(name):
            raise UserError("a name has up to 64 letters, digits, and . _ @ -")
        if len(password) < SHORTEST_PASSWORD:
            raise UserError(f"a password has at least {SHORTEST_PASSWORD} characters")
        for scope in scopes:
            if not SCOPE.fullmatch(scope):
                raise UserError("a scope has up to 64 lower-case letters, digits, and : . _ -")
        user = User(self._hasher.hash(password), tuple(sorted(set(scopes))))
        with self._changing() as users:
            users[name] = user

    def remove(self, name: str) -> None:
        """Remove a user; raise UserError if there is none of that name."""
        with self._changing() as users:
            if name not in users:
                raise UserError(f"there is no user {name!r}")
            del users[name]

    def _current(self) -> dict[str, User]:
        with self._lock:
            try:
                status = self._path.stat()
            except FileNotFoundError:
                self._seen, self._users = None, {}
                return self._users
            except OSError as error:
                raise UsersFileError(f"{self._path}: {error.strerror}") from error
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
            if seen != self._seen:
                self._users, self._seen = _read(self._path), seen
            return self._users

    @contextmanager
    def _changing(self) -> Iterator[dict[str, User]]:
        """Change the users, one process at a time; readers see the old file or the new one."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            users = dict(self._current())
            yield users
            _write(self._path, users)


def _read(path: Path) -> dict[str, User]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {name: _user(entry) for name, entry in found["users"].items()}
    except OSError as error:
        raise UsersFileError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsersFileError(
            f"{path} is damaged ({error}): restore it, or remove it and add the users again"
        ) from error


def _user(entry: dict[str, object]) -> User:
    password, scopes = entry["password"], entry["scopes"]
    if not isinstance(password, str) or not isinstance(scopes, list):
        raise TypeError("a user without a password or scopes")
    return User(password, tuple(str(scope) for scope in scopes))


def _write(path: Path, users: dict[str, User]) -> None:
    text = json.dumps({"users": {name: asdict(users[name]) for name in sorted(users)}}, indent=2)
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    # Readable for this user alone, from the first byte on.
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123 - Path.open takes no descriptor
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
