"""Jobs while processes and servers are killed and frozen: none is lost, in each language."""

import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import applications
import pytest
from jobs_table import Jobs, assert_each_was_done, enqueue, wait_until_ready
from running import Program
from served import Served, serving, wait_until

from scaffolder.templates import template
from scaffolder.templates.render import rendered

if TYPE_CHECKING:
    from conftest import Pristine
    from postgresql_server import Server

COUNT = 1000
KILLED_AT = 200


@pytest.fixture(params=["sqlite", "postgresql"])
def jobs(request: pytest.FixtureRequest, tmp_path: Path) -> Jobs:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return Jobs(f"sqlite:{tmp_path}/orders.db", tmp_path)
    server: Server = request.getfixturevalue("postgresql")
    return Jobs(server.new_database("jobs"), tmp_path)


@pytest.fixture
def shared(postgresql: "Server", tmp_path: Path) -> Jobs:
    """An empty database of PostgreSQL."""
    return Jobs(postgresql.new_database("jobs"), tmp_path)


@contextmanager
def killable(working: Program, jobs: Jobs, **settings: str) -> Iterator[Served]:
    """Run a service that a test may kill."""
    with working.start(ready=True, **{**jobs.settings, **settings}) as run:
        yield Served(run, working.language)


def kill(service: Served) -> int:
    """Kill the service; return the number of its process."""
    process = service.run.served_by()
    service.run.send_inside(signal.SIGKILL)
    service.run.wait()
    return process


