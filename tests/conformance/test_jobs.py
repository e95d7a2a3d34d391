"""Jobs: what is enqueued is done, tried again, dead, given back: the same in each language."""

import json
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jobs_table import Jobs, enqueue, manage, wait_until_ready
from running import Program, free_port
from served import Served, serving, wait_until

if TYPE_CHECKING:
    from postgresql_server import Server

UNKNOWN = 'jobs of the kind "unknown" wait, and this service has no handler for them'


@pytest.fixture(params=["sqlite", "postgresql"])
def jobs(request: pytest.FixtureRequest, tmp_path: Path) -> Jobs:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return Jobs(f"sqlite:{tmp_path}/orders.db", tmp_path)
    server: Server = request.getfixturevalue("postgresql")
    return Jobs(server.new_database("jobs"), tmp_path)


@pytest.fixture
def local(tmp_path: Path) -> Jobs:
    """An empty database of SQLite."""
    return Jobs(f"sqlite:{tmp_path}/orders.db", tmp_path)


def test_what_is_committed_is_done_once(working: Program, jobs: Jobs) -> None:
    with serving(working, **jobs.settings) as service:
        assert "jobs: 2 workers, kinds: bad, holds, quick, shouts, slow, twice" in service.log()
        assert service.ask("/jobs/quick?fail", "POST").status == 409
        made = enqueue(service, "quick", n=5)
        wait_until(lambda: jobs.done() >= {*made}, "not all are done")
        jobs.wait_until_none_is_left()
        assert sorted(line.job for line in jobs.lines()) == sorted(made)
        assert {line.attempt for line in jobs.lines()} == {1}


def test_a_job_is_not_enqueued_where_it_would_be_lost(working: Program, local: Jobs) -> None:
    with serving(working, **local.settings) as service:
        wait_until_ready(service)
        assert service.ask("/jobs/quick?reading", "POST").status == 500
        service.run.wait_for_line("jobs are enqueued with a connection of ")


def test_a_payload_is_one_that_every_language_reads(working: Program, local: Jobs) -> None:
    with serving(working, **local.settings) as service:
        wait_until_ready(service)
        (deep,) = enqueue(service, "quick", deeper=126)
        wait_until(lambda: deep in local.done(), "it is not done")
        assert service.ask("/jobs/quick?deeper=127", "POST").status == 500
        local.wait_until_none_is_left()


def test_a_job_is_not_done_before_its_time(working: Program, local: Jobs) -> None:
    with serving(working, **local.settings) as service:
        (later,) = enqueue(service, "quick", delay=3)
        (now,) = enqueue(service, "quick")
        wait_until(lambda: now in local.done(), "it is not done")
        assert local.row(later) == ("ready", 0)
        wait_until(lambda: later in local.done(), "it is not done")
        assert [line.job for line in local.lines()] == [now, later]


def test_a_job_that_fails_is_tried_again(working: Program, jobs: Jobs) -> None:
    with serving(working, **jobs.settings) as service:
        (made,) = enqueue(service, "twice")
        wait_until(lambda: made in jobs.done(), "it is not done")
        jobs.wait_until_none_is_left()
        assert [line.attempt for line in jobs.lines()] == [1, 2]
        words = rf"job twice {made} failed \(attempt 1 of 5\), again in [01]\.\d s: .*not yet"
        assert re.search(f"WARN.* {words}", service.log())


def test_a_job_is_dead_after_its_last_attempt(working: Program, jobs: Jobs) -> None:
    with serving(working, **jobs.settings, JOBS_ATTEMPTS="2") as service:
        (made,) = enqueue(service, "bad")
        wait_until(lambda: jobs.row(made) == ("dead", 2), "it is not dead")
        words = rf"ERROR .*job bad {made} failed \(attempt 2 of 2\) and is dead: .*no such address"
        assert re.search(words, service.log())
        assert len(jobs.lines()) == 2
        assert service.ask("/health/ready").status == 200, "a restart would not help"
        assert_can_be_managed(working, jobs, made)


