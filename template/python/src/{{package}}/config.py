"""Settings from the environment: typed, with defaults, and with all problems reported at once."""

import dataclasses

from . import runtime
from .runtime.settings import (
    ConfigError,
    boolean,
    check,
    choice,
    integer,
    networks,
    origins,
    path_prefix,
    read,
    renamed,
    setting,
    text,
)

__all__ = [
    "ConfigError",
    "Settings",
    "boolean",
    "check",
    "choice",
    "integer",
    "networks",
    "origins",
    "path_prefix",
    "read",
    "renamed",
    "setting",
    "text",
]

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of the service itself; each stage has its own."""

    host: str = setting("HOST", text, default=runtime.HOST)
    port: int = setting("PORT", integer(1, 65535), default=runtime.PORT)
    log_level: str = setting("LOG_LEVEL", choice(LOG_LEVELS), default="INFO")
    start_seconds: int = setting("START_SECONDS", integer(1, 86400), default=runtime.START_SECONDS)
    supervise: str = setting("SUPERVISE", choice(("0", "1")), default="1")
    runtime_patches: str = setting("RUNTIME_PATCHES", choice(("0", "1")), default="1")
    max_connections: int = setting("MAX_CONNECTIONS", integer(1, 100_000), default=500)
    max_body_bytes: int = setting("MAX_BODY_BYTES", integer(1, 1 << 30), default=1 << 20)
    keep_alive_seconds: int = setting("KEEP_ALIVE_SECONDS", integer(1, 3600), default=75)
    forwarded_allow_ips: tuple[str, ...] = setting(
        "FORWARDED_ALLOW_IPS", networks, default=networks("127.0.0.1,::1")
    )
    root_path: str = setting("ROOT_PATH", path_prefix, default="")
    cors_origins: tuple[str, ...] = setting("CORS_ORIGINS", origins, default=())
