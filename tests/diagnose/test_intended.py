"""Ends that are no fault: a status that counts as a success, and programs that are to be restarted."""

from typing import Any

import pytest
from recorded import NOW, case

from examples import SERVER
from scaffolder.diagnose.evidence.facts import Event
from scaffolder.diagnose.verdict.judge import judge


@pytest.mark.parametrize(
    "config",
    [
        {"env": {"SUCCESS_EXIT_CODES": "0,7"}},
        {"labels": {"org.acme.job.success-exit-codes": "0 7"}},
        {"labels": {"SuccessExitStatus": "7"}},
        {"env": {"JOB_SUCCESS_CODES": "[0, 7]"}},
        {"command": ("/app/server", "--success-exit-codes=0,7")},
        {"command": ("/app/server", "--success-exit-code", "7")},
    ],
)
def test_a_status_that_is_listed_as_a_success_is_one(config: dict[str, Any]) -> None:
    log = "FATAL: 3 rows were skipped"
    found = judge(case(files=SERVER, exit_code=7, log=log, config=config))

    assert found.verdict == "healthy", found
    assert "7 as a success" in found.text


@pytest.mark.parametrize(
    ("config", "code", "more"),
    [
        ({"env": {"SUCCESS_EXIT_CODES": "0,7"}}, 1, {}),
        ({"env": {"SUCCESS_STATUS_CODES": "100-107"}}, 7, {}),
        ({"env": {"SUCCESS_STATUS_CODES": "1,7"}}, 7, {}),
        ({"env": {"UNSUCCESSFUL_EXIT_CODES": "0,7"}}, 7, {}),
        ({"env": {"RETRY_EXIT_CODES": "0,7"}}, 7, {}),
        ({"env": {"SUCCESS_EXIT_CODES": "0,137"}}, 137, {}),
        ({"env": {"SUCCESS_EXIT_CODES": "0,7"}, "restart": "always"}, 7, {}),
        ({"env": {"SUCCESS_EXIT_CODES": "0,7"}, "restart": "on-failure"}, 7, {"restarts": 4}),
    ],
    ids=[
        "another status", "a range", "not of ends", "no success", "retries", "killed", "to stay",
        "restarted",
    ],
)  # fmt: skip
def test_any_other_status_is_none(config: dict[str, Any], code: int, more: dict[str, Any]) -> None:
    found = judge(case(files=SERVER, exit_code=code, config=config, **more))

    assert found.verdict != "healthy", found


def recycled(
    log: str,
    seconds: float = 30,
    code: int = 0,
    restart: str = "always",
    **more: Any,  # noqa: ANN401 - of a case
) -> dict[str, Any]:
    """Return a container that is between two runs, each of which lasted some seconds."""
    at = NOW.timestamp() - 3 * seconds - 9
    events = [
        event
        for began in (at, at + seconds + 1, at + 2 * (seconds + 1))
        for event in (Event(began, "start"), Event(began + seconds, "die", code))
    ]
    config = {"restart": restart, **more.pop("config", {})}
    state = {"status": "restarting", "started": None, "finished": None}
    sources = {"happened": tuple(events)}
    return {
        "files": SERVER, "log": log, "exit_code": code, "restarts": 3, "config": config, "state": state,
        "sources": sources, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    "example",
    [
        recycled("up\nleaving, to be restarted"),
        recycled("recycling after 30 s\nbye"),
        recycled("bye; the restart policy does the rest", restart="unless-stopped"),
        recycled("max jobs of 500 reached", config={"env": {"MAX_JOBS": "500"}}),
        recycled("2026-11-29 request limit (500) exceeded", config={"env": {"LIMIT": "500"}}),
        recycled("", config={"env": {"WORKER_LIFETIME": "30"}}),
        recycled("done", config={"command": ("/app/server", "--max-time=30")}),
    ],
    ids=["restarted", "recycling", "policy", "a limit", "a date", "silent", "an option"],
)
def test_a_program_that_has_itself_restarted_is_well(example: dict[str, Any]) -> None:
    found = judge(case(**example))

    assert found.verdict == "healthy", found
    assert "worked for 30 s" in found.text


def test_one_that_has_told_of_its_work_may_be_quick() -> None:
    log = "up, recycles after 3 jobs\njob 1 done\njob 2 done\njob 3 done\n3 jobs done, recycling"
    found = judge(case(**recycled(log, seconds=3)))

    assert found.verdict == "healthy", found
    assert "worked for 3 s" in found.text


@pytest.mark.parametrize(("limit", "is_well"), [("3", True), ("60", False)])
def test_one_that_lives_as_long_as_it_is_set_to_and_says_so_may_be_quick(
    limit: str, *, is_well: bool
) -> None:
    log = f"max-time of {limit} s reached, exiting for a restart"
    config = {"command": ("/app/server", f"--max-time={limit}")}
    found = judge(case(**recycled(log, seconds=3, config=config)))

    assert (found.verdict == "healthy") is is_well, found


@pytest.mark.parametrize(
    "example",
    [
        recycled("up\nleaving"),
        recycled("leaving, to be restarted", seconds=2),
        recycled("up\njob 1 done\njob 2 done\njob 3 done\nleaving", seconds=3),
        recycled("up\na\nb\nc\nleaving, to be restarted", seconds=0.5),
        recycled("leaving, to be restarted", code=1),
        recycled("ERROR no route to db\nleaving, to be restarted"),
        recycled("max retries of 5 reached", config={"env": {"MAX_RETRIES": "5"}}),
        recycled("max jobs of 400 reached", config={"env": {"MAX_JOBS": "500", "PORT": "400"}}),
        recycled("", config={"env": {"WORKER_LIFETIME": "90"}}),
        recycled("", config={"env": {"TIMEOUT": "30"}}),
    ],
    ids=[
        "does not say so", "at once", "says nothing of it", "has hardly begun", "a failure", "an error", "gives up", "another limit",
        "another lifetime", "another setting",
    ],
)  # fmt: skip
def test_any_other_program_that_is_restarted_is_not(example: dict[str, Any]) -> None:
    assert judge(case(**example)).verdict != "healthy"


def test_the_run_that_ended_tells_why_not_the_one_after_it() -> None:
    example = recycled("up, recycling each 30 s\nleaving\nup, recycling each 30 s")
    example["state"] = {"status": "running", "started": NOW, "finished": None}
    times = ["2026-01-01T00:00:00Z"] * 2 + [NOW.isoformat()]
    example["sources"] |= {"timed": tuple(times)}
    of = case(**example)

    assert judge(of).verdict == "healthy"
    example["log"] = "up\nleaving\nup, recycling each 30 s"
    assert judge(case(**example)).verdict != "healthy"
