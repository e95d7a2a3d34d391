"""Stage auth: users with passwords, and short-lived access tokens for them."""

import logging
from dataclasses import dataclass
from pathlib import Path

from fastapi import Security
from starlette.applications import Starlette

from ... import config
from ...config import integer, setting, text
from ...runtime.tokens import Key, Tokens, new_key, parse_keys
from .. import api
from . import routes
from .users import Users, UsersFileError

log = logging.getLogger(__name__)

# The stages are imported before any of them is installed, so the order does not matter.
api.WRITERS.append(Security(routes.current_user))


@dataclass(frozen=True)
class Settings:
    """What the stage reads from the environment."""

    users_file: str = setting("AUTH_USERS_FILE", text, default="data/users.json")
    keys: tuple[Key, ...] = setting("AUTH_KEYS", parse_keys, default=(), secret=True)
    token_seconds: int = setting("AUTH_TOKEN_SECONDS", integer(10, 86400), default=900)


def install(app: Starlette) -> None:
    """Add the routes to the API; raise ConfigError if the users file is damaged."""
    settings = config.read(Settings)
    service = __name__.partition(".")[0]
    if not settings.keys:
        log.warning(
            "AUTH_KEYS is not set: tokens are signed with a key of this process only, so they are"
            " invalid after a restart and in other processes"
        )
    users = Users(Path(settings.users_file))
    try:
        if not users.names():
            log.warning("nobody can log in yet: python -m %s.stages.auth add NAME", service)
    except UsersFileError as error:
        raise config.ConfigError([f"AUTH_USERS_FILE: {error}"]) from error
    tokens = Tokens(settings.keys or (new_key(),), service, settings.token_seconds)
    mounted = api.of(app)
    mounted.state.auth = routes.Auth(users, tokens)
    mounted.add_exception_handler(UsersFileError, routes.unavailable)
    mounted.include_router(routes.router)
