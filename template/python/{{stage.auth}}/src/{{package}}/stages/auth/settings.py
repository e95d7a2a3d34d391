"""What the stage reads from the environment."""

from dataclasses import dataclass

from ...config import integer, setting, text
from ...runtime.tokens import Key, parse_keys


@dataclass(frozen=True)
class Settings:
    """The users file, and the keys and lifetime of tokens."""

    users_file: str = setting("AUTH_USERS_FILE", text, default="data/users.json")
    keys: tuple[Key, ...] = setting("AUTH_KEYS", parse_keys, default=(), secret=True)
    token_seconds: int = setting("AUTH_TOKEN_SECONDS", integer(10, 86400), default=900)
