"""POST /api/auth/token, and routes that ask for its tokens."""

import asyncio
import logging
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm, SecurityScopes
from pydantic import BaseModel

from ..api import PREFIX
from ..api.problems import Problem, answer
from . import limits
from .tokens import Claims, InvalidTokenError, Tokens
from .users import User, Users

HASHES_AT_ONCE = 2
"""Each takes a core and 64 MiB for a moment."""

log = logging.getLogger(__name__)
router = APIRouter(tags=["auth"])
# OpenAPI resolves it against the server's URL, which ends in /api and not in a slash.
bearer = OAuth2PasswordBearer(tokenUrl=f"{PREFIX[1:]}/auth/token", auto_error=False)
INVALID = 'Bearer error="invalid_token"'
NO_STORE = {"Cache-Control": "no-store"}


@dataclass
class Auth:
    """What the routes work with."""

    users: Users
    tokens: Tokens
    limiter: limits.Limiter
    hashing: Executor = field(default_factory=lambda: ThreadPoolExecutor(HASHES_AT_ONCE, "login"))


class Token(BaseModel):
    """An access token (RFC 6749, 5.1)."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105 - a kind of token
    expires_in: int
    scope: str


class Me(BaseModel):
    """Whose token it is."""

    name: str
    scopes: list[str]


def _auth(request: Request) -> Auth:
    auth: Auth = request.app.state.auth
    return auth


Parts = Annotated[Auth, Depends(_auth)]


def current_user(
    needed: SecurityScopes, auth: Parts, token: Annotated[str | None, Depends(bearer)]
) -> Claims:
    """Return whose request it is; raise Problem 401 or 403 (RFC 6750, 3.1).

    For routes: `user: Annotated[Claims, Security(current_user, scopes=["orders:write"])]`.
    """
    if token is None:
        raise _unauthorized("a bearer token is needed", "Bearer")
    try:
        claims = auth.tokens.verify(token)
    except InvalidTokenError as error:
        raise _unauthorized(f"the token does not count: {error}", INVALID) from error
    held = auth.users.scopes(claims.name)
    if held is None:
        raise _unauthorized("the token does not count: its user is gone", INVALID)
    # What was taken from the user since does not count any more.
    scopes = tuple(scope for scope in claims.scopes if scope in held)
    missing = [scope for scope in needed.scopes if scope not in scopes]
    if missing:
        challenge = f'Bearer error="insufficient_scope", scope="{needed.scope_str}"'
        raise Problem(
            HTTPStatus.FORBIDDEN,
            f"the token lacks {', '.join(missing)}",
            headers={"WWW-Authenticate": challenge},
            error="insufficient_scope",
        )
    return Claims(claims.name, scopes)


LoggedIn = Annotated[Claims, Security(current_user)]
Reader = Annotated[Claims, Security(current_user, scopes=["users:read"])]


def _unauthorized(detail: str, challenge: str) -> Problem:
    return Problem(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": challenge})


@router.post("/auth/token")
async def log_in(
    form: Annotated[OAuth2PasswordRequestForm, Depends()],
    auth: Parts,
    request: Request,
    response: Response,
) -> Token:
    """Give a token for a name and a password (RFC 6749, 4.3)."""
    host = request.client.host if request.client else "unknown"
    user = await _verified(auth, host, form.username, form.password)
    scopes = _granted(form.scopes, user.scopes)
    token = auth.tokens.issue(form.username, scopes)
    response.headers.update(NO_STORE)
    return Token(access_token=token, expires_in=auth.tokens.seconds, scope=" ".join(scopes))


async def _verified(auth: Auth, host: str, name: str, password: str) -> User:
    # The log gets no name: people type passwords there by mistake.
    who = (limits.user(name), limits.address(host))
    wait = auth.limiter.attempt(*who)
    if wait:
        log.warning("too many failed logins from %s; the next one may come in %d s", host, wait)
        raise Problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"too many failed logins; try again in {wait} s",
            headers={"Retry-After": str(wait), **NO_STORE},
        )
    loop = asyncio.get_running_loop()
    user = await loop.run_in_executor(auth.hashing, auth.users.verify, name, password)
    if user is None:
        log.warning("failed login from %s", host)
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "the name or the password is wrong",
            headers={"WWW-Authenticate": "Bearer", **NO_STORE},
            error="invalid_grant",
        )
    auth.limiter.succeeded(*who)
    return user


def _granted(asked: list[str], held: tuple[str, ...]) -> tuple[str, ...]:
    if not set(asked) <= set(held):
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "the user does not have every scope that was asked for",
            headers=NO_STORE,
            error="invalid_scope",
        )
    return tuple(asked) or held


async def unavailable(request: Request, error: Exception) -> Response:
    """Answer for a file of users that was damaged while the service ran."""
    log.error("nobody can log in: %s", error)
    detail = "the users cannot be read; the log says why"
    return answer(request.scope, HTTPStatus.SERVICE_UNAVAILABLE, detail)


@router.get("/v1/me")
async def me(user: LoggedIn) -> Me:
    """Say whose token it is: an example of a route for everybody who is logged in."""
    return Me(name=user.name, scopes=list(user.scopes))


@router.get("/v1/users")
def list_users(_reader: Reader, auth: Parts) -> list[str]:
    """List the users: an example of a route that takes a scope, `users:read`."""
    return auth.users.names()
