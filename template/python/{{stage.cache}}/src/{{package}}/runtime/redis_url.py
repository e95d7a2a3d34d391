"""The address of a Redis server, as CACHE_URL has it."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

USER = r"(?:(?P<user>[^:@/?#\s]*):(?P<password>[^:@/?#\s]*)@)?"
TCP = re.compile(
    rf"(?P<scheme>rediss?)://{USER}(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)"
    r"(?::(?P<port>[0-9]{1,5}))?(?:/(?P<database>[0-9]{0,5}))?"
)
UNIX = re.compile(rf"unix://{USER}(?P<path>/[^?#\s]+)(?:\?db=(?P<database>[0-9]{{1,5}}))?")
ACCEPTED = (
    "redis://USER:PASSWORD@HOST:PORT/DATABASE, rediss:// with TLS, or unix:///PATH?db=DATABASE;"
    " special characters in a password as %XX"
)


@dataclass(frozen=True)
class Address:
    """Where a server is, and who it is asked as."""

    host: str = ""
    port: int = 6379
    path: str = ""
    """Of a Unix socket, instead of a host."""
    database: int = 0
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    tls: bool = False

    def __str__(self) -> str:
        """Return what the log calls it: without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.path or f"{host}:{self.port}"


def parse(raw: str) -> Address:
    """Parse a URL; raise ValueError with what it accepts."""
    found = TCP.fullmatch(raw) or UNIX.fullmatch(raw)
    parts = found.groupdict(default="") if found else {}
    port = int(parts.get("port") or 6379)
    if found is None or not 1 <= port <= 65535:
        raise ValueError(ACCEPTED)
    try:
        user, password = (unquote(parts[name], errors="strict") for name in ("user", "password"))
    except UnicodeDecodeError:
        raise ValueError(ACCEPTED) from None
    return Address(
        parts.get("host", "").strip("[]"),
        port,
        parts.get("path", ""),
        int(parts["database"] or 0),
        user,
        password,
        tls=parts.get("scheme") == "rediss",
    )
