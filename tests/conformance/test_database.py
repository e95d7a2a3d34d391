"""A service and its database, which works: SQLite and PostgreSQL, in each language."""

import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from databases import Database, add, count, readiness
from running import Program
from served import Served, serving

if TYPE_CHECKING:
    from postgresql_server import Server

PROBLEM = {
    "type": "about:blank",
    "title": "Service Unavailable",
    "status": 503,
    "detail": "the database cannot be used at the moment",
}


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """An empty database of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:{tmp_path}/below/data base.db"
        return Database(url, url)
    server: Server = request.getfixturevalue("postgresql")
    return Database(server.new_database("works"), server.label("works"))


@pytest.fixture
def service(asking: Program, database: Database) -> Iterator[Served]:
    limits = {
        "DATABASE_MIGRATE": "true",
        "DATABASE_QUERY_SECONDS": "1",
        "DATABASE_WAIT_SECONDS": "2",
        "DATABASE_POOL_SIZE": "2",
    }
    with serving(asking, DATABASE_URL=database.url, **limits) as served:
        yield served


def test_a_database_is_written_and_read(service: Served, database: Database) -> None:
    assert [add(service) for _ in range(3)] == [200] * 3
    assert count(service) == 3
    assert readiness(service) == (200, "ok")
    assert service.log().count(f"the database answers: {database.label}") == 1
    assert "hunter2" not in service.log()
    assert "the database failed" not in service.log()


def test_a_database_without_an_encoding_has_texts_all_the_same(
    asking: Program, postgresql: "Server"
) -> None:
    url = postgresql.new_database("plain", "SQL_ASCII")
    with serving(asking, DATABASE_URL=url, DATABASE_MIGRATE="true") as service:
        service.run.wait_for_line("the database answers: ")

        assert add(service) == 200
        assert count(service) == 1
        assert readiness(service) == (200, "ok")


def test_what_a_block_writes_that_fails_is_undone_and_its_answer_is_sent(service: Served) -> None:
    answer = service.ask("/refused", "POST")

    assert answer.status == 409
    assert answer.json()["detail"] == "no more tea"
    assert answer.json()["left"] == 0
    assert count(service) == 0


def test_what_is_written_with_a_connection_to_read_is_lost(service: Served) -> None:
    assert service.ask("/lost", "POST").json() == {"orders": 1}
    assert count(service) == 0


def test_a_wrong_statement_is_a_failure_of_the_service(service: Served) -> None:
    answer = service.ask("/wrong")

    assert answer.status == 500
    assert "nowhere" not in answer.body.decode()
    service.run.wait_for_line("nowhere")  # an error is logged after the answer
    assert readiness(service) == (200, "ok")
    assert count(service) == 0


def test_a_query_that_takes_too_long_is_ended_and_disturbs_nobody(service: Served) -> None:
    with ThreadPoolExecutor() as others:
        began = time.monotonic()
        slow = others.submit(service.ask, "/slow")
        assert count(service) == 0
        answer = slow.result()

    assert 0.9 < time.monotonic() - began < 4
    assert answer.status == 503
    assert answer.json() == PROBLEM | {"instance": "/slow"}
    assert answer.headers["retry-after"] == "5"
    assert "the database failed: not done within 1 s" in service.log()
    assert "cannot be reached" not in service.log()
    assert readiness(service) == (200, "ok")
    assert add(service) == 200


def test_a_connection_that_is_held_too_long_is_given_up(service: Served) -> None:
    answer = service.ask("/hold/3")

    assert answer.status == 503
    assert count(service) == 0
    assert add(service) == 200


def test_when_all_connections_are_in_use_requests_are_answered_all_the_same(
    asking: Program, database: Database
) -> None:
    limits = {
        "DATABASE_MIGRATE": "true",
        "DATABASE_QUERY_SECONDS": "20",
        "DATABASE_WAIT_SECONDS": "1",
        "DATABASE_POOL_SIZE": "1",
    }
    with serving(asking, DATABASE_URL=database.url, **limits) as service:
        with ThreadPoolExecutor() as others:
            held = others.submit(service.ask, "/hold/4")
            time.sleep(0.5)
            began = time.monotonic()
            assert service.ask("/orders").status == 503
            assert time.monotonic() - began < 3
            assert readiness(service) == (200, "ok")
            assert held.result().status == 200
        assert "the database failed: no connection in time" in service.log()
        assert "cannot be reached" not in service.log()
        assert count(service) == 1


def test_a_file_of_sqlite_is_made_for_its_owner_alone(asking: Program, tmp_path: Path) -> None:
    path = tmp_path / "new" / "orders.db"
    with serving(asking, DATABASE_URL=f"sqlite:{path}") as service:
        assert add(service) == 200, "it has been migrated at the start"
        for line in ("migrated ledger to 0001", "migrated app to 0001", "migrated app to 0002"):
            assert service.log().count(line) == 1
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {"orders.db": 0o600, "orders.db-shm": 0o600, "orders.db-wal": 0o600}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sqlite::memory:",
        "sqlite:///orders.db",
        "mysql://orders:hunter2@localhost/orders",
        "postgresql://orders:hunter2@localhost",
        "postgresql://orders:hunter2@localhost:port/orders",
        "postgresql://orders:hunter2@one,two/orders",
        "postgresql://orders:x@hunter2@localhost/orders",
        "postgresql://orders:1/hunter2@localhost",
        # What PostgreSQL's library says of these repeats the password.
        "postgresql://orders:hunter2%zz@localhost/orders",
        "postgresql://orders:hunter2%00@localhost/orders",
        "postgresql://orders:hunter2 x@localhost/orders",
        "postgresql://orders:hunter2@localhost/orders?sslmode=always",
        "postgresql://orders:hunter2@localhost/orders?connect_timeout=soon",
        "postgresql://orders:1/2?hunter=2@localhost/orders",
        "postgresql://orders:1/2?hunter2@localhost/orders",
        "postgresql://orders:x@localhost/orders?hunter2%0A=1",
    ],
)
def test_an_address_that_is_none_ends_the_start(asking: Program, url: str) -> None:
    with asking.start(ready=False, DATABASE_URL=url) as run:
        assert run.wait() == 78
        assert "setting DATABASE_URL is " in run.log()
        assert "expected sqlite:PATH, or postgresql://USER:PASSWORD@HOST:PORT/DATABASE" in run.log()
        assert "hunter2" not in run.log()


def test_a_parameter_that_is_not_known_ends_the_start_by_name(asking: Program) -> None:
    """Left out, it would protect nobody who relies on it; its value may be a secret."""
    url = "postgresql://orders:hunter2@localhost/orders?sslmode=require&passphrase=hunter2"
    with asking.start(ready=False, DATABASE_URL=url) as run:
        assert run.wait() == 78
        form = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        assert f"expected {form} without the parameter passphrase, which is not known" in run.log()
        assert "hunter2" not in run.log()


@pytest.mark.parametrize(
    "more",
    [
        "application_name=shop",
        "sslmode=prefer&options=-c%20work_mem%3D1MB",
        "channel_binding=prefer&connect_timeout=2",
    ],
)
def test_a_parameter_that_every_driver_knows_is_no_obstacle(asking: Program, more: str) -> None:
    url = f"postgresql://orders:hunter2@127.0.0.1:1/orders?{more}"
    with asking.start(DATABASE_URL=url) as run:
        run.wait_for_line(
            "the database cannot be reached: postgresql://orders@127.0.0.1:1/orders: "
        )
