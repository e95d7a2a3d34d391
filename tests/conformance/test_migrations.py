"""Migrations of a service and of its stages: the same in each language, and for both databases."""

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import applications
import psycopg
import pytest
from databases import (
    CONFIG,
    DONE,
    FAILED,
    MIGRATED,
    MISSING,
    NEWER,
    NO_DATABASE,
    USAGE,
    ended,
    manage,
    migrate,
    readiness,
    starting,
)
from running import Program, free_port
from served import serving, wait_until

if TYPE_CHECKING:
    from conftest import Pristine
    from postgresql_server import Server

DATABASES = ("sqlite", "postgresql")
LOCKED = "SELECT pg_advisory_lock(1986622307)"
"""Takes the lock that services of each version and language migrate with."""


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path}/orders.db"
    server: Server = request.getfixturevalue("postgresql")
    return server.new_database("migrated")


def says(program: Program, sentence: str) -> str:
    """Return a sentence with the command of a language."""
    command = {"python": "python -m orders db", "rust": "orders db"}[program.language]
    return sentence.replace("COMMAND", command)


def test_a_schema_goes_forward_and_back(asking: Program, url: str) -> None:
    if url.startswith("sqlite"):
        _execute(url, "PRAGMA user_version = 1")
    ran = manage(asking, url, "status")
    assert (ran.status, ran.lines) == (MISSING, ["ledger: 0000 of 0001", "app: 0000 of 0002"])
    missing = "migrations are missing (ledger: 0000 of 0001, app: 0000 of 0002): COMMAND upgrade\n"
    assert ran.error == says(asking, missing)

    migrate(asking, url)
    ran = manage(asking, url, "status")
    assert (ran.status, ran.lines) == (DONE, ["ledger: 0001 of 0001", "app: 0002 of 0002"])
    assert ran.error == ""

    ran = manage(asking, url, "downgrade", "app", "1")
    assert (ran.status, ran.lines) == (DONE, ["took app back to 0001"])
    ran = manage(asking, url, "downgrade", "ledger")
    assert (ran.status, ran.lines) == (DONE, ["took ledger back to 0000"])
    ran = manage(asking, url, "upgrade")
    assert (ran.status, ran.lines) == (DONE, ["migrated ledger to 0001", "migrated app to 0002"])
    ran = manage(asking, url, "downgrade", "app")
    assert ran.lines == ["took app back to 0001", "took app back to 0000"]


def test_of_two_that_migrate_at_once_each_migration_is_applied_by_one(
    asking: Program, url: str
) -> None:
    all_at_once = [starting(asking, url, "upgrade") for _ in range(3)]
    ran = [ended(process) for process in all_at_once]

    assert [each.status for each in ran] == [DONE] * 3, ran
    done = [line for each in ran for line in each.lines if line != "nothing to do"]
    assert sorted(done) == sorted(MIGRATED)


def test_who_has_the_lock_of_migrations_can_be_seen_and_ended(
    asking: Program, postgresql: "Server"
) -> None:
    url = postgresql.new_database("locked")
    with psycopg.connect(url, application_name="left") as holder:
        holder.execute(LOCKED)
        with serving(asking, DATABASE_URL=url, DATABASE_MIGRATE="true") as service:
            applied = "applying migrations, once nobody else does: ledger: 0000 of 0001, app: 0000"
            service.run.wait_for_line(applied)
            status, said = readiness(service)
            assert (status, said.endswith(": migrations are being applied")) == (503, True), said
            ran = manage(asking, url, "upgrade")
            held, _, advice = ran.error.partition(": if no replica migrates, ")
            lasted = "another session has had the lock of migrations for 3 s"
            assert (ran.status, held) == (FAILED, f"the database cannot be used: {lasted}")
            service.run.wait_for_line(f"a migration has failed: {lasted}: if no replica migrates, ")

            shows, ends = re.findall(r"(SELECT .*?) (?:shows whose it is|ends it)", advice)
            [(process, name, *_)] = postgresql.ask(shows, "locked")
            assert (process, name) == (holder.info.backend_pid, "left")
            assert postgresql.ask(ends.replace("PID", str(process)), "locked") == [(True,)]
            service.run.wait_for_line("the schema of the database fits now")
        with suppress(psycopg.OperationalError):  # it is ended
            holder.rollback()
    assert manage(asking, url, "upgrade").lines == ["nothing to do"]


