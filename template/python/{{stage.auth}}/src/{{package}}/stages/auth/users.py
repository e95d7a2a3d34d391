"""Users in a JSON file: a name, the argon2id hash of a password, and scopes."""

import base64
import fcntl
import json
import logging
import os
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from argon2.low_level import ARGON2_VERSION

LONGEST_NAME = 64
SHORTEST_PASSWORD = 8

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
SCOPE = re.compile(r"[a-z][a-z0-9:._-]{0,63}")
HASH = re.compile(r"\$argon2id\$v=\d+\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+", re.ASCII)

log = logging.getLogger(__name__)


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
        self.path = path
        self._hasher = hasher or PasswordHasher()
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._users: dict[str, User] = {}
        # Whoever asks for a user that is not there waits as long as for one that is.
        self._decoy = _unmatched(self._hasher)

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
        # A client can send what is no text; it has to cost the same as any other wrong password.
        typed = password.encode(errors="surrogatepass")
        try:
            self._hasher.verify(user.password if user else self._decoy, typed)
        except VerificationError:
            return None
        if user and self._hasher.check_needs_rehash(user.password):
            self._renew(name, user, password)
        return user

    def add(self, name: str, password: str, scopes: Iterable[str] = ()) -> None:
        """Add a user, or give one a new password and scopes; raise UserError for bad input."""
        check(name, scopes)
        if len(password) < SHORTEST_PASSWORD:
            raise UserError(f"a password has at least {SHORTEST_PASSWORD} characters")
        user = User(self._hasher.hash(password), tuple(sorted(set(scopes))))
        with self._changing() as users:
            users[name] = user

    def remove(self, name: str) -> None:
        """Remove a user; raise UserError if there is none of that name."""
        with self._changing() as users:
            if name not in users:
                raise UserError(f"there is no user {name!r}")
            del users[name]

    def _renew(self, name: str, user: User, password: str) -> None:
        """Hash a password again, as the parameters of the hasher have changed."""
        renewed = replace(user, password=self._hasher.hash(password))
        try:
            with self._changing() as users:
                if users.get(name) == user:  # else it was changed in the meantime
                    users[name] = renewed
        except OSError as error:
            log.warning("a password has an outdated hash, which cannot be renewed: %s", error)

    def _current(self) -> dict[str, User]:
        with self._lock:
            try:
                status = self.path.stat()
            except FileNotFoundError:
                self._seen, self._users = None, {}
                return self._users
            except OSError as error:
                raise UsersFileError(f"{self.path}: {error.strerror}") from error
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
            if seen != self._seen:
                self._users, self._seen = _read(self.path), seen
            return self._users

    @contextmanager
    def _changing(self) -> Iterator[dict[str, User]]:
        """Change the users, one process at a time; readers see the old file or the new one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_name(f"{self.path.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            users = dict(self._current())
            yield users
            _write(self.path, users)


def check(name: str, scopes: Iterable[str]) -> None:
    """Raise UserError for a name or a scope that cannot be."""
    if not NAME.fullmatch(name):
        raise UserError(f"a name has up to {LONGEST_NAME} letters, digits, and . _ @ -")
    if not all(SCOPE.fullmatch(scope) for scope in scopes):
        raise UserError("a scope has up to 64 lower-case letters, digits, and : . _ -")


def _unmatched(hasher: PasswordHasher) -> str:
    """Return a hash that costs as much as any other to verify, and that no password has."""
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    sizes = (hasher.salt_len, hasher.hash_len)
    salt, digest = (base64.b64encode(bytes(size)).decode().rstrip("=") for size in sizes)
    return f"$argon2id$v={ARGON2_VERSION}${cost}${salt}${digest}"


def _read(path: Path) -> dict[str, User]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {name: _user(entry) for name, entry in found["users"].items()}
    except OSError as error:
        raise UsersFileError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsersFileError(
            f"{path} is damaged ({type(error).__name__}: {error});"
            " restore it, or remove it and add the users again"
        ) from error


def _user(entry: dict[str, object]) -> User:
    password, scopes = entry["password"], entry["scopes"]
    if not isinstance(password, str) or not HASH.fullmatch(password):
        raise ValueError("a password that is no argon2id hash")
    if not isinstance(scopes, list):
        raise TypeError("scopes that are no list")
    return User(password, tuple(str(scope) for scope in scopes))


def _write(path: Path, users: dict[str, User]) -> None:
    text = json.dumps({"users": {name: asdict(users[name]) for name in sorted(users)}}, indent=2)
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    # Readable for this user alone, from the first byte on.
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123 - Path.open takes no descriptor
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
