"""Users in a JSON file: a name, the argon2id hash of a password, and scopes."""

import fcntl
import json
import logging
import os
import re
import stat
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import VerificationError

SHORTEST_PASSWORD = 8

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
SCOPE = re.compile(r"[a-z][a-z0-9:._-]{0,63}")

log = logging.getLogger(__name__)


class UsersFileError(Exception):
    """The users file cannot be read, or is damaged."""


class UserError(Exception):
    """A user cannot be added, or does not exist."""


@dataclass(frozen=True)
class User:
    """A user, as stored in the file."""

    password: str
    scopes: tuple[str, ...]


class Users:
    """The users in a file, which is read again when it changes."""

    def __init__(self, path: Path, hasher: PasswordHasher | None = None) -> None:
        self.path = path
        self._hasher = hasher or PasswordHasher()
        self._lock = threading.Lock()
        self._version: object = None
        self._users: dict[str, User] = {}

    def names(self) -> list[str]:
        """Return the names, sorted; raise UsersFileError without a file that can be read."""
        return sorted(self._current())

    def scopes(self, name: str) -> tuple[str, ...] | None:
        """Return the scopes of a user; None if the user no longer exists."""
        user = self._current().get(name)
        return user.scopes if user else None

    def verify(self, name: str, password: str) -> User | None:
        """Return the user if the password is right. Takes a tenth of a second, on purpose."""
        user = self._current().get(name)
        # A client can send lone surrogates; they must take as long as any other wrong password.
        typed = password.encode(errors="surrogatepass")
        if user is None:
            self._hasher.hash(typed)  # an unknown user takes as long as a known one
            return None
        try:
            self._hasher.verify(user.password, typed)
        except VerificationError:
            return None
        if self._hasher.check_needs_rehash(user.password):
            self._renew(name, user, password)
        return user

    def add(self, name: str, password: str, scopes: Iterable[str] = ()) -> None:
        """Add a user, or change password and scopes of one; raise UserError for bad input."""
        check(name, scopes)
        if len(password) < SHORTEST_PASSWORD:
            raise UserError(f"a password has at least {SHORTEST_PASSWORD} characters")
        user = User(self._hasher.hash(password), tuple(sorted(set(scopes))))
        with self._changing() as users:
            users[name] = user

    def remove(self, name: str) -> None:
        """Remove a user; raise UserError if there is no user of that name."""
        with self._changing() as users:
            if users.pop(name, None) is None:
                raise UserError(f"there is no user {name!r}")

    def _renew(self, name: str, user: User, password: str) -> None:
        """Hash a password again because the parameters of the hasher have changed."""
        try:
            with self._changing() as users:
                if users.get(name) == user:  # otherwise it was changed in the meantime
                    users[name] = replace(user, password=self._hasher.hash(password))
        except OSError as error:
            log.warning("a password has an outdated hash, which cannot be renewed: %s", error)

    def _current(self) -> dict[str, User]:
        with self._lock:
            try:
                found = self.path.stat()
                if not stat.S_ISREG(found.st_mode):  # reading it may have no end
                    raise UsersFileError(f"{self.path}: not a regular file")
                version = (found.st_ino, found.st_mtime_ns, found.st_size)
                if version != self._version:
                    self._users, self._version = _read(self.path), version
            except FileNotFoundError:
                self._users, self._version = {}, None
            except OSError as error:
                raise UsersFileError(f"{self.path}: {error.strerror}") from error
            return self._users

    @contextmanager
    def _changing(self) -> Iterator[dict[str, User]]:
        """Change the users, one process at a time; readers see the old file or the new one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(f"{self.path}.lock", "a", opener=_private) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            users = dict(self._current())
            yield users
            _write(self.path, users)


def check(name: str, scopes: Iterable[str]) -> None:
    """Raise UserError for a name or a scope that is not allowed."""
    if not NAME.fullmatch(name):
        raise UserError("a name has up to 64 letters, digits, and . _ @ -")
    if not all(SCOPE.fullmatch(scope) for scope in scopes):
        raise UserError("a scope has up to 64 lower-case letters, digits, and : . _ -")


def _read(path: Path) -> dict[str, User]:
    content = path.read_bytes()
    try:
        return {name: _user(**entry) for name, entry in json.loads(content)["users"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsersFileError(
            f"{path} is damaged ({type(error).__name__}: {error});"
            " restore it, or remove it and add the users again"
        ) from error


def _user(password: str, scopes: list[Any]) -> User:
    if extract_parameters(password).type is not Type.ID:
        raise ValueError("a password is not an argon2id hash")
    return User(password, tuple(map(str, scopes)))


def _private(path: str, flags: int) -> int:
    """Open a file that only this user may read, from its first byte on.

    Who else may write into the directory can have put a link there: what that leads to stays.
    """
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _write(path: Path, users: dict[str, User]) -> None:
    text = json.dumps({"users": {name: asdict(users[name]) for name in sorted(users)}}, indent=2)
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    with open(beside, "x", encoding="utf-8", opener=_private) as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
