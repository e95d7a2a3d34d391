"""A process that kills another one: what it looked at before, and where that is written."""

from typing import Any

import pytest
from recorded import File, case

from examples import SERVER, STARTED
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.judgement import Judgement

SHELL = "N\t1\t8\t7\nP\t1\t8\t/usr/bin/dash\t/bin/sh\\x00/usr/local/bin/guard.sh\\x00\n"
KILLS = "C\t6000\t8\t8\tkill\t0\ti=7\ti=9\nS\t6000\t7\t9\t0\t8\t0\nX\t6001\t7\t0\t9\n"
BEAT = {"BEAT_FILE": "/tmp/beat"}


def looks(path: str, *times: int, result: str = "0", shell: int = 8) -> str:
    """Return how a shell starts `stat` for a path, again and again."""
    found = f"N\t1\t{shell}\t8\n" if shell != 8 else ""
    for number, at in enumerate(times, 20):
        argv = f"stat\\x00-c\\x00%Y\\x00{path}\\x00"
        found += f"N\t{at}\t{number}\t{shell}\nP\t{at}\t{number}\t/usr/bin/stat\t{argv}\n"
        found += f"C\t{at}\t{number}\t{number}\topenat\t3\tp=/lib/libc.so.6\tx=0\n"
        found += f"C\t{at}\t{number}\t{number}\tstatx\t{result}\tp={path}\n"
        found += f"X\t{at}\t{number}\t0\t0\n"
    return found


def writes(path: str) -> str:
    return "".join(f"C\t{at}\t7\t7\topenat\t3\tp={path}\tx=241\n" for at in (1000, 3000))


def killed(*records: str, **more: Any) -> Judgement:  # noqa: ANN401 - of a case
    trace = STARTED + SHELL + "".join(records) + KILLS
    return judge(case(files={**SERVER, "/tmp/beat": File()}, exit_code=137, trace=trace, **more))


def test_a_watchdog_that_looks_at_another_file_than_is_written_is_told() -> None:
    times = looks("/run/beat", 1100, 2100, 3100, 4100, 5900)
    found = killed(writes("/tmp/beat"), times, config={"env": BEAT})

    assert (found.cause, found.verdict) == ("file-elsewhere", "likely")
    assert "looks at /run/beat" in found.text
    assert "guard.sh) kills it" in found.text
    assert "BEAT_FILE=/run/beat" in found.fix


def test_one_that_looks_from_a_subshell_is_told_as_well() -> None:
    times = looks("/run/beat", 1100, 2100, 3100, 4100, 5900, shell=9)
    found = killed(writes("/tmp/beat"), times)

    assert found.cause == "file-elsewhere"
    assert "looks at /run/beat" in found.text


def test_a_watchdog_that_looks_at_the_right_file_is_told_with_its_age() -> None:
    found = killed(writes("/run/beat"), looks("/run/beat", 1100, 2100, 4100, 5900))

    assert found.cause == "killed-from-inside"
    assert "wrote last 2.9 s before" in found.text


def test_a_file_that_a_watchdog_does_not_find_is_told() -> None:
    found = killed(looks("/run/beat", 1100, 2100, 4100, 5900, result="-2"))

    assert (found.cause, "/run/beat" in found.text) == ("file-missing", True)


@pytest.mark.parametrize(
    "records",
    [
        looks("/run/beat", 1100),
        looks("/run/beat", 1100, 1200, 1300, 1400),
        looks("/usr/lib/beat", 1100, 2100, 4100, 5900),
        looks("/run/beat", 1100, 2100, 4100, 5900).replace("\t8\nP", "\t7\nP"),
    ],
    ids=["once", "long-ago", "of-the-system", "by-another"],
)
def test_other_looks_are_not_named(records: str) -> None:
    found = killed(writes("/tmp/beat"), records)

    assert found.cause == "killed-from-inside"
    assert "looked at" not in found.text


PATH = {"config": {"env": {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin"}}}


def sought(process: int, *results: tuple[str, int], name: str = "newfstatat") -> str:
    return "".join(
        f"C\t{at}\t{process}\t{process}\t{name}\t{result}\tp={folder}/stat\n"
        for at in (4000, 5000, 5900)
        for folder, result in results
    )


MISSES = (("/usr/local/bin", -2), ("/usr/sbin", -2))


@pytest.mark.parametrize(
    "records",
    [
        sought(8, *MISSES, ("/usr/bin", 0)),
        sought(8, *MISSES, ("/usr/bin", 0), name="execve"),
        sought(8, *MISSES) + "N\t5950\t9\t8\nC\t5950\t9\t9\texecve\t0\tp=/usr/bin/stat\n",
    ],
    ids=["shell", "execvp", "in-a-child"],
)
def test_a_program_that_is_found_in_a_later_directory_is_not_missing(records: str) -> None:
    assert killed(records, **PATH).cause == "killed-from-inside"


def test_a_program_that_is_found_nowhere_is_missing() -> None:
    assert killed(sought(8, *MISSES, ("/usr/bin", -2)), **PATH).cause == "program-not-found"
