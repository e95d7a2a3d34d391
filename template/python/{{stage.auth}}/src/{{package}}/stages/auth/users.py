"""Users by name, with the argon2id hash of a password, and scopes."""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from starlette.concurrency import run_in_threadpool

from ...runtime.passwords import ACCEPTED, is_hash

SHORTEST_PASSWORD = 8

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
SCOPE = re.compile(r"[a-z][a-z0-9:._-]{0,63}")

log = logging.getLogger(__name__)


class UsersError(Exception):
    """The users cannot be read or written, or are damaged."""


class UserError(Exception):
    """A user cannot be added, does not exist, or is damaged."""


@dataclass(frozen=True)
class User:
    """A user, as stored."""

    password: str
    scopes: tuple[str, ...]


class Store(Protocol):
    """Where users are kept."""

    async def names(self) -> list[str]:
        """Return the names, sorted."""

    async def every(self) -> tuple[dict[str, User], list[str]]:
        """Return all users, and what is wrong with those that are damaged."""

    async def find(self, name: str) -> User | None:
        """Return a user, as of now."""

    async def put(self, name: str, user: User) -> None:
        """Add a user, or replace one."""

    async def renew(self, name: str, old: User, new: User) -> bool:
        """Replace a user, unless it was changed in the meantime; return whether it was not."""

    async def add_new(self, users: Mapping[str, User], source: Path) -> list[str]:
        """Add the users in a file; if others have some of the names, return these and add none."""

    async def put_away(self, source: Path) -> str:
        """Keep a file whose users were added from being used again; return its new name, if any."""

    async def remove(self, name: str) -> bool:
        """Remove a user; return whether there was one."""


class Users:
    """The users in a store, and what they have to prove."""

    def __init__(self, store: Store, hasher: PasswordHasher | None = None) -> None:
        self.store = store
        self._hasher = hasher or PasswordHasher()

    async def names(self) -> list[str]:
        """Return the names, sorted; raise UsersError if the users cannot be read."""
        return await self.store.names()

    async def find(self, name: str) -> User | None:
        """Return a user, as of now; None if the user no longer exists."""
        return await self.store.find(name)

    async def verify(self, name: str, password: str) -> User | None:
        """Return the user if the password is right. Takes a tenth of a second, on purpose."""
        user = await self.store.find(name)
        # A client can send lone surrogates; they must take as long as any other wrong password.
        typed = password.encode(errors="surrogatepass")
        if user is None:
            # An unknown user takes as long as a known one.
            await run_in_threadpool(self._hasher.hash, typed)
            return None
        is_right = await run_in_threadpool(self._is_right, user.password, typed)
        if self._hasher.check_needs_rehash(user.password):
            # After a wrong password, too: a user whose hash takes less would be known by it.
            hashed = await run_in_threadpool(self._hasher.hash, typed)
            if is_right:
                user = await self._renewed(name, user, hashed)
        return user if is_right else None

    async def add(self, name: str, password: str, scopes: Iterable[str] = ()) -> None:
        """Add a user, or change password and scopes of one; raise UserError for bad input."""
        check(name, scopes)
        check_password(password)
        hashed = await run_in_threadpool(self._hasher.hash, password)
        await self.store.put(name, User(hashed, tuple(sorted(set(scopes)))))

    async def remove(self, name: str) -> None:
        """Remove a user; raise UserError if there is no user of that name."""
        if not await self.store.remove(name):
            raise UserError(f"there is no user {name!r}")

    async def add_new(self, users: Mapping[str, User], source: Path) -> str:
        """Add the users in a file: all of them, or none; return the new name of the file, if any.

        Raise UserError if they cannot be added.
        """
        if there := await self.store.add_new(users, source):
            raise UserError(f"nobody was imported: there already: {', '.join(there)}")
        return await self.store.put_away(source)

    def _is_right(self, hashed: str, typed: bytes) -> bool:
        try:
            return self._hasher.verify(hashed, typed)
        except VerificationError:
            return False

    async def _renewed(self, name: str, user: User, hashed: str) -> User:
        """Replace a hash because the parameters of the hasher have changed."""
        new = replace(user, password=hashed)
        try:
            return new if await self.store.renew(name, user, new) else user
        except Exception as error:  # whatever it is, it keeps nobody out
            log.warning("a password has an outdated hash, which cannot be renewed: %s", error)
            return user


def check(name: str, scopes: Iterable[str]) -> None:
    """Raise UserError for a name or a scope that is not allowed."""
    if not NAME.fullmatch(name):
        raise UserError("a name has up to 64 letters, digits, and . _ @ -")
    if not all(SCOPE.fullmatch(scope) for scope in scopes):
        raise UserError("a scope has up to 64 lower-case letters, digits, and : . _ -")


def check_password(password: str) -> None:
    """Raise UserError for a password that is too short."""
    if len(password) < SHORTEST_PASSWORD:
        raise UserError(f"a password has at least {SHORTEST_PASSWORD} characters")


def stored(name: str, password: object, scopes: object) -> User:
    """Return a user as stored; raise UserError with what is wrong, and without a secret."""
    try:
        if not isinstance(password, str) or not is_hash(password):
            raise UserError(f"a password is not {ACCEPTED}")
        if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
            raise UserError("its scopes are no array of strings")
        check(name, scopes)
    except UserError as error:
        raise UserError(f"the user {name!r}: {error}") from error
    return User(password, tuple(scopes))