@pytest.mark.parametrize(
    "words",
    ["", "forward", "upgrade app", "downgrade", "downgrade x", "downgrade app 3"],
)
def test_wrong_arguments_are_refused(asking: Program, tmp_path: Path, words: str) -> None:
    ran = manage(asking, f"sqlite:{tmp_path}/orders.db", *words.split())

    assert ran.status == USAGE
    assert "usage: " in ran.error
    assert not list(tmp_path.iterdir())


def test_a_command_without_its_database_says_why(asking: Program) -> None:
    ran = manage(asking, f"postgresql://orders:hunter2@127.0.0.1:{free_port()}/orders", "upgrade")
    assert (ran.status, ran.lines) == (FAILED, [])
    assert ran.error == "the database cannot be used: Connection refused\n"
    ran = manage(asking, "mysql://orders:hunter2@localhost/orders", "upgrade")
    assert (ran.status, ran.lines) == (CONFIG, [])
    assert ran.error.startswith("setting DATABASE_URL is wrong (its value is not shown)")


def test_a_command_in_the_wrong_directory_makes_no_database(
    asking: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (("status",), ("downgrade", "app")):
        ran = manage(asking, "sqlite:data/orders.db", *words)
        missing = f"there is no file {tmp_path}/data/orders.db"
        assert ran.error == f"setting DATABASE_URL leads to no database: {missing}\n"
        assert (ran.status, ran.lines) == (NO_DATABASE, [])
    assert not list(tmp_path.iterdir())


def test_a_migration_that_fails_leaves_nothing_behind(asking: Program, url: str) -> None:
    _execute(url, "CREATE TABLE notes (mine INTEGER)")
    ran = manage(asking, url, "upgrade")

    assert (ran.status, ran.lines) == (FAILED, MIGRATED[:2])
    assert ran.error.startswith("a migration has failed: app 0002: ")
    assert "already exists" in ran.error
    assert manage(asking, url, "status").lines == ["ledger: 0001 of 0001", "app: 0001 of 0002"]


def test_a_schema_that_is_newer_than_the_code_is_named(asking: Program, url: str) -> None:
    migrate(asking, url)
    _execute(url, "UPDATE app_schema_version SET version_num = '0003'")
    newer = "it is newer than this code (app: 0003 of 0002): deploy what migrated it"
    for command in ("status", "upgrade"):
        ran = manage(asking, url, command)
        assert (ran.status, ran.error) == (NEWER, f"{newer}\n")
    with serving(asking, DATABASE_URL=url) as service:
        status, said = readiness(service)
        assert (status, newer in said) == (503, True), said
        assert service.log().count(f"the schema of the database does not fit: {newer}") == 1


def test_a_version_that_nobody_here_has_written_is_named_and_not_repeated(
    asking: Program, url: str
) -> None:
    migrate(asking, url)
    damaged = "app_schema_version is damaged: expected a number like 0002\n"
    for version in ("0002\nCRITICAL forged", "9", "-001", ""):
        _execute(url, f"UPDATE app_schema_version SET version_num = '{version}'")
        ran = manage(asking, url, "upgrade")
        assert (ran.status, ran.error) == (FAILED, f"the database cannot be used: {damaged}")
    with serving(asking, DATABASE_URL=url, DATABASE_MIGRATE="true") as service:
        status, said = readiness(service)
        assert (status, damaged.strip() in said) == (503, True), said
        assert damaged in service.log()


def test_a_service_is_ready_once_somebody_has_migrated(
    asking: Program, postgresql: "Server"
) -> None:
    url = postgresql.new_database("late")
    with serving(asking, DATABASE_URL=url) as service:
        status, said = readiness(service)
        assert status == 503
        missing = "(ledger: 0000 of 0001, app: 0000 of 0002): COMMAND upgrade"
        assert says(asking, f"migrations are missing {missing}") in said
        migrate(asking, url)
        service.run.wait_for_line("the schema of the database fits now")
        assert readiness(service) == (200, "ok")
        _execute(url, "UPDATE app_schema_version SET version_num = '0003'")
        assert readiness(service) == (200, "ok"), "the next version takes over"


def test_a_service_whose_migrations_are_taken_back_is_not_ready(asking: Program, url: str) -> None:
    migrate(asking, url)
    with serving(asking, DATABASE_URL=url) as service:
        assert readiness(service) == (200, "ok")
        for words, states in (
            (("ledger",), "ledger: 0000 of 0001"),
            (("app", "1"), "ledger: 0000 of 0001, app: 0001 of 0002"),
        ):
            manage(asking, url, "downgrade", *words)
            missing = says(asking, f"migrations are missing ({states}): COMMAND upgrade")
            service.run.wait_for_line(f"the schema of the database does not fit: {missing}")
            status, said = readiness(service)
            assert (status, missing in said) == (503, True), said
        assert "migrated ledger" not in service.log(), "who takes something back wants that"
        assert manage(asking, url, "upgrade").status == DONE
        service.run.wait_for_line("the schema of the database fits now")
        assert readiness(service) == (200, "ok")


def test_a_service_migrates_a_server_if_it_is_told_to(
    asking: Program, postgresql: "Server"
) -> None:
    url = postgresql.new_database("told")
    with serving(asking, DATABASE_URL=url, DATABASE_MIGRATE="true") as service:
        wait_until(lambda: readiness(service) == (200, "ok"), "it is not ready")
        assert all(service.log().count(line) == 1 for line in MIGRATED)


def test_a_service_does_not_migrate_a_file_if_it_is_told_not_to(
    asking: Program, tmp_path: Path
) -> None:
    url = f"sqlite:{tmp_path}/orders.db"
    with serving(asking, DATABASE_URL=url, DATABASE_MIGRATE="false") as service:
        status, said = readiness(service)
        assert (status, "migrations are missing" in said) == (503, True), said


def test_a_service_whose_migration_fails_says_so_and_lives(asking: Program, tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path}/orders.db"
    _execute(url, "CREATE TABLE orders (mine INTEGER)")
    with serving(asking, DATABASE_URL=url) as service:
        wait_until(lambda: "being applied" not in readiness(service)[1], "the migration goes on")
        status, said = readiness(service)
        assert (status, "a migration has failed: app 0001: " in said) == (503, True), said
        assert service.log().count("a migration has failed: app 0001: ") == 1
        assert manage(asking, url, "status").lines == ["ledger: 0001 of 0001", "app: 0000 of 0002"]


@pytest.mark.slow
def test_a_service_that_changes_its_language_keeps_its_data(
    url: str, pristine: "Pristine", tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("other")
    before = applications.asking_in_python(pristine(("database",)), place)
    after = applications.asking_in_rust()
    for one, other in ((before, after), (after, before)):
        migrate(one, url)
        ran = manage(other, url, "status")
        assert (ran.status, ran.lines) == (DONE, ["ledger: 0001 of 0001", "app: 0002 of 0002"])
        for part in ("app", "ledger"):
            assert manage(other, url, "downgrade", part).status == DONE


def _execute(url: str, statement: str) -> None:
    import sqlite3

    import psycopg

    if url.startswith("sqlite:"):
        connection = sqlite3.connect(url.removeprefix("sqlite:"))
        connection.execute(statement)
        connection.commit()
        connection.close()
    else:
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(statement.encode())
