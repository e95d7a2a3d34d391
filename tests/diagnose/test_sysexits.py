"""What a status of sysexits.h says where nothing else explains a silent end."""

from typing import Any

import pytest
from recorded import File, case

from examples import SERVER, STARTED
from scaffolder.diagnose.causes.silence.sysexits import status_says
from scaffolder.diagnose.evidence.swallowed import Ending
from scaffolder.diagnose.verdict.judge import judge

FILES = {**SERVER, "/etc/app.conf": File(b"a = 1\n"), "/app/main.js": File(b"up()\n")}


def reads(*paths: str, status: int = 78) -> str:
    calls = "".join(f"C\t1\t7\t7\topenat\t3\tp={path}\tx=0\n" for path in paths)
    return f"{STARTED}{calls}X\t2\t7\t{status}\t0"


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ({"exit_code": 78}, "; 78 is EX_CONFIG in sysexits.h: something in its configuration"),
        ({"exit_code": 78, "trace": reads("/etc/app.conf", "/app/main.js", "/usr/lib/x.so")}, " (/etc/app.conf is what it opened last)"),
        ({"exit_code": 69, "trace": reads("/etc/app.conf", status=69)}, "EX_UNAVAILABLE in sysexits.h: a service that it needs is not there"),
        ({"exit_code": 78, "trace": reads("", "/etc/app.conf", "")}, " (/etc/app.conf is what"),
        ({"exit_code": 75}, "EX_TEMPFAIL"),
        ({"exit_code": 77}, "EX_NOPERM"),
    ],
)  # fmt: skip
def test_a_status_of_sysexits_is_told(more: dict[str, Any], shown: str) -> None:
    assert shown in status_says(case(files=FILES, **more))


@pytest.mark.parametrize(
    "more",
    [{"exit_code": 1}, {"exit_code": 70}, {"exit_code": 137}, {"exit_code": 78, "log": "error: no queue"}],
)  # fmt: skip
def test_another_status_says_nothing(more: dict[str, Any]) -> None:
    assert not status_says(case(files=FILES, **more))


def test_it_stands_with_the_place_where_a_program_ends_and_where_nothing_is_known() -> None:
    ending = Ending("/app/main.js:5", "process.exit(78)", ())

    assert "78 is EX_CONFIG" in judge(case(files=SERVER, exit_code=78, ending=ending)).text
    assert "78 is EX_CONFIG" in judge(case(files=SERVER, exit_code=78)).text
