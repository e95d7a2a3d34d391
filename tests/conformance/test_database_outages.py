"""A service and its database, which is gone, slow, full, refuses or restarts: in each language."""

import contextlib
import re
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from databases import add, count, migrate, readiness
from postgresql_server import WRITTEN
from running import Program, free_port
from served import Served, serving, wait_until

if TYPE_CHECKING:
    from postgresql_server import Server

LIMITS = {
    "DATABASE_MIGRATE": "true",
    "DATABASE_QUERY_SECONDS": "2",
    "DATABASE_WAIT_SECONDS": "2",
}
GONE = "the database cannot be reached: "
BACK = "the database is back after "


@pytest.fixture
def tarpit() -> Iterator[int]:
    """A port that takes connections, and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def is_ready(service: Served) -> bool:
    return service.ask("/health/ready").status == 200


def timed(service: Served, path: str = "/orders") -> tuple[int, float]:
    """Return the status of an answer, and how long it took."""
    began = time.monotonic()
    return service.ask(path).status, time.monotonic() - began


def assert_lives_without(asking: Program, url: str, label: str, cause: str) -> None:
    """Start a service whose database cannot be used: it says why, once, and answers in time."""
    with serving(asking, DATABASE_URL=url, **LIMITS) as service:
        service.run.wait_for_line(f"{GONE}{label}: ")
        status, said = readiness(service)
        assert status == 503
        assert re.search(f"{re.escape(label)}: .*{cause}", said), said
        assert re.search(f"ERROR .*{re.escape(GONE + label)}: .*{cause}", service.log())
        status, seconds = timed(service)
        assert status == 503
        assert seconds < 4
        status, seconds = timed(service)
        assert status == 503
        assert seconds < 0.5, "nobody waits for what has been gone for long"
        assert service.log().count(GONE) == 1
        assert BACK not in service.log()
        for secret in ("hunter2", WRITTEN):
            assert secret not in service.log()


def test_a_server_that_is_not_there(asking: Program) -> None:
    place = f"127.0.0.1:{free_port()}/orders"
    url, label = f"postgresql://orders:hunter2@{place}", f"postgresql://orders@{place}"
    assert_lives_without(asking, url, label, "Connection refused")


def test_a_server_whose_name_is_unknown(asking: Program) -> None:
    place = "nowhere.invalid:5432/orders"
    url, label = f"postgresql://orders:hunter2@{place}", f"postgresql://orders@{place}"
    assert_lives_without(asking, url, label, "(not known|failure in name resolution)")


def test_a_server_that_says_nothing(asking: Program, tarpit: int) -> None:
    place = f"127.0.0.1:{tarpit}/orders"
    url, label = f"postgresql://orders:hunter2@{place}", f"postgresql://orders@{place}"
    assert_lives_without(asking, url, label, "no answer in time")


def test_an_address_may_say_how_long_to_try(asking: Program, tarpit: int) -> None:
    url = f"postgresql://orders:hunter2@127.0.0.1:{tarpit}/orders?connect_timeout=2"
    with serving(asking, DATABASE_URL=url, DATABASE_WAIT_SECONDS="60") as service:
        service.run.wait_for_line(GONE)


def test_a_binding_that_an_address_requires_is_not_left_out(
    asking: Program, postgresql: "Server"
) -> None:
    """One driver cannot do it, and the server is not encrypted: neither sends the password."""
    url = f"{postgresql.url()}?channel_binding=require"
    with asking.start(ready=False, DATABASE_URL=url) as run:
        run.wait_for_line("channel")
        assert BACK not in run.log()


def test_a_wrong_password(asking: Program, postgresql: "Server") -> None:
    url = postgresql.url(password="hunter2-wrong")
    cause = 'password authentication failed for user "orders"'
    assert_lives_without(asking, url, postgresql.label(), cause)


def test_a_database_that_does_not_exist(asking: Program, postgresql: "Server") -> None:
    url, label = postgresql.url("nothing"), postgresql.label("nothing")
    assert_lives_without(asking, url, label, 'database "nothing" does not exist')


def test_a_server_that_refuses_to_encrypt(asking: Program, postgresql: "Server") -> None:
    url = postgresql.url() + "?sslmode=require"
    assert_lives_without(asking, url, postgresql.label(), "(SSL|TLS)")


def test_a_server_that_has_no_connection_left(asking: Program, postgresql: "Server") -> None:
    import psycopg

    held = []
    try:
        with contextlib.suppress(psycopg.OperationalError):
            while True:
                held.append(psycopg.connect(postgresql.url()))
        cause = "(remaining connection slots|too many clients)"
        assert_lives_without(asking, postgresql.url(), postgresql.label(), cause)
    finally:
        for connection in held:
            connection.close()


@pytest.mark.parametrize("place", ["/proc/orders.db", "/dev/null/orders.db", "/"])
def test_a_file_that_cannot_be_made(asking: Program, place: str) -> None:
    assert_lives_without(asking, f"sqlite:{place}", f"sqlite:{place}", "")


def test_a_file_that_is_no_database(asking: Program, tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    path.write_bytes(b"hunter2 " * 1000)
    assert_lives_without(asking, f"sqlite:{path}", f"sqlite:{path}", "file is not a database")


def test_a_server_that_is_killed_under_load_and_comes_back(
    asking: Program, postgresql: "Server"
) -> None:
    url = postgresql.new_database("killed")
    over = threading.Event()
    statuses: list[int] = []
    slowest = 0.0

    def load(service: Served) -> None:
        nonlocal slowest
        while not over.is_set():
            status, seconds = timed(service)
            statuses.append(status)
            slowest = max(slowest, seconds)

    with serving(asking, DATABASE_URL=url, **LIMITS) as service, ThreadPoolExecutor(4) as clients:
        assert add(service) == 200
        loads = [clients.submit(load, service) for _ in range(4)]
        try:
            time.sleep(0.5)
            postgresql.kill()
            service.run.wait_for_line(GONE)
            wait_until(lambda: not is_ready(service), "it is ready without its database")
            time.sleep(3)
            assert service.is_live()
            postgresql.start()
            service.run.wait_for_line(BACK)
            wait_until(lambda: is_ready(service), "it is not ready")
        finally:
            over.set()
            if not postgresql.answers():
                postgresql.start()
        for each in loads:
            each.result()
        assert {*statuses} == {200, 503}
        assert slowest < 6
        assert count(service) == 1, "what was committed is there"
        assert service.log().count(GONE) == service.log().count(BACK) == 1


def test_requests_wait_for_a_server_that_restarts(asking: Program, postgresql: "Server") -> None:
    url = postgresql.new_database("restarted")
    limits = {**LIMITS, "DATABASE_WAIT_SECONDS": "20"}
    with serving(asking, DATABASE_URL=url, **limits) as service, ThreadPoolExecutor() as clients:
        assert count(service) == 0
        postgresql.kill()
        try:
            service.run.wait_for_line(GONE)
            waiting = [clients.submit(timed, service) for _ in range(3)]
            time.sleep(0.5)
        finally:
            postgresql.start()
        assert [each.result()[0] for each in waiting] == [200] * 3


def test_a_server_that_hangs_is_given_up_and_used_again(
    asking: Program, postgresql: "Server"
) -> None:
    url = postgresql.new_database("hangs")
    with serving(asking, DATABASE_URL=url, **LIMITS) as service:
        assert count(service) == 0
        postgresql.pause()
        try:
            status, seconds = timed(service)
            assert status == 503
            assert seconds < 6
            service.run.wait_for_line(GONE, seconds=15)
            status, said = readiness(service)
            assert (status, "in time" in said) == (503, True), said
            assert service.is_live()
        finally:
            postgresql.resume()
        service.run.wait_for_line(BACK, seconds=20)
        assert count(service) == 0
        assert is_ready(service)


def test_a_connection_that_is_lost_in_the_middle_of_a_request(
    asking: Program, postgresql: "Server"
) -> None:
    url = postgresql.new_database("lost")
    with serving(asking, DATABASE_URL=url, **LIMITS) as service, ThreadPoolExecutor() as clients:
        assert count(service) == 0
        held = clients.submit(service.ask, "/hold/1")
        in_it = "FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = 'lost'"
        wait_until(lambda: postgresql.ask(f"SELECT 1 {in_it}") != [], "nobody is in it")
        postgresql.ask(f"SELECT pg_terminate_backend(pid) {in_it}")
        assert held.result().status == 503
        assert "the database failed: " in service.log()
        assert add(service) == 200
        assert count(service) == 1


def test_a_cause_that_shows_later_is_named_too(asking: Program, postgresql: "Server") -> None:
    """The first one may be no more than the end of a connection."""
    url = postgresql.new_database("changed")
    later = "too many connections for role"
    with serving(asking, DATABASE_URL=url, **LIMITS) as service:
        wait_until(lambda: is_ready(service), "it is not ready")
        postgresql.ask("ALTER ROLE orders CONNECTION LIMIT 0")
        postgresql.ask("CHECKPOINT")  # what a server of tests has written is not on its disk yet
        try:
            postgresql.kill()
            service.run.wait_for_line(GONE)
            postgresql.start()
            label = postgresql.label("changed")
            service.run.wait_for_line(f"the database still cannot be reached: {label}: {later}")
            time.sleep(3)
        finally:
            if not postgresql.answers():
                postgresql.start()
            postgresql.ask("ALTER ROLE orders CONNECTION LIMIT -1")
        service.run.wait_for_line(BACK)
        assert service.log().count(later) == 1
        assert service.log().count(GONE) == 1


def test_a_server_that_another_one_has_taken_over_from(
    asking: Program, postgresql: "Server"
) -> None:
    url = postgresql.new_database("demoted")
    with serving(asking, DATABASE_URL=url, **LIMITS) as service:
        assert add(service) == 200
    postgresql.ask("ALTER DATABASE demoted SET default_transaction_read_only = on")
    with serving(asking, DATABASE_URL=url, **LIMITS) as service:
        assert count(service) == 1
        assert add(service) == 503
        assert "cannot execute INSERT in a read-only transaction" in service.log()
        postgresql.ask("ALTER DATABASE demoted RESET default_transaction_read_only")
        wait_until(lambda: add(service) == 200, "it keeps connections that are of no use")


def test_a_service_stops_in_time_while_its_database_hangs(
    asking: Program, postgresql: "Server"
) -> None:
    url = postgresql.new_database("hangs")
    with asking.start(DATABASE_URL=url, DATABASE_MIGRATE="true") as run:
        run.wait_for_line("the database answers: ")
        postgresql.pause()
        try:
            assert run.stop(seconds=9) == 0
        finally:
            postgresql.resume()


@pytest.fixture
def path(asking: Program, tmp_path: Path) -> Path:
    """A database of SQLite that has its schema."""
    path = tmp_path / "orders.db"
    migrate(asking, f"sqlite:{path}")
    return path


def test_a_lock_that_somebody_else_holds(asking: Program, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    limits = {**LIMITS, "DATABASE_QUERY_SECONDS": "10"}
    with serving(asking, DATABASE_URL=f"sqlite:{path}", **limits) as service:
        other.execute("BEGIN IMMEDIATE")
        assert count(service) == 0, "who only reads does not wait"
        began = time.monotonic()
        assert add(service) == 503
        assert time.monotonic() - began < 5
        assert "the database failed: database is locked" in service.log()
        assert is_ready(service)
        other.execute("ROLLBACK")
        assert add(service) == 200
    other.close()


def test_another_process_that_closes_the_database(asking: Program, path: Path) -> None:
    with serving(asking, DATABASE_URL=f"sqlite:{path}", **LIMITS) as service:
        with ThreadPoolExecutor(2) as clients:  # several connections, each opened and closed
            [*clients.map(service.ask, ["/hold/0.3", "/hold/0.3", "/orders", "/orders"])]
        for expected in (3, 4, 5):
            other = sqlite3.connect(path)
            other.execute("SELECT count(*) FROM orders").fetchall()
            other.close()
            assert path.with_name("orders.db-wal").exists(), "its log is deleted while it is in use"
            assert add(service) == 200
            assert count(service) == expected


def test_a_disk_that_is_full(asking: Program, small_disk: Callable[[str], Path]) -> None:
    disk = small_disk("size=256k")
    with serving(asking, DATABASE_URL=f"sqlite:{disk}/orders.db", **LIMITS) as service:
        assert add(service) == 200
        with (disk / "rest").open("wb", buffering=0) as rest, contextlib.suppress(OSError):
            while True:
                rest.write(bytes(1024))
        statuses = {add(service) for _ in range(100)}
        assert 503 in statuses
        full = r"the database failed: (database or disk is full|disk I/O error)"
        assert re.search(full, service.log())
        assert service.is_live()
        (disk / "rest").unlink()
        wait_until(lambda: add(service) == 200, "it does not write although there is room")
