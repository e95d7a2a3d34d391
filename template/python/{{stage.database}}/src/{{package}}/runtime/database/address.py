"""Where the database is: what DATABASE_URL may be."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from ..settings import ConfigError

MODES = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}
"""Of encryption: what sslmode may be."""
POSTGRESQL = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
ACCEPTED = f"sqlite:PATH, or {POSTGRESQL}"
PARAMETERS = {option.keyword.decode() for option in Conninfo.get_defaults()} | {"ssl"}
"""That libpq knows."""


class NoDatabaseError(ConfigError):
    """There is no file, and who asks is not to make one."""


@dataclass(frozen=True)
class Address:
    """A file of SQLite, or a server of PostgreSQL."""

    label: str
    """What the log may say: no password."""
    path: Path | None = None
    url: str = field(default="", repr=False)


def url(raw: str) -> str:
    """Accept the address of a database."""
    address(raw)
    return raw


def address(raw: str) -> Address:
    """Read the address of a database; it has the same form in every language of viscaffold.

    What others mean by `sqlite://` and `sqlite:///` differs, so neither is accepted.
    """
    scheme, separator, rest = raw.partition(":")
    if separator and scheme == "sqlite" and rest and not rest.startswith((":", "//")):
        return Address(f"sqlite:{rest}", path=Path(rest))
    if separator and scheme in ("postgresql", "postgres"):
        if name := _unknown(raw.partition("?")[2]):
            raise ValueError(f"{POSTGRESQL} without the parameter {name}, which is not known")
        return _postgresql(raw)
    raise ValueError(ACCEPTED)


def existing(raw: str) -> Address:
    """Read the address of a database that is to be there; raise NoDatabaseError without its file.

    A command in the wrong directory would make an empty one.
    """
    found = address(raw)
    if found.path and not found.path.exists():
        missing = f"there is no file {found.path.absolute()}"
        raise NoDatabaseError([f"DATABASE_URL leads to no database: {missing}"])
    return found


def _unknown(query: str) -> str:
    """Return the name of a parameter that is not known, unless it may be a piece of a password."""
    names = () if "@" in query else parse_qs(query, keep_blank_values=True)
    unknown = (name for name in names if name not in PARAMETERS)
    return next((name for name in unknown if re.fullmatch("[a-z_]{1,40}", name)), "")


def _postgresql(raw: str) -> Address:
    try:
        parts = urlsplit(raw)
        host, port = parts.hostname, parts.port or 5432
        known = conninfo_to_dict(raw)
        int(str(known.get("connect_timeout", 0)))
    except (ValueError, psycopg.Error):  # a % that begins no byte, a NUL, an unknown parameter
        raise ValueError(ACCEPTED) from None  # what libpq says of it shows the password
    host = host or parse_qs(parts.query).get("host", [""])[0]
    name = parts.path.removeprefix("/")
    # Signs of a password that is not quoted: a part of it would pass for something else.
    is_torn = parts.netloc.count("@") > 1 or {"/", "@"} & {*name}
    has_mode = known.get("sslmode", "prefer") in MODES
    if not host or "," in host or not name or is_torn or not has_mode:
        raise ValueError(ACCEPTED)
    user = f"{unquote(parts.username)}@" if parts.username else ""
    return Address(f"postgresql://{user}{host}:{port}/{name}", url=raw)
