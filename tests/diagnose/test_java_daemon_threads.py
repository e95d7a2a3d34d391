"""A Java program that schedules tasks in daemon threads, and ends with them."""

import pytest
from compiled import compiled, jar
from recorded import File, case, elf, program

from scaffolder.diagnose.verdict.judge import judge

JAVA = {"/usr/bin/java": program(elf())}
CALLS = ("scheduleAtFixedRate", "setDaemon")


def main(*calls: str) -> bytes:
    """Return a jar with one class that calls methods of these names."""
    return jar(shop_Main=compiled(*calls, uses="shop/Main", refers=True))


BEGAN = "P\t0\t7\t/usr/bin/java\tjava\n"
WRITES = "C\t2\t7\t7\topenat\t3\tp=/srv/report.csv\tx=241\n"


@pytest.mark.parametrize(
    ("calls", "log", "is_told"),
    [
        (CALLS, "", True),
        (("scheduleWithFixedDelay", "setDaemon"), "", True),
        (CALLS[:1], "", False),
        (CALLS[1:], "", False),
        ((*CALLS, "shutdown"), "", False),
        (CALLS, "42 orders exported", False),
    ],
)
def test_tasks_in_daemon_threads_do_not_keep_a_program(
    calls: tuple[str, ...], log: str, *, is_told: bool
) -> None:
    files = {**JAVA, "/app.jar": File(main(*calls))}
    told = [
        judge(case("java -jar /app.jar", log, 0, files, trace=trace))
        for trace in (f"{BEGAN}X\t9\t7\t0\t0", f"{BEGAN}{WRITES}X\t9\t7\t0\t0", "")
    ]

    assert [each.cause == "java-daemon-threads" for each in told] == [is_told, False, False], told
