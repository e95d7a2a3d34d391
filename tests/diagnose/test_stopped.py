"""Services that a process of their own container stops, and those that are stopped on purpose."""

from typing import Any

import pytest
from recorded import File, case

from examples import SERVER, STARTED
from scaffolder.diagnose.evidence.config import Port
from scaffolder.diagnose.evidence.facts import Event
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.judgement import Judgement

LISTENS = "C\t1\t7\t7\tlisten\t0\ta=inet:0.0.0.0:80\n"
DOG = "N\t1\t8\t7\nP\t1\t8\t/usr/bin/dash\t/bin/sh\\x00/app/dog.sh\\x007\\x00\n"
TERM = "S\t6000\t7\t15\t0\t8\n"
END = "X\t6400\t7\t0\t0"
BEAT = "/run/app/beat"


def looks(path: str = BEAT, result: int = -2, at: int = 5900) -> str:
    child = f"N\t{at}\t9\t8\nP\t{at}\t9\t/usr/bin/stat\tstat\\x00{path}\\x00\n"
    return f"{child}C\t{at}\t9\t9\tstatx\t{result}\tp={path}\nX\t{at}\t9\t1\t0\n"


def judged(*records: str, **more: Any) -> Judgement:  # noqa: ANN401 - of a case
    trace = STARTED + "".join(records)
    return judge(case(**{"files": SERVER, "exit_code": 0, "trace": trace, **more}))


def test_a_service_that_its_watchdog_stops_has_not_finished_its_work() -> None:
    found = judged(LISTENS, DOG, looks(), TERM, END)

    assert (found.verdict, found.cause) == ("likely", "stopped-from-inside")
    assert "/app/dog.sh (process 8) stops server" in found.text
    assert "SIGTERM" in found.text
    assert f"looked for {BEAT}, which is never there" in found.text


def test_where_the_service_makes_it_instead_is_told() -> None:
    made = "C\t3000\t7\t7\topenat\t3\tp=/tmp/beat\tx=241\n"
    found = judged(LISTENS, DOG, made, looks(), TERM, END)

    assert "writes as /tmp/beat" in found.text
    assert found.fix == f"give both the same path: {BEAT} or /tmp/beat"


def test_a_watchdog_that_asks_where_nobody_listens_is_told() -> None:
    asks = "C\t5900\t8\t8\tconnect\t-111\ta=inet:127.0.0.1:81\n"
    found = judged(LISTENS, DOG, asks, TERM, END)

    assert "127.0.0.1:81, where nobody listens" in found.text
    assert "dog.sh" in found.fix


STOP = (Event(1.0, "start"), Event(2.0, "kill", signal=15), Event(3.0, "die", 0))


@pytest.mark.parametrize(
    "differs",
    [
        {"records": (LISTENS, DOG, looks(), TERM.replace("\t8\n", "\t0\n"), END)},
        {"records": (LISTENS, DOG, looks(), TERM, END), "sources": {"happened": STOP}},
        {"records": (DOG, looks(), TERM, END)},
        {"records": (LISTENS, DOG, TERM, END)},
        {"records": (LISTENS, DOG, looks(at=900), TERM, END)},
        {"records": (LISTENS, DOG, looks(result=0), looks(), TERM, END)},
        {"records": (LISTENS, DOG, looks("/usr/local/bin/stat"), TERM, END)},
        {"records": (LISTENS, DOG, looks("/opt/a/x"), looks("/opt/b/x", 0), TERM, END)},
        {"records": (LISTENS, DOG, looks(), TERM.replace("\t7\t15", "\t8\t15"), END)},
        {"records": (LISTENS, DOG, looks(), TERM.replace("\t8\n", "\t7\n"), END)},
    ],
    ids=[
        "from-outside", "docker-stop", "a-job", "after-its-work", "long-before", "was-there",
        "a-part-of-a-program", "found-elsewhere", "its-child-is-stopped", "by-itself",
    ],
)  # fmt: skip
def test_what_ends_on_purpose_is_well(differs: dict[str, Any]) -> None:
    records = differs.pop("records")

    assert judged(*records, **differs).verdict == "healthy"


ROTATE = (
    "N\t10\t8\t7\nP\t10\t8\t/usr/bin/dash\t/bin/sh\\x00/app/rotate.sh\\x00\n"
    "C\t6000\t8\t8\tkill\t0\ti=7\ti=15\n"
)
SCRIPT = '#!/bin/sh\n# kill it\nsleep 3\nkill -0 7 && mv a b\nkill "$(cat /run/a.pid)"\n'
SERVES: dict[str, Any] = {
    "config": {"exposed": (Port(80),)},
    "files": {**SERVER, "/app/rotate.sh": File(SCRIPT.encode())},
}


def test_a_service_that_is_meant_to_stay_and_that_its_own_script_stops() -> None:
    found = judged(LISTENS, ROTATE, TERM, END, **SERVES)

    assert (found.verdict, found.cause) == ("likely", "stopped-from-inside")
    assert "stopped from inside, not by Docker: /app/rotate.sh (process 8)" in found.text
    assert (
        'sends SIGTERM to server 6.0 s after its start (`kill "$(cat /run/a.pid)"`)' in found.text
    )
    assert "kill -HUP" in found.fix


def test_a_worker_that_waits_is_told_as_well_and_another_signal_by_its_name() -> None:
    waits = "I\t6000\t7\t7\tread\t5000\tf=4:pipe:[9]\n"
    found = judged(ROTATE, waits, TERM.replace("\t15\t", "\t2\t"), END, **SERVES)

    assert found.cause == "stopped-from-inside"
    assert "sends SIGINT" in found.text


OUTSIDE = "S\t5990\t8\t15\t0\t0\n"
WORKER = "N\t10\t9\t7\nS\t6000\t9\t15\t0\t7\nX\t6010\t9\t0\t15\n"


@pytest.mark.parametrize(
    "records",
    [
        (LISTENS, ROTATE, "X\t6400\t7\t0\t0"),
        (LISTENS, WORKER, END),
        (LISTENS, ROTATE, OUTSIDE, TERM, END),
        (LISTENS, ROTATE, TERM, "X\t60000\t7\t0\t0"),
        (ROTATE, TERM, END),
        (LISTENS, ROTATE, TERM.replace("\t15\t", "\t10\t"), END),
        (LISTENS, ROTATE, TERM.replace("\t8\n", "\t0\n").replace("6000", "9"), END),
    ],
    ids=[
        "asked-whether-it-is-there", "stops-its-worker", "passed-on", "long-before", "busy",
        "another-signal", "from-outside",
    ],
)  # fmt: skip
def test_what_is_not_stopped_from_inside_is_not_told_so(records: tuple[str, ...]) -> None:
    assert judged(*records, **SERVES).cause != "stopped-from-inside"


def test_a_service_that_its_hook_stops_while_it_waits_for_that_is_told() -> None:
    at_once = TERM + "X\t6010\t7\t0\t0"
    found = judged(DOG, at_once)

    assert found.cause == "stopped-from-inside"
    assert "/app/dog.sh (process 8)" in found.text
    assert judged(DOG, TERM, "X\t6005\t8\t0\t0\n", "X\t6010\t7\t0\t0").verdict == "healthy"
    assert judged(DOG, at_once, log="rows: 12").verdict == "healthy"


def test_a_watchdog_is_known_by_its_name_where_nothing_else_says_what_was_meant() -> None:
    dog = DOG.replace("/app/dog.sh", "/app/watchdog.sh")

    assert judged(LISTENS, dog, TERM, END).cause == "stopped-from-inside"
    assert judged(LISTENS, DOG, TERM, END).verdict == "healthy"
