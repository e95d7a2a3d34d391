"""Stage auth: users with passwords, and short-lived access tokens for them."""

import logging
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette

from ... import config
from ...config import integer, setting, text
from .. import api
from . import routes
from .limits import Limiter
from .tokens import Key, Tokens, new_key, parse_keys
from .users import Users, UsersFileError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """What the stage reads from the environment."""

    users_file: str = setting("AUTH_USERS_FILE", text, default="data/users.json")
    keys: tuple[Key, ...] = setting("AUTH_KEYS", parse_keys, default=(), secret=True)
    token_seconds: int = setting("AUTH_TOKEN_SECONDS", integer(10, 86400), default=900)


def install(app: Starlette) -> None:
    """Add the routes to the API; raise ConfigError if the file of users is damaged."""
    settings = config.read(Settings)
    service = __name__.partition(".")[0]
    if not settings.keys:
        log.warning(
            "AUTH_KEYS is not set: tokens are signed with a key of this process alone, so they are"
            " void after a restart, and in other processes"
        )
    users = Users(Path(settings.users_file))
    _check(users, service)
    tokens = Tokens(settings.keys or (new_key(),), service, settings.token_seconds)
    api.of(app).state.auth = routes.Auth(users, tokens, Limiter())
    api.of(app).add_exception_handler(UsersFileError, routes.unavailable)
    api.of(app).include_router(routes.router)


def _check(users: Users, service: str) -> None:
    try:
        if not users.names():
            log.warning("nobody can log in yet: python -m %s.stages.auth add NAME", service)
    except UsersFileError as error:
        raise config.ConfigError([f"AUTH_USERS_FILE: {error}"]) from error
