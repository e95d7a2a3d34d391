"""What stages open and close: in order, in time, and by name when it fails."""

import re
import socket
import time

import pytest
from conftest import MakeApplication
from running import Run
from served import serving


def steps(run: Run) -> list[str]:
    return re.findall(r" INFO \S+: ((?:opened|closed) \w+)", run.log())


def test_stages_open_in_order_and_close_in_reverse(application: MakeApplication) -> None:
    with application().start() as run:
        assert run.stop() == 0
        opened = ["opened first", "opened second", "opened third"]
        assert steps(run) == [*opened, "closed third", "closed second", "closed first"]
        assert run.log().index("closed first") < run.log().index("stopped by SIGTERM")


@pytest.mark.parametrize(
    ("opens", "status", "causes"),
    [
        ("fails", 70, ["no database"]),
        ("panics", 70, ["no database"]),
        ("has no files", 71, ["oo many open files"]),
        ("is set wrong", 78, ["setting DATABASE_URL is wrong", "setting DATABASE_USER is wrong"]),
    ],
)
def test_a_stage_that_does_not_open_ends_the_start_with_its_cause(
    application: MakeApplication, opens: str, status: int, causes: list[str]
) -> None:
    with application().start(ready=False, SECOND_OPENS=opens) as run:
        assert run.wait() == status
        log = run.log()
        for cause in causes:
            assert re.search(rf"CRITICAL \S+: stage second did not open: .*{cause}|{cause}", log)
        assert "stage second did not open" in log
        assert "without being asked to" not in log
        assert steps(run) == ["opened first", "closed first"]


def test_a_stage_that_hangs_while_it_opens_is_named(application: MakeApplication) -> None:
    with application().start(ready=False, SECOND_OPENS="hangs", START_SECONDS="6") as run:
        assert run.wait() == 70
        assert "the start-up code of the application has not ended after 4 s" in run.log()
        assert "stage second opens" in run.log()
        assert "the start took more than 6 s: START_SECONDS is over" in run.log()


def test_nobody_can_connect_before_the_start_has_ended(application: MakeApplication) -> None:
    with application().start(ready=False, SECOND_OPENS="hangs") as run:
        run.wait_for_line("hanging")
        assert "listening on" in run.log()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", run.port))


def test_a_stop_while_a_stage_opens_is_no_failure_and_closes_what_is_open(
    application: MakeApplication,
) -> None:
    with application().start(ready=False, SECOND_OPENS="hangs") as run:
        run.wait_for_line("hanging")
        assert run.stop() == 0
        assert "stopped by SIGTERM" in run.log()
        assert "did not open" not in run.log()
        assert "CRITICAL" not in run.log()
        assert steps(run) == ["opened first", "closed first"]


@pytest.mark.parametrize("supervise", ["1", "0"])
def test_a_stop_in_the_middle_of_code_that_opens_is_no_failure(
    application: MakeApplication, supervise: str
) -> None:
    with application().start(ready=False, SECOND_OPENS="blocks", SUPERVISE=supervise) as run:
        run.wait_for_line("hanging")
        assert run.stop() == 0
        assert "stopped by SIGTERM" in run.log()
        assert "did not open" not in run.log()


def test_a_stage_that_fails_to_close_is_named_and_keeps_no_other_open(
    application: MakeApplication,
) -> None:
    with application().start(SECOND_CLOSES="fails") as run:
        assert run.stop() == 0
        assert re.search(r"ERROR \S+: stage second did not close", run.log())
        assert "no database" in run.log()
        assert steps(run)[3:] == ["closed third", "closed first"]


def test_a_stage_that_hangs_while_it_closes_is_named_and_keeps_no_other_open(
    application: MakeApplication,
) -> None:
    with application().start(SECOND_CLOSES="hangs") as run:
        assert run.stop() == 0
        assert "stage second did not close within 2 s" in run.log()
        assert steps(run)[3:] == ["closed third", "closed first"]


def test_all_stages_that_hang_still_close_within_the_time_of_a_stop(
    application: MakeApplication,
) -> None:
    with application().start(SECOND_CLOSES="all hang") as run:
        assert run.stop() == 0
        for name in ("first", "second", "third"):
            assert f"stage {name} did not close within 2 s" in run.log()
        assert re.search(r"the stop has not ended after 4 s: .*stage \w+ closes", run.log())


def test_readiness_names_what_is_not_ready_at_once(application: MakeApplication) -> None:
    with serving(application(), SECOND_OPENS="has checks") as service:
        began = time.monotonic()
        answer = service.ask("/health/ready")

        assert time.monotonic() - began < 3.5, "one after the other"
        assert (answer.status, answer.json()["status"]) == (503, "not ready")
        checks = answer.json()["checks"]
        assert (checks["cache"], checks["search"]) == ("ok", "degraded")
        assert "nobody listens" in checks["database"]
        assert checks["queue"] == checks["store"] == "no answer within 2 s"
        assert checks["users"] != "ok"
        assert answer.headers["content-type"] == "application/json"
        for path in ("/health", "/health/live"):
            assert service.ask(path).status == 200


def test_readiness_tells_what_can_be_done_without(application: MakeApplication) -> None:
    with serving(application(), SECOND_OPENS="is degraded") as service:
        answer = service.ask("/health/ready")

        expected = {"status": "ok", "checks": {"cache": "ok", "search": "degraded"}}
        assert (answer.status, answer.json()) == (200, expected)


def test_without_checks_it_is_ready(application: MakeApplication) -> None:
    with serving(application()) as service:
        answer = service.ask("/health/ready")

        assert (answer.status, answer.json()) == (200, {"status": "ok", "checks": {}})
