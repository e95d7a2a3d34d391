"""Jobs in Rust: handlers that panic or block their thread, and what no other language has."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import applications
import pytest
from jobs_table import Jobs, enqueue, wait_until_ready
from running import Program
from served import Served, serving, wait_until

STUCK = "the jobs worker has not moved for "


@pytest.fixture(scope="module")
def program() -> Program:
    return applications.working_in_rust()


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(f"sqlite:{tmp_path}/orders.db", tmp_path)


@contextmanager
def working(program: Program, jobs: Jobs, **settings: str) -> Iterator[Served]:
    with serving(program, **{**jobs.settings, "JOBS_MORE": "1", **settings}) as service:
        yield service


def test_a_handler_that_panics_has_failed_and_nothing_else(program: Program, jobs: Jobs) -> None:
    with working(program, jobs, JOBS_ATTEMPTS="1") as service:
        (made,) = enqueue(service, "panics")
        wait_until(lambda: jobs.row(made) == ("dead", 1), "it is not dead")
        (other,) = enqueue(service, "quick")
        wait_until(lambda: other in jobs.done(), "the worker is gone")
        why = "it panicked: no such address"
        assert jobs.row(made, "reason") == (why,)
        assert f"job panics {made} failed (attempt 1 of 1) and is dead: {why}" in service.log()
        assert "thread 'jobs' panicked at src/app.rs:" in service.log()


def test_a_handler_that_blocks_its_thread_is_noticed_while_the_service_answers(
    program: Program, jobs: Jobs
) -> None:
    limits = {"DATABASE_QUERY_SECONDS": "1", "DATABASE_WAIT_SECONDS": "1"}
    with working(program, jobs, JOBS_LEASE_SECONDS="30", **limits) as service:
        (made,) = enqueue(service, "blocks", seconds=15)
        service.run.wait_for_line(STUCK)
        answer = service.ask("/health/ready")
        assert answer.status == 503
        assert answer.json()["checks"]["jobs"].startswith(STUCK)
        assert service.is_live()
        wait_until(lambda: made in jobs.done(), "it is not done")
        service.run.wait_for_line("the jobs worker moves again")
        assert service.ask("/health/ready").status == 200
        assert service.log().count(STUCK) == 1
        jobs.wait_until_none_is_left()
        assert [line.what for line in jobs.lines()] == ["blocks", "done"], "it ran once"


def test_what_was_enqueued_here_is_done_before_the_next_poll(program: Program, jobs: Jobs) -> None:
    with working(program, jobs, JOBS_POLL_SECONDS="60") as service:
        wait_until_ready(service)
        first = enqueue(service, "quick")
        wait_until(lambda: jobs.done() == {*first}, "it waits for the poll")
        second = enqueue(service, "quick", n=3)
        wait_until(lambda: jobs.done() == {*first, *second}, "they wait for the poll")


def test_ids_are_uuids(program: Program, jobs: Jobs) -> None:
    with working(program, jobs, JOBS_WORKERS="0") as service:
        made = enqueue(service, "quick", n=100)
        assert len(set(made)) == 100
        assert {uuid.UUID(each).version for each in made} == {4}
        assert {str(uuid.UUID(each)) for each in made} == set(made)


def test_a_kind_has_a_proper_name(program: Program, jobs: Jobs) -> None:
    with working(program, jobs, JOBS_WORKERS="0") as service:
        assert service.ask("/jobs/a%20b", "POST").status == 500
        assert 'a kind of jobs is called "a b": expected 1 to 100 letters' in service.log()
        assert jobs.ask("SELECT count(*) FROM jobs") == [(0,)]