def test_a_worker_is_killed_in_the_middle_of_a_thousand_jobs(working: Program, jobs: Jobs) -> None:
    with killable(working, jobs, JOBS_WORKERS="5") as first:
        # Long enough that none has done all before the other has looked.
        made = enqueue(first, "slow", n=COUNT // 2, delay=2, seconds=0.05)
        with serving(working, **jobs.settings, JOBS_WORKERS="5") as second:
            made += enqueue(second, "slow", n=COUNT // 2, seconds=0.05)
            mine = first.run.served_by()
            wait_until(
                lambda: sum(line.process == mine for line in jobs.lines()) > KILLED_AT, "few run"
            )
            killed = kill(first)
            assert jobs.ask("SELECT count(*) FROM jobs") != [(0,)], "it was killed too late"
            wait_until(lambda: jobs.done() == {*made}, "not all are done")
            jobs.wait_until_none_is_left()
            by_job = jobs.by_job().values()
            twice = [lines for lines in by_job if len({line.attempt for line in lines}) > 1]
            assert all(lines[0].process == killed for lines in twice)
            assert len(twice) <= 5
            assert {*jobs.by_job()} == {*made}


@pytest.mark.slow
def test_two_languages_and_two_versions_share_one_table(
    shared: Jobs, pristine: "Pristine", tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A newer version adds a column meanwhile, and a worker is killed: the other takes over."""
    place = tmp_path_factory.mktemp("other")
    python = applications.working_in_python(pristine(("jobs",)), place)
    rust = applications.working_in_rust()
    with killable(python, shared) as one, serving(rust, **shared.settings) as other:
        for service in (one, other):
            wait_until_ready(service)
        shared.do("ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0")
        shared.do("UPDATE jobs_schema_version SET version_num = '0002'")
        made = [job for each in (one, other) for job in enqueue(each, "slow", n=6, seconds=1)]
        processes = {one.run.served_by(), other.run.served_by()}
        wait_until(lambda: {line.process for line in shared.lines()} == processes, "one is idle")
        assert_each_was_done(shared, made, {kill(one)})
        assert "its worker did not come back (attempt " in other.log()
        assert other.ask("/health/ready").status == 200


def test_a_worker_of_the_last_release_shares_the_table(
    working: Program, shared: Jobs, tmp_path: Path
) -> None:
    """It has made the table, and is killed while both work: the other takes over."""
    answers = {"name": "orders", "language": "python", "stages": ["database", "jobs"]}
    with rendered(template.carried(template.newest_release()), answers) as released:
        old = applications.working_in_python(released, tmp_path / "released")
    with killable(old, shared) as one, serving(working, **shared.settings) as other:
        for service in (one, other):
            wait_until_ready(service)
        made = [job for each in (one, other) for job in enqueue(each, "slow", n=6, seconds=1)]
        processes = {one.run.served_by(), other.run.served_by()}
        wait_until(lambda: {line.process for line in shared.lines()} == processes, "one is idle")
        assert_each_was_done(shared, made, {kill(one)})
        assert other.ask("/health/ready").status == 200


def test_all_processes_are_killed_and_start_again(working: Program, jobs: Jobs) -> None:
    with ExitStack() as running:
        services = [running.enter_context(killable(working, jobs)) for _ in range(3)]
        made = enqueue(services[0], "slow", n=60, seconds=0.2)
        wait_until(lambda: len(jobs.done()) > 10, "few are done")
        killed = {kill(service) for service in services}
    with serving(working, **jobs.settings, JOBS_WORKERS="10") as service:
        assert_each_was_done(jobs, made, killed)
        assert "its worker did not come back (attempt 1 of 5)" in service.log()


def test_a_job_that_kills_its_process_each_time_is_dead_in_the_end(
    working: Program, shared: Jobs
) -> None:
    with killable(working, shared, JOBS_ATTEMPTS="1") as service:
        (made,) = enqueue(service, "slow", seconds=60)
        wait_until(lambda: len(shared.lines()) == 1, "it does not run")
        kill(service)
    with serving(working, **shared.settings, JOBS_ATTEMPTS="1") as service:
        wait_until(lambda: shared.row(made) == ("dead", 1), "it is not dead")
        reason = "its worker did not come back (attempt 1 of 1)"
        assert shared.row(made, "reason") == (reason,)
        assert f"job slow {made} is dead: {reason}" in service.log()
    assert len(shared.lines()) == 1


def test_the_server_is_killed_and_starts_again(
    working: Program, shared: Jobs, postgresql: "Server"
) -> None:
    with serving(working, **shared.settings, JOBS_WORKERS="5") as service:
        made = enqueue(service, "slow", n=100, seconds=0.05)
        time.sleep(1)  # until the server of tests, which writes late, has written them
        wait_until(lambda: len(shared.done()) > 10, "few are done")
        postgresql.kill()
        try:
            service.run.wait_for_line("the database cannot be reached: ")
        finally:
            postgresql.start()
        wait_until(lambda: shared.done() >= {*made}, "not all are done")
        shared.wait_until_none_is_left()
        assert "the jobs worker failed" not in service.log()
        assert "has not moved" not in service.log()


def test_a_frozen_worker_that_comes_back_has_lost_its_job(working: Program, jobs: Jobs) -> None:
    with killable(working, jobs) as frozen:
        (made,) = enqueue(frozen, "slow", seconds=4)
        wait_until(lambda: len(jobs.lines()) == 1, "it does not run")
        frozen.run.pause()
        with serving(working, **jobs.settings) as other:
            wait_until(lambda: len(jobs.lines()) == 2, "nobody takes it over")
            assert "its worker did not come back (attempt 1 of 5)" in other.log()
            frozen.run.resume()
            frozen.run.wait_for_line(f"job slow {made}: its lease was lost")
            state, attempts, worker = jobs.row(made, "state, attempts, worker") or ("", 0, "")
            assert (state, attempts) == ("running", 2), "it was not its to finish"
            assert f":{other.run.served_by()}:" in worker
            jobs.wait_until_none_is_left()
            finished = [line.process for line in jobs.lines() if line.what == "done"]
            assert finished[-1] == other.run.served_by()
        assert frozen.run.stop() == 0, frozen.log()
        assert f"job slow {made} failed" not in frozen.log(), "whoever has it says how it ends"


def test_a_long_job_keeps_its_lease(working: Program, shared: Jobs) -> None:
    with serving(working, **shared.settings) as service, serving(working, **shared.settings):
        (made,) = enqueue(service, "slow", seconds=7)
        wait_until(lambda: made in shared.done(), "it is not done")
        assert [line.what for line in shared.lines()] == ["begins", "done"]


def test_a_clock_that_jumps_ends_no_job_that_still_runs_here(working: Program, jobs: Jobs) -> None:
    """After a suspend, too: the wall clock of the database has gone on, that of the process not."""
    pace = {"JOBS_LEASE_SECONDS": "60", "JOBS_POLL_SECONDS": "1"}
    with serving(working, **{**jobs.settings, **pace}) as service:
        (made,) = enqueue(service, "slow", seconds=4)
        wait_until(lambda: len(jobs.lines()) == 1, "it does not run")
        jobs.do("UPDATE jobs SET lease_until = 1")
        wait_until(lambda: made in jobs.done(), "it is not done")
        jobs.wait_until_none_is_left()
        assert [line.what for line in jobs.lines()] == ["begins", "done"]


def test_a_lease_needs_none_of_the_connections_of_handlers(working: Program, jobs: Jobs) -> None:
    settings = {**jobs.settings, "DATABASE_POOL_SIZE": "1", "JOBS_WORKERS": "1"}
    with serving(working, **settings) as service:
        (made,) = enqueue(service, "holds", seconds=4)
        wait_until(lambda: len(jobs.lines()) == 1, "it does not run")
        first = jobs.row(made, "lease_until")
        wait_until(lambda: jobs.row(made, "lease_until") != first, "its lease is not extended")
        assert made not in jobs.done(), "it was extended when the connection was free"
        wait_until(lambda: made in jobs.done(), "it is not done")
        jobs.wait_until_none_is_left()


def test_a_worker_that_cannot_write_is_named(working: Program, tmp_path: Path) -> None:
    jobs = Jobs(f"sqlite:{tmp_path}/orders.db", tmp_path)
    limits = {"DATABASE_QUERY_SECONDS": "1", "DATABASE_WAIT_SECONDS": "1"}
    with serving(working, **{**jobs.settings, **limits}) as service:
        enqueue(service, "quick")
        jobs.wait_until_none_is_left()
        other = sqlite3.connect(tmp_path / "orders.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        service.run.wait_for_line("the jobs worker has not moved for ", seconds=30)
        said = service.ask("/health/ready").json()["checks"]
        assert (said["database"], "has not moved" in said["jobs"]) == ("ok", True), said
        other.close()
        service.run.wait_for_line("the jobs worker moves again")


def test_a_table_that_is_gone_ends_no_worker(working: Program, shared: Jobs) -> None:
    with serving(working, **shared.settings) as service:
        enqueue(service, "quick")
        shared.wait_until_none_is_left()
        shared.do("ALTER TABLE jobs RENAME TO elsewhere")
        service.run.wait_for_line("the jobs worker failed; again in ")
        shared.do("ALTER TABLE elsewhere RENAME TO jobs")
        (made,) = enqueue(service, "quick")
        wait_until(lambda: made in shared.done(), "it does not go on")