def assert_can_be_managed(program: Program, jobs: Jobs, made: str) -> None:
    """List a dead job, let it begin anew while the service runs, and drop it."""
    dead = manage(program, "dead", **jobs.settings)
    words = rf"{made} bad, 2 attempts, \d+ s old: .*no such address"
    assert (dead.status, len(dead.lines)) == (0, 1)
    assert re.fullmatch(words, dead.lines[0]), dead.lines
    (found,) = json.loads(manage(program, "dead", "--json", **jobs.settings).lines[0])
    assert found.keys() == {"id", "kind", "attempts", "reason", "age"}
    assert (found["id"], found["kind"], found["attempts"]) == (made, "bad", 2)
    again = manage(program, "retry", made, **jobs.settings)
    assert (again.status, again.lines) == (0, ["retried: 1"]), again.error
    wait_until(lambda: len(jobs.lines()) == 4, "it is not tried again")
    wait_until(lambda: jobs.row(made) == ("dead", 2), "it is not dead")
    dropped = manage(program, "drop", made, **jobs.settings)
    assert (dropped.status, dropped.lines) == (0, ["dropped: 1"]), dropped.error
    assert jobs.row(made) is None


def test_a_job_that_takes_too_long_has_failed(working: Program, local: Jobs) -> None:
    settings = {**local.settings, "JOBS_LIMIT_SECONDS": "1", "JOBS_ATTEMPTS": "1"}
    with serving(working, **settings) as service:
        (made,) = enqueue(service, "slow", seconds=3)
        wait_until(lambda: local.row(made) == ("dead", 1), "it is not dead")
        assert local.row(made, "reason") == ("not done within 1 s",)
        words = f"job slow {made} failed (attempt 1 of 1) and is dead: not done within 1 s"
        assert words in service.log()
        assert [line.what for line in local.lines()] == ["begins"], "it was cancelled"


def test_a_kind_without_a_handler_is_left_to_others(working: Program, local: Jobs) -> None:
    with serving(working, **local.settings) as service:
        made = enqueue(service, "unknown", n=2)
    with serving(working, **local.settings) as service:
        service.run.wait_for_line(UNKNOWN)
        (known,) = enqueue(service, "quick")
        wait_until(lambda: known in local.done(), "it is not done")
        assert [local.row(each) for each in made] == [("ready", 0)] * 2
        assert service.log().count(UNKNOWN) == 1


def test_what_nobody_takes_is_named(working: Program, jobs: Jobs) -> None:
    strange = 'jobs are in the unknown state "paused": no worker takes them'
    with serving(working, **jobs.settings, JOBS_WORKERS="0") as service:
        wait_until_ready(service)
        (left,), (paused,) = enqueue(service, "unknown"), enqueue(service, "quick")
    taken = "state = 'running', attempts = 1, worker = 'gone', lease_until = 0"
    jobs.do(f"UPDATE jobs SET {taken} WHERE id = '{left}'")
    jobs.do(f"UPDATE jobs SET state = 'paused' WHERE id = '{paused}'")
    with serving(working, **jobs.settings) as service:
        service.run.wait_for_line(UNKNOWN)
        service.run.wait_for_line(strange)
        (done,) = enqueue(service, "quick")
        left_over = f"SELECT id FROM jobs WHERE id = '{done}' AND state = 'running'"
        wait_until(lambda: done in jobs.done() and not jobs.ask(left_over), "it is not done")
        assert (service.log().count(UNKNOWN), service.log().count(strange)) == (1, 1)
        counted, _, running = manage(working, "status", **jobs.settings).lines
        assert counted == 'quick: 0 ready, 0 running, 0 dead, 1 in the unknown state "paused"'
        assert f"unknown {left}, attempt 1, at gone, lease over for " in running


def test_a_stop_finishes_what_is_short_and_gives_back_the_rest(
    working: Program, jobs: Jobs
) -> None:
    settings = {**jobs.settings, "JOBS_WORKERS": "2"}
    with working.start(ready=True, **settings) as run:
        service = Served(run, working.language)
        (short,) = enqueue(service, "slow", seconds=2)
        (long,) = enqueue(service, "slow", seconds=60)
        wait_until(lambda: len(jobs.lines()) == 2, "they do not run")
        waiting = enqueue(service, "quick", n=3)
        assert run.stop(signal.SIGTERM, seconds=9) == 0
        log = run.log()
    assert jobs.done() == {short}
    assert jobs.row(short) is None
    assert jobs.row(long) == ("ready", 0), "an attempt that the stop ended does not count"
    assert f"job slow {long}: given back, for the service stops" in log
    assert [jobs.row(each) for each in waiting] == [("ready", 0)] * 3, "nothing new is begun"
    assert "requests are being answered" not in log, "it waits for a job"


