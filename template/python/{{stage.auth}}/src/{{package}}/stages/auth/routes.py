"""POST /api/auth/token, and routes that require its tokens."""

import logging
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm, SecurityScopes
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from ...runtime.failed_attempts import Limiter, address_key, user_key
from ...runtime.fair_queue import BusyError, Queue
from ...runtime.passwords import credential
from ...runtime.tokens import Claims, InvalidTokenError, Tokens
from ..api import PREFIX
from ..api.problems import Problem, answer
from .users import User, Users

HASHES_AT_ONCE = 2
"""Each uses a core and 64 MiB for a moment."""
MOST_WAITING = 16
"""Logins that wait for a turn; further ones get 503."""
RETRY_SECONDS = 2

log = logging.getLogger(__name__)
router = APIRouter(tags=["auth"])
# OpenAPI resolves it against the server's URL, which ends in /api without a slash.
bearer = OAuth2PasswordBearer(tokenUrl=f"{PREFIX[1:]}/auth/token")
INVALID = 'Bearer error="invalid_token"'
NO_STORE = {"Cache-Control": "no-store"}


@dataclass
class Auth:
    """The state that the routes share."""

    users: Users
    tokens: Tokens
    limiter: Limiter = field(default_factory=Limiter)
    queue: Queue = field(default_factory=lambda: Queue(HASHES_AT_ONCE, MOST_WAITING))


class Token(BaseModel):
    """An access token (RFC 6749, 5.1)."""

    access_token: str
    token_type: str = Field(default="bearer")
    expires_in: int
    scope: str


def _auth(request: Request) -> Auth:
    auth: Auth = request.app.state.auth
    return auth


Parts = Annotated[Auth, Depends(_auth)]


async def current_user(
    needed: SecurityScopes, auth: Parts, token: Annotated[str, Depends(bearer)]
) -> Claims:
    """Return the claims of the request's token; raise Problem 401 or 403 (RFC 6750, 3.1).

    For routes: `user: Annotated[Claims, Security(current_user, scopes=["orders:write"])]`.
    """
    try:
        claims = auth.tokens.verify(token)
    except InvalidTokenError as error:
        raise _invalid(str(error)) from error
    user = await auth.users.find(claims.name)
    if user is None:
        raise _invalid("its user was removed")
    if claims.credential not in {"", credential(user.password)}:
        raise _invalid("its user has a new password")
    # Scopes that the user has lost since then no longer count.
    scopes = tuple(scope for scope in claims.scopes if scope in user.scopes)
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


def _invalid(reason: str) -> Problem:
    detail = f"the token is refused: {reason}"
    return Problem(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": INVALID})


LoggedIn = Annotated[Claims, Security(current_user)]
Reader = Annotated[Claims, Security(current_user, scopes=["users:read"])]


@router.post("/auth/token")
async def log_in(
    form: Annotated[OAuth2PasswordRequestForm, Depends()],
    auth: Parts,
    request: Request,
    response: Response,
) -> Token:
    """Issue a token for a name and a password (RFC 6749, 4.3)."""
    user = await _verified(auth, request, form.username, form.password)
    if not set(form.scopes) <= set(user.scopes):
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "the user does not have every scope that was asked for",
            headers=NO_STORE,
            error="invalid_scope",
        )
    scopes = tuple(form.scopes) or user.scopes
    token = auth.tokens.issue(form.username, scopes, credential(user.password))
    response.headers.update(NO_STORE)
    return Token(access_token=token, expires_in=auth.tokens.seconds, scope=" ".join(scopes))


async def _verified(auth: Auth, request: Request, name: str, password: str) -> User:
    # The name is not logged: people type passwords there by mistake.
    host = auth.limiter.host(request)
    who = (user_key(name), address_key(host))
    wait = auth.limiter.attempt(*who)
    if wait:
        log.warning("too many failed logins from %s; the next one may come in %d s", host, wait)
        raise _later(HTTPStatus.TOO_MANY_REQUESTS, "too many failed logins", wait)
    try:
        async with auth.queue.turn(who[1][1]):
            if await request.is_disconnected():
                raise ClientDisconnect
            user = await auth.users.verify(name, password)
    except BusyError:
        auth.limiter.withdraw(*who)
        log.warning("too many logins wait at once: one from %s gets 503", host)
        status = HTTPStatus.SERVICE_UNAVAILABLE
        raise _later(status, "too many logins at once", RETRY_SECONDS) from None
    except ClientDisconnect:
        raise  # who does not wait for the answer does not evade the limit
    except Exception:
        auth.limiter.withdraw(*who)
        raise
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


def _later(status: int, reason: str, seconds: int) -> Problem:
    headers = {"Retry-After": str(seconds), **NO_STORE}
    return Problem(status, f"{reason}; try again in {seconds} s", headers=headers)


async def unavailable(request: Request, error: Exception) -> Response:
    """Answer 503 when the users cannot be read, or are damaged."""
    log.error("nobody can log in: %s", error)
    detail = "the users cannot be read; the log says why"
    return answer(request.scope, HTTPStatus.SERVICE_UNAVAILABLE, detail)


@router.get("/v1/me")
async def me(user: LoggedIn) -> Claims:
    """Return the user of the token: an example of a route for all logged-in users."""
    return user


@router.get("/v1/users")
async def list_users(_reader: Reader, auth: Parts) -> list[str]:
    """List the users: an example of a route that requires a scope, `users:read`."""
    return await auth.users.names()
