"""Users by name, with the argon2id hash of a password, and scopes."""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import VerificationError
from starlette.concurrency import run_in_threadpool

SHORTEST_PASSWORD = 8

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
SCOPE = re.compile(r"[a-z][a-z0-9:._-]{0,63}")

log = logging.getLogger(__name__)


class UsersError(Exception):
    """The users cannot be read or written, or are damaged."""


class UserError(Exception):
    """A user cannot be added, or does not exist."""


@dataclass(frozen=True)
class User:
    """A user, as stored."""

    password: str
    scopes: tuple[str, ...]


class Store(Protocol):
    """Where users are kept."""

    async def names(self) -> list[str]:
        """Return the names, sorted."""

    async def every(self) -> dict[str, User]:
        """Return all users."""

    async def find(self, name: str) -> User | None:
        """Return a user, as of now."""

    async def put(self, name: str, user: User) -> None:
        """Add a user, or replace one."""

    async def renew(self, name: str, old: User, new: User) -> None:
        """Replace a user, unless it was changed in the meantime."""

    async def add_new(self, users: Mapping[str, User]) -> list[str]:
        """Add users; if some are there already, return their names and add none."""

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

    async def scopes(self, name: str) -> tuple[str, ...] | None:
        """Return the scopes of a user; None if the user no longer exists."""
        user = await self.store.find(name)
        return user.scopes if user else None

    async def verify(self, name: str, password: str) -> User | None:
        """Return the user if the password is right. Takes a tenth of a second, on purpose."""
        user = await self.store.find(name)
        # A client can send lone surrogates; they must take as long as any other wrong password.
        typed = password.encode(errors="surrogatepass")
        if user is None:
            # An unknown user takes as long as a known one.
            await run_in_threadpool(self._hasher.hash, typed)
            return None
        try:
            await run_in_threadpool(self._hasher.verify, user.password, typed)
        except VerificationError:
            return None
        if self._hasher.check_needs_rehash(user.password):
            await self._renew(name, user, password)
        return user

    async def add(self, name: str, password: str, scopes: Iterable[str] = ()) -> None:
        """Add a user, or change password and scopes of one; raise UserError for bad input."""
        check(name, scopes)
        if len(password) < SHORTEST_PASSWORD:
            raise UserError(f"a password has at least {SHORTEST_PASSWORD} characters")
        hashed = await run_in_threadpool(self._hasher.hash, password)
        await self.store.put(name, User(hashed, tuple(sorted(set(scopes)))))

    async def remove(self, name: str) -> None:
        """Remove a user; raise UserError if there is no user of that name."""
        if not await self.store.remove(name):
            raise UserError(f"there is no user {name!r}")

    async def add_new(self, users: Mapping[str, User]) -> None:
        """Add users with their hashes: all of them, or none; raise UserError with the reason."""
        for name, user in users.items():
            try:
                check(name, user.scopes)
            except UserError as error:
                raise UserError(f"nobody was imported: the user {name!r}: {error}") from error
        if there := await self.store.add_new(users):
            raise UserError(f"nobody was imported: there already: {', '.join(there)}")

    async def _renew(self, name: str, user: User, password: str) -> None:
        """Hash a password again because the parameters of the hasher have changed."""
        try:
            hashed = await run_in_threadpool(self._hasher.hash, password)
            await self.store.renew(name, user, replace(user, password=hashed))
        except Exception as error:  # whatever it is, it keeps nobody out
            log.warning("a password has an outdated hash, which cannot be renewed: %s", error)


def check(name: str, scopes: Iterable[str]) -> None:
    """Raise UserError for a name or a scope that is not allowed."""
    if not NAME.fullmatch(name):
        raise UserError("a name has up to 64 letters, digits, and . _ @ -")
    if not all(SCOPE.fullmatch(scope) for scope in scopes):
        raise UserError("a scope has up to 64 lower-case letters, digits, and : . _ -")


def stored(password: str, scopes: list[Any]) -> User:
    """Return a user as stored; raise ValueError for what is none."""
    if extract_parameters(password).type is not Type.ID:
        raise ValueError("a password is not an argon2id hash")
    return User(password, tuple(map(str, scopes)))
