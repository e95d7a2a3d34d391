"""Services that need servers: generated ones, and one of others in each language."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import loco_database
import psycopg
from running import Program, Run

PEER = "FastAPI, SQLAlchemy, Alembic"
RUST_PEER = "loco, SeaORM"
PEERS = (PEER, RUST_PEER)
PASSWORD = "correct horse battery"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Probe:
    """A request that needs a dependency."""

    path: str
    method: str = "POST"
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


PROBES = {
    "database": Probe("/orders"),
    "auth": Probe(
        "/api/auth/token",
        body=f"username=alice&password={PASSWORD.replace(' ', '+')}".encode(),
        headers=FORM,
    ),
    "jobs": Probe("/jobs"),
    "cache": Probe("/prices/tea", "GET"),
    "tracing": Probe("/", "GET"),
}
OURS = {
    "AUTH_KEYS": f"first:{'1' * 32}",
    "DATABASE_MIGRATE": "true",
    "DATABASE_QUERY_SECONDS": "2",
    "DATABASE_WAIT_SECONDS": "2",
}

PATIENT = {"DATABASE_WAIT_SECONDS": "30"}
"""What a command may take, unlike a request."""


@dataclass(frozen=True)
class Dependent:
    """A service that needs servers."""

    title: str
    program: Program
    settings: Mapping[str, str] = field(default_factory=lambda: OURS)
    probes: Mapping[str, Probe] = field(default_factory=lambda: PROBES)
    plain: tuple[str, ...] = ("/health/live", "/")
    """Routes that need none of the servers; the first tells whether it is alive."""
    ready: str = "/health/ready"
    """Empty where nothing tells it."""
    newer: tuple[str, ...] = ("UPDATE app_schema_version SET version_num = '0099'",)
    as_it_was: tuple[str, ...] = ("UPDATE app_schema_version SET version_num = '0001'",)
    """Statements that have the schema look like one of newer code, and back."""
    meets: tuple[str, ...] = ("PostgreSQL", "SQLite", "Redis", "OTLP collector")
    """The dependencies that it has."""
    causes: Mapping[str, str] = field(default_factory=dict)
    """What it may call a fault, where that is something else: regular expressions by kind."""

    @contextmanager
    def start(self, prefix: tuple[str, ...], settings: Mapping[str, str]) -> Iterator[Run]:
        """Run it, whether it answers or not."""
        program = replace(self.program, command=(*prefix, *self.program.command))
        with program.start(ready=False, **{**self.settings, **settings}) as run:
            yield run

    def migrate(self, settings: Mapping[str, str]) -> None:
        """Apply its migrations, and add a user."""
        self._run(settings, "db", "upgrade")
        self._run(settings, "auth", "add", "alice", typed=f"{PASSWORD}\n")

    def take_back(self, settings: Mapping[str, str]) -> None:
        """Take all migrations back, with what is in the tables."""
        for part in ("app", "auth", "jobs"):
            self._run(settings, "db", "downgrade", part)

    def tables(self, settings: Mapping[str, str]) -> "Migrated":
        """Return its tables in the database that the settings lead to."""
        return Migrated(self, settings)

    def _run(self, settings: Mapping[str, str], *words: str, typed: str = "") -> None:
        is_python = self.program.language == "python"
        command = [sys.executable, "-m", "orders"] if is_python else self.program.command
        ran = subprocess.run(
            [*command, *words],
            env={**os.environ, **self.program.variables, **self.settings, **settings, **PATIENT},
            input=typed,
            text=True,
            capture_output=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr


@dataclass(frozen=True)
class Migrated:
    """The tables of a service in a database."""

    dependent: Dependent
    settings: Mapping[str, str]

    def take_back(self) -> None:
        self.dependent.take_back(self.settings)

    def apply(self) -> None:
        self.dependent.migrate(self.settings)

    def age(self) -> None:
        execute(self.settings["DATABASE_URL"], *self.dependent.newer)

    def renew(self) -> None:
        execute(self.settings["DATABASE_URL"], *self.dependent.as_it_was)


@dataclass(frozen=True)
class Other(Dependent):
    """A service of others: it migrates when it starts, and has a table `orders`."""

    def migrate(self, settings: Mapping[str, str]) -> None:
        """Give it back the table that was taken; nothing else applies its migrations."""
        execute(settings["DATABASE_URL"], "ALTER TABLE IF EXISTS elsewhere RENAME TO orders")

    def take_back(self, settings: Mapping[str, str]) -> None:
        execute(settings["DATABASE_URL"], "ALTER TABLE orders RENAME TO elsewhere")


def execute(url: str, *statements: str) -> None:
    """Execute statements in a database of either kind."""
    if path := url.partition("sqlite:")[2]:
        with closing(sqlite3.connect(path, isolation_level=None)) as file:
            for statement in statements:
                file.execute(statement)
        return
    with psycopg.connect(url, autocommit=True) as server:
        for statement in statements:
            server.execute(statement.encode())


def peer_in_python() -> Dependent:
    """Return what FastAPI's own template makes, in small: its table of orders, and no more."""
    place = Path(__file__).parent / "inject" / "peer"
    return Other(
        PEER,
        Program("python", (sys.executable, "-m", "peer"), {"PYTHONPATH": str(place.parent)}),
        settings={},
        probes={"database": Probe("/orders")},
        plain=("/health-check", "/"),
        ready="",
        meets=("PostgreSQL",),
        newer=("UPDATE alembic_version SET version_num = '0099'",),
        as_it_was=("UPDATE alembic_version SET version_num = '0001'",),
        causes={
            "tarpit": r"(?i)timeout|timed out",
            "TLS refused": r"(?i)SSL|TLS",
            "restart under load": r"(?i)terminat|closed the connection|connection refused",
            "lock held": r"(?i)timeout|timed out|lock",
            "migration missing": r"(?i)does not exist",
            "newer schema": r"Can't locate revision",
        },
    )


def peer_in_rust(place: Path) -> Dependent:
    """Return what `loco new` makes with PostgreSQL, made and built in a directory."""
    program, settings = loco_database.service(place)
    return Other(
        RUST_PEER,
        Program("rust", (str(program), "start"), settings),
        settings={},
        probes={"database": Probe("/orders")},
        plain=("/_ping", "/_health"),
        ready="",
        meets=("PostgreSQL",),
        newer=("INSERT INTO seaql_migrations VALUES ('m20990101_000099_newer', 0)",),
        as_it_was=("DELETE FROM seaql_migrations WHERE version = 'm20990101_000099_newer'",),
        causes={
            "tarpit": r"(?i)timeout|timed out",
            "TLS refused": r"(?i)SSL|TLS",
            "restart under load": r"(?i)terminat|closed|refused|unexpected end",
            "lock held": r"(?i)timeout|timed out|lock",
            "migration missing": r"(?i)does not exist",
            "newer schema": r"(?i)m20990101_000099_newer",
        },
    )