@pytest.mark.parametrize("change", ["worker = 'another'", "attempts = attempts + 1"])
def test_what_another_worker_has_taken_cannot_be_finished(
    working: Program, local: Jobs, change: str
) -> None:
    with serving(working, **{**local.settings, "JOBS_LEASE_SECONDS": "60"}) as service:
        (made,) = enqueue(service, "slow", seconds=2)
        wait_until(lambda: len(local.lines()) == 1, "it does not run")
        local.ask(f"UPDATE jobs SET {change} RETURNING id")
        service.run.wait_for_line(f"job slow {made}: its lease was lost")
        assert local.row(made, "state") == ("running",)


def test_a_process_without_workers_only_enqueues(working: Program, local: Jobs) -> None:
    with serving(working, **local.settings, JOBS_WORKERS="0") as service:
        (made,) = enqueue(service, "quick")
        assert "jobs: JOBS_WORKERS is 0: this process only enqueues" in service.log()
        assert service.ask("/health/ready").status == 200
    assert local.row(made) == ("ready", 0)
    assert local.lines() == []


def test_the_status_tells_what_waits_and_what_runs(working: Program, jobs: Jobs) -> None:
    with serving(working, **jobs.settings, JOBS_WORKERS="1") as service:
        wait_until_ready(service)
        assert manage(working, "status", **jobs.settings).lines == ["no jobs"]
        (runs,) = enqueue(service, "slow", seconds=8)
        wait_until(lambda: len(jobs.lines()) == 1, "it does not run")
        (waits,) = enqueue(service, "quick")
        enqueue(service, "quick", delay=600)
        status = manage(working, "status", **jobs.settings)
        assert status.status == 0, status.error
        assert status.lines[:2] == [
            "quick: 2 ready, 0 running, 0 dead",
            "slow: 0 ready, 1 running, 0 dead",
        ]
        assert re.fullmatch(rf"waiting for \d s: quick {waits}", status.lines[2])
        at = r"[^ ]+:\d+:[0-9a-f]{8}"
        words = rf"running: slow {runs}, attempt 1, at {at}, lease for \d s"
        assert re.fullmatch(words, status.lines[3]), status.lines
        assert len(status.lines) == 4


DAMAGED = "its row is damaged: nobody writes such a value of "
NO_JSON = "its payload is no JSON: "
DAMAGES = {
    "attempts = 2147483647": f"{DAMAGED}attempts",
    "attempts = -1": f"{DAMAGED}attempts",
    "payload = '{'": NO_JSON,
    "payload = ''": NO_JSON,
}
ONLY_IN_SQLITE = {
    "attempts = 'some'": f"{DAMAGED}attempts",
    "attempts = 9223372036854775807": f"{DAMAGED}attempts",
    "payload = x'7b7d'": f"{DAMAGED}payload",
    "payload = CAST(x'22ff22' AS TEXT)": NO_JSON,
    "trace = x'ff'": f"{DAMAGED}trace",
    "id = x'ff'": f"{DAMAGED}id",
    "run_at = 'soon'": f"{DAMAGED}run_at",
    "run_at = x'00'": f"{DAMAGED}run_at",
    "run_at = 9e999": f"{DAMAGED}run_at",
}


