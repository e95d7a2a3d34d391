"""What a running program asks for again and again, and what is no such wait."""

from typing import Any

import pytest
from recorded import File, case

from examples import EXAMPLES, SERVER, STARTED, up
from scaffolder.diagnose.evidence.facts import Connection, Process, Socket, Thread
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.standing import may_be_stuck

ASKS = "C\t{}\t7\t7\tnewfstatat\t{}\tp=/ipc/engine.sock\n"


def polling(**differs: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    return {**EXAMPLES["polls-elsewhere"], **differs}


def test_a_path_that_a_mount_has_elsewhere_is_named_with_both_places() -> None:
    found = judge(case(**polling()))

    assert (found.cause, found.verdict) == ("polls-elsewhere", "likely")
    assert "/ipc/engine.sock" in found.text
    assert "/run/engine/engine.sock" in found.text
    assert "-v ipc:/ipc" in found.fix


@pytest.mark.parametrize(
    "differs",
    [
        {"trace": STARTED + ASKS.format(1, -2) + ASKS.format(2, -2)},
        {"trace": STARTED + "".join(ASKS.format(n, -2) for n in (1, 2, 3)) + ASKS.format(4, 0)},
        {"trace": STARTED + 3 * ASKS.format(1, -2) + "C\t9000\t7\t7\topenat\t3\tp=/data/next\n"},
        {"trace": STARTED + 3 * ASKS.format(1, -2) + "X\t5\t7\t0\t0\n"},
        {"trace": STARTED + 3 * ASKS.format(1, -2).replace("engine.sock", "stop")},
        {"sources": {"listening": (Socket("0.0.0.0", 8080),)}},
    ],
    ids=["twice", "it-comes", "long-ago", "has-ended", "is-nowhere", "serves"],
)
def test_what_is_no_wait_for_something_elsewhere_is_well(differs: dict[str, Any]) -> None:
    assert judge(case(**polling(**differs))).verdict == "healthy"


ASKS_ONCE = "C\t1\t7\t7\tnewfstatat\t-2\tp=/data/migrations.done\n"


def awaits(**differs: Any) -> Any:  # noqa: ANN401 - a judgement
    return judge(case(**{**EXAMPLES["file-awaited"], **differs}))


def test_a_server_that_waits_for_a_file_is_told_which_one_is_called_nearly_the_same() -> None:
    found = awaits()

    assert (found.cause, found.verdict) == ("file-awaited", "likely")
    assert (
        "asks for /data/migrations.done again and again, which is not there; /data has migration.done"
        in found.text
    )


@pytest.mark.parametrize(
    "differs",
    [
        {"config": {"published": ()}, "log": "up"},
        {"sources": {"listening": (Socket("0.0.0.0", 8080),)}},
        {"files": {**SERVER, "/data/migrations.done": File(b"")}},
        {"trace": f"{STARTED}{ASKS_ONCE}"},
        {"trace": f"{STARTED}{ASKS_ONCE}R\t1\t7\t7\t9\n"},
        {"trace": EXAMPLES["file-awaited"]["trace"].replace("/data/", "/usr/lib/app/")},
    ],
    ids=["no server", "it listens", "there by now", "asked once", "as it starts", "of a runtime"],
)
def test_who_serves_or_has_nothing_to_serve_may_wait(differs: dict[str, Any]) -> None:
    assert awaits(**differs).cause != "file-awaited"


OFTEN = EXAMPLES["file-awaited"]["trace"]
WOKE = f"{STARTED}{ASKS_ONCE}R\t7000\t7\t7\t13\nW\t7000\t7\t7\tclock_nanosleep\t490\n"


@pytest.mark.parametrize(
    ("trace", "is_told"),
    [
        (OFTEN, True),
        (WOKE, True),
        (WOKE.replace("\t490", "\t6990"), False),
        (OFTEN.replace("migrations.done", "stop.flag"), False),
        (OFTEN.replace("migrations.done", "shutdown"), False),
        (OFTEN.replace("migrations.done", "app.end"), False),
        (OFTEN.replace("migrations.done", "backend.ready"), True),
        (OFTEN.replace("migrations.done", "override.json"), False),
        (OFTEN.replace("/data/migrations.done", "/run/app/override.json"), True),
        (f"{OFTEN}C\t602\t7\t7\topenat\t3\tp=/data/jobs\tx=0\n", False),
        (f"{OFTEN}C\t602\t7\t7\tconnect\t-111\ta=inet:10.0.0.9:80\tf=3:socket:[9]\n", False),
        (f"{OFTEN}P\t3\t8\t/app/worker\t/app/worker\\x00\n", False),
        (f"{OFTEN}P\t3\t8\t/bin/sleep\tsleep\\x000.5\\x00\n", True),
    ],
    ids=[
        "does nothing else", "and sleeps", "has slept since", "to stop", "to shut down", "to end",
        "of a backend", "settings", "in a place of both", "reads jobs", "asks others",
        "has a worker", "has a sleep",
    ],
)  # fmt: skip
def test_who_only_waits_for_a_file_is_told_also_where_it_serves_nobody(
    trace: str, *, is_told: bool
) -> None:
    found = awaits(config={"published": ()}, trace=trace)

    assert (found.cause == "file-awaited") is is_told
    assert ("says nothing, and does no more" in found.text) is is_told


def test_who_is_connected_may_wait_for_that() -> None:
    found = awaits(config={"published": ()}, sources={"connected": (Connection("10.0.0.9", 5672),)})

    assert found.verdict == "healthy"


@pytest.mark.parametrize(
    ("waits_in", "command", "log", "is_watched"),
    [
        ("hrtimer_nanosleep", "/app/worker", "", True),
        ("hrtimer_nanosleep", "sleep infinity", "", False),
        ("hrtimer_nanosleep", "/app/worker", "up", False),
        ("ep_poll", "/app/worker", "", False),
    ],
)
def test_a_silent_program_that_sleeps_is_watched(
    waits_in: str, command: str, log: str, *, is_watched: bool
) -> None:
    sources = {
        "threads_running": (Thread(9, waits_in), Thread(10, "do_wait")),
        "running": (Process(9, 1, "S", command, 60),),
    }
    of = case(**up((), log=log, config={"published": ()}, sources=sources))

    assert may_be_stuck(of) is is_watched
