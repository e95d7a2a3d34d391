"""The faults of each dependency, and what is promised of each stage that needs it."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import LiteralString

import psycopg
import redis
from collector import STUCK_SECONDS
from outage import (
    DATABASE,
    DOES_WITHOUT,
    GOES_ON,
    NOT_READY,
    REFUSES,
    UNAVAILABLE,
    Brought,
    Dependency,
    Outage,
    Promise,
)
from postgresql_server import Server
from redis_server import PASSWORD, Redis
from surroundings import HOST, Surroundings, demanding_tls, filled

RESTART_SECONDS = 1.0
REFUSED = r"(?i)connection refused"
NO_ANSWER_IN_TIME = r"no answer in time"
UNKNOWN = r"(?i)not known|name resolution"
LOCKED = r"the database failed: (canceling statement due to|database is locked|not done within)"
FULL = r"No space left|disk is full|disk I/O error"
NEWER = r"does not fit: it is newer than this code \(.*app"
MISSING = r"does not fit: migrations are missing \(.*app"
JOBS_STAND = Promise((503,), NOT_READY)
"""A worker that cannot write is one that does not move."""


def each(promise: Promise, *, but: Mapping[str, Promise] | None = None) -> dict[str, Promise]:
    """Promise the same of each stage that needs a database."""
    return {**dict.fromkeys(DATABASE, promise), **(but or {})}


ALL_UNAVAILABLE = each(UNAVAILABLE)
ONLY_READS = each(REFUSES, but={"auth": GOES_ON})
"""Who logs in reads."""


def do(around: Surroundings, *statements: LiteralString) -> None:
    # Not in the database itself, which may be one to read.
    for statement in statements:
        around.server.ask(statement, "postgres")


def cut(around: Surroundings) -> None:
    """End all connections of services."""
    do(
        around,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND datname = 'orders'",
    )


def changed(wrong: LiteralString, right: LiteralString) -> Brought:
    """Change something of the server of PostgreSQL, which counts for new connections."""

    @contextmanager
    def brought(around: Surroundings) -> Iterator[None]:
        do(around, wrong)
        cut(around)
        yield
        do(around, right)
        cut(around)

    return brought


@contextmanager
def killed_for_a_moment(server: Server | Redis) -> Iterator[None]:
    """Kill it, and have it started again meanwhile."""
    server.kill()
    coming = threading.Timer(RESTART_SECONDS, server.start)
    coming.start()
    yield
    coming.join()


@contextmanager
def killed(around: Surroundings) -> Iterator[None]:
    around.server.kill()
    yield
    around.server.start()


@contextmanager
def restarted(around: Surroundings) -> Iterator[None]:
    with killed_for_a_moment(around.server):
        yield


@contextmanager
def paused(around: Surroundings) -> Iterator[None]:
    around.server.pause()
    yield
    around.server.resume()


@contextmanager
def nameless(around: Surroundings) -> Iterator[None]:
    around.forget_names()
    yield
    around.know_names()


@contextmanager
def unencrypted(around: Surroundings) -> Iterator[None]:
    """Have a server that encrypts nothing, until it is started again as one that does."""
    around.server.kill()
    around.server.start()
    yield
    around.server.kill()
    around.server.start(encrypted=True)


@contextmanager
def on_a_full_disk(around: Surroundings) -> Iterator[None]:
    disk = str(around.server_disk)
    with around.server.connect() as server:
        place = psycopg.sql.SQL("CREATE TABLESPACE small LOCATION {}").format(disk)
        server.execute(place)
        server.execute("ALTER TABLE ALL IN TABLESPACE pg_default SET TABLESPACE small")
        with filled(around.server_disk):
            yield
        server.execute("ALTER TABLE ALL IN TABLESPACE small SET TABLESPACE pg_default")
        server.execute("DROP TABLESPACE small")


@contextmanager
def locked(around: Surroundings) -> Iterator[None]:
    with around.server.connect() as server, server.transaction():
        tables = server.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in tables.fetchall():
            if not table.endswith("_schema_version"):
                server.execute(
                    psycopg.sql.SQL("LOCK TABLE {}").format(psycopg.sql.Identifier(table))
                )
        yield


@contextmanager
def taken_back(around: Surroundings) -> Iterator[None]:
    around.tables.take_back()
    yield
    around.tables.apply()


@contextmanager
def aged(around: Surroundings) -> Iterator[None]:
    around.tables.age()
    yield
    around.tables.renew()


SCHEMA = (
    # A statement about a table that is not there is a wrong one; logins look at the schema first.
    Outage("migration missing", taken_back, MISSING,
           each(Promise((500,), NOT_READY), but={"auth": UNAVAILABLE}), is_quick=True),
    Outage("newer schema", aged, NEWER, each(Promise((None,), NOT_READY)), at_start=True,
           settings=lambda _around: {"DATABASE_MIGRATE": "false"}),
)  # fmt: skip
"""The same in each database."""


def with_postgresql(around: Surroundings) -> dict[str, str]:
    return {"DATABASE_URL": around.server.new_database("orders")}


def elsewhere(
    around: Surroundings, *, options: str = "", host: str = "127.0.0.1"
) -> dict[str, str]:
    """Return the settings that lead to PostgreSQL in another way."""
    url = around.server.url().replace("127.0.0.1", host)
    return {"DATABASE_URL": f"{url}{options}"}


POSTGRESQL = (
    Outage("unreachable", killed, REFUSED, ALL_UNAVAILABLE, is_quick=True),
    Outage("tarpit", paused, NO_ANSWER_IN_TIME, ALL_UNAVAILABLE, seconds=12),
    Outage("wrong password",
           changed("ALTER ROLE orders PASSWORD 'other'", "ALTER ROLE orders PASSWORD 'hunter2/@ä'"),
           r"password authentication failed", ALL_UNAVAILABLE, is_quick=True),
    Outage("unknown host", nameless, UNKNOWN, ALL_UNAVAILABLE, at_start=True, is_quick=True,
           settings=partial(elsewhere, host=HOST)),
    Outage("TLS refused", unencrypted, r"cannot be reached.*(SSL|TLS)", ALL_UNAVAILABLE, at_start=True,
           settings=partial(elsewhere, options="?sslmode=require")),
    Outage("restart under load", restarted, r"cannot be reached",
           each(Promise((None, 503))), is_brief=True, seconds=4),
    Outage("disk full", on_a_full_disk, FULL, ONLY_READS),
    Outage("read-only",
           changed("ALTER DATABASE orders SET default_transaction_read_only = on",
                   "ALTER DATABASE orders RESET default_transaction_read_only"),
           r"in a read-only transaction", each(REFUSES, but={"auth": GOES_ON, "jobs": JOBS_STAND}), seconds=20),
    Outage("too many connections",
           changed("ALTER ROLE orders CONNECTION LIMIT 0", "ALTER ROLE orders CONNECTION LIMIT -1"),
           r"too many connections", ALL_UNAVAILABLE, is_quick=True),
    Outage("lock held", locked, LOCKED, each(REFUSES, but={"jobs": JOBS_STAND}), seconds=20),
    *SCHEMA,
)  # fmt: skip


def sqlite_path(around: Surroundings) -> Path:
    return around.disk / "place" / "orders.db"


def with_sqlite(around: Surroundings) -> dict[str, str]:
    path = sqlite_path(around)
    shutil.rmtree(path.parent, ignore_errors=True)
    return {"DATABASE_URL": f"sqlite:{path}"}


@contextmanager
def hidden(around: Surroundings) -> Iterator[None]:
    """Have something else in the place of the directory."""
    place, away = around.disk / "place", around.disk / "away"
    place.rename(away)
    place.touch()
    yield
    place.unlink()
    away.rename(place)


@contextmanager
def sqlite_locked(around: Surroundings) -> Iterator[None]:
    with closing(sqlite3.connect(sqlite_path(around), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def mounted_read_only(around: Surroundings) -> Iterator[None]:
    around.remount("ro")
    yield
    around.remount("rw")


@contextmanager
def sqlite_full(around: Surroundings) -> Iterator[None]:
    with filled(around.disk):
        yield


SQLITE = (
    Outage("unreachable", hidden, r"cannot be reached: sqlite:\S+: ", ALL_UNAVAILABLE, at_start=True,
           is_quick=True),
    Outage("disk full", sqlite_full, FULL, ONLY_READS),
    Outage("read-only", mounted_read_only, r"(?i)read-?only", ALL_UNAVAILABLE, at_start=True),
    Outage("lock held", sqlite_locked, LOCKED,
           each(REFUSES, but={"auth": GOES_ON, "jobs": JOBS_STAND}), seconds=20),
    *SCHEMA,
)  # fmt: skip

CACHE = {"cache": DOES_WITHOUT}


@contextmanager
def redis_killed(around: Surroundings) -> Iterator[None]:
    around.redis.kill()
    yield
    around.redis.start()


@contextmanager
def redis_paused(around: Surroundings) -> Iterator[None]:
    around.redis.pause()
    yield
    around.redis.resume()


@contextmanager
def redis_restarted(around: Surroundings) -> Iterator[None]:
    with killed_for_a_moment(around.redis):
        yield


@contextmanager
def with_another_password(around: Surroundings) -> Iterator[None]:
    around.redis.kill()
    around.redis.start("--requirepass", "other")
    yield
    around.redis.kill()
    around.redis.start()


@contextmanager
def replica(around: Surroundings) -> Iterator[None]:
    around.redis.ask("REPLICAOF", "127.0.0.1", 1)
    yield
    around.redis.ask("REPLICAOF", "NO", "ONE")


@contextmanager
def taken(around: Surroundings) -> Iterator[None]:
    """Have no connection left but our own."""
    most = around.redis.ask("CONFIG", "GET", "maxclients")[b"maxclients"]
    port = around.redis.port
    with redis.Redis(port=port, password=PASSWORD, single_connection_client=True) as own:
        own.execute_command("CONFIG", "SET", "maxclients", 1)
        own.execute_command("CLIENT", "KILL", "TYPE", "normal")
        yield
        own.execute_command("CONFIG", "SET", "maxclients", most)


@contextmanager
def unsaved(around: Surroundings) -> Iterator[None]:
    """Have a server that keeps its data on a disk that is full: it refuses writes then."""
    around.redis.kill()
    around.redis.start("--save", "3600 1", "--dir", str(around.disk))
    with filled(around.disk):
        around.redis.ask("SET", "pen", "blue")
        around.redis.ask("BGSAVE")
        yield
    around.redis.kill()
    around.redis.start()


@contextmanager
def redis_unencrypted(around: Surroundings) -> Iterator[None]:
    """Have a server that does not encrypt on the port where it should."""
    around.redis.kill()
    around.redis.start("--tls-port", "0", "--port", str(around.redis_tls_port))
    yield
    around.redis.kill()
    around.redis.start()


def with_redis(around: Surroundings) -> dict[str, str]:
    return {"CACHE_URL": around.redis.url}


def encrypted(around: Surroundings) -> dict[str, str]:
    url = around.redis.url.replace("redis:", "rediss:")
    url = url.replace(f":{around.redis.port}", f":{around.redis_tls_port}")
    return {"CACHE_URL": url, "SSL_CERT_FILE": str(around.certificate.authority)}


REDIS = (
    Outage("unreachable", redis_killed, REFUSED, CACHE, is_quick=True),
    Outage("tarpit", redis_paused, r"no answer within \d+ ms", CACHE, is_quick=True),
    Outage("wrong password", with_another_password, r"it refused the user or the password", CACHE),
    Outage("unknown host", nameless, r"its name is unknown", CACHE, at_start=True,
           settings=lambda around: {"CACHE_URL": around.redis.url.replace("127.0.0.1", HOST)}),
    Outage("TLS refused", redis_unencrypted, r"TLS failed: |no answer within", CACHE, at_start=True,
           settings=encrypted),
    Outage("restart under load", redis_restarted, r"is away: ",
           {"cache": GOES_ON}, is_brief=True, seconds=4),
    Outage("disk full", unsaved, r"cannot save|MISCONF|disk", CACHE),
    Outage("read-only", replica, r"it is a replica", CACHE),
    Outage("too many connections", taken, r"max number of clients", CACHE),
)  # fmt: skip

TRACING = {"tracing": GOES_ON}
TELLS = r"does not take spans: "


@contextmanager
def without_collector(around: Surroundings) -> Iterator[None]:
    around.stop_collector()
    yield
    around.start_collector()


@contextmanager
def collector_hangs(around: Surroundings) -> Iterator[None]:
    around.collector.delay = STUCK_SECONDS
    yield
    around.stop_collector()
    around.start_collector()


@contextmanager
def collector_refuses(around: Surroundings) -> Iterator[None]:
    around.collector.status = 401
    yield
    around.collector.status = 200


@contextmanager
def collector_restarted(around: Surroundings) -> Iterator[None]:
    around.stop_collector()
    coming = threading.Timer(RESTART_SECONDS, around.start_collector)
    coming.start()
    yield
    coming.join()


@contextmanager
def collector_encrypts(around: Surroundings) -> Iterator[None]:
    around.stop_collector()
    with demanding_tls(around.collector.port, around.certificate):
        yield
    around.start_collector()


def with_collector(around: Surroundings) -> dict[str, str]:
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": around.collector.url}


OTLP = (
    Outage("unreachable", without_collector, rf"{TELLS}.*[Rr]efused", TRACING, is_quick=True),
    Outage("tarpit", collector_hangs, rf"{TELLS}.*(time|answer)", TRACING, seconds=12),
    Outage("wrong password", collector_refuses, rf"{TELLS}.*401", TRACING),
    Outage("unknown host", nameless, rf"{TELLS}.*(not known|name resolution|[Uu]nknown|resolve)", TRACING, at_start=True,
           settings=lambda around: {"OTEL_EXPORTER_OTLP_ENDPOINT": around.collector.url.replace("127.0.0.1", HOST)}),
    Outage("TLS refused", collector_encrypts, TELLS, TRACING),
    Outage("restart under load", collector_restarted, "", TRACING, is_brief=True, seconds=4),
)  # fmt: skip

DEPENDENCIES = (
    Dependency("PostgreSQL", DATABASE, with_postgresql, POSTGRESQL),
    Dependency("SQLite", DATABASE, with_sqlite, SQLITE),
    Dependency("Redis", ("cache",), with_redis, REDIS),
    Dependency("OTLP collector", ("tracing",), with_collector, OTLP),
)