def test_a_damaged_row_costs_no_other(working: Program, jobs: Jobs) -> None:
    damages = {**DAMAGES, **(ONLY_IN_SQLITE if jobs.url.startswith("sqlite") else {})}
    with serving(working, **jobs.settings, JOBS_WORKERS="0") as service:
        wait_until_ready(service)
        made = enqueue(service, "quick", n=len(damages))
        strange = enqueue(service, "quick", n=3)
    for each, change in zip(made, damages, strict=True):
        jobs.do(f"UPDATE jobs SET run_at = 0, reason = '{each}', {change} WHERE id = '{each}'")
    names = ['a"b', "a,b", "a/1,'[]"]
    for each, name in zip(strange, names, strict=True):
        quoted = name.replace("'", "''")
        jobs.do(f"UPDATE jobs SET id = '{quoted}' WHERE id = '{each}'")
    with serving(working, **jobs.settings, JOBS_WORKERS="4") as service:
        wait_until(lambda: jobs.done() == {*names}, "some are not done")
        dead = "SELECT count(*) FROM jobs WHERE state = 'dead' AND attempts < 2"
        wait_until(lambda: jobs.ask(dead) == [(len(damages),)], "some are not dead")
        reasons = [reason for (reason,) in jobs.ask("SELECT reason FROM jobs WHERE state = 'dead'")]
        for reason in damages.values():
            expected = sum(reason == other for other in damages.values())
            assert sum(found.startswith(reason) for found in reasons) == expected, reasons
            assert service.log().count(f"dead: {reason}") == expected
        assert "the jobs worker failed" not in service.log()
        listed = manage(working, "dead", **jobs.settings)
        assert (listed.status, len(listed.lines)) == (0, len(damages)), listed.error


@pytest.mark.parametrize(
    "change",
    [
        "state = 'dead', attempts = 'some', reason = x'ff', created_at = 0.5",
        "state = 'running', lease_until = 'some', worker = x'ff', attempts = x'ff'",
        "kind = x'ff', run_at = 0.5",
        "kind = CAST(x'ff' AS TEXT), id = NULL",
    ],
)
def test_what_is_in_a_damaged_row_is_no_obstacle(
    working: Program, local: Jobs, change: str
) -> None:
    with serving(working, **local.settings, JOBS_WORKERS="0") as service:
        wait_until_ready(service)
        damaged, sound = enqueue(service, "quick", n=2)
    if working.language == "rust":
        change = change.replace(", id = NULL", "")  # its table does not take that
    local.do(f"UPDATE jobs SET run_at = 0, {change} WHERE id = '{damaged}'")
    for words in (("status",), ("dead",), ("dead", "--json")):
        listed = manage(working, *words, **local.settings)
        assert (listed.status, listed.error) == (0, ""), words
    with serving(working, **local.settings) as service:
        wait_until(lambda: sound in local.done(), "it is not done")
        assert "the jobs worker failed" not in service.log()


def test_what_the_command_refuses(working: Program, local: Jobs) -> None:
    settings = {**local.settings, "DATABASE_WAIT_SECONDS": "1"}
    file = local.url.removeprefix("sqlite:")
    for command in ("status", "dead", "retry --all", "drop a"):
        missing = manage(working, *command.split(), **settings)
        assert f"DATABASE_URL leads to no database: there is no file {file}\n" in missing.error
        assert (missing.status, Path(file).exists()) == (78, False), "it makes none"
    local.do("PRAGMA user_version = 1")
    missing = manage(working, "status", **settings)
    assert missing.status == 3
    assert "the table of jobs is missing: " in missing.error
    assert "db upgrade" in missing.error
    with serving(working, **local.settings) as service:
        wait_until_ready(service)
    none = manage(working, "dead", **settings)
    assert (none.status, none.lines) == (0, ["no dead jobs"])
    assert manage(working, "dead", "--json", **settings).lines == ["[]"]
    assert manage(working, "retry", "--all", **settings).lines == ["retried: 0"]
    for word in ("retry", "drop"):
        unknown = manage(working, word, "nothing", **settings)
        assert (unknown.status, unknown.error) == (3, "no dead job nothing\n")
    for words in ((), ("retry",), ("drop",), ("retry", "a", "--all"), ("eat",)):
        assert manage(working, *words, **settings).status == 2, words
    gone = f"postgresql://orders:hunter2@127.0.0.1:{free_port()}/orders"
    away = manage(working, "status", **{**settings, "DATABASE_URL": gone})
    assert away.status == 1
    assert "the database cannot be used: " in away.error
    assert "hunter2" not in away.error
    wrong = manage(working, "status", **{**settings, "DATABASE_URL": "mysql://x"})
    assert wrong.status == 78
