"""Workers that end again and again in a copy, and what is not one of them."""

import pytest
from recorded import case

from examples import up
from scaffolder.diagnose.evidence.facts import Socket
from scaffolder.diagnose.verdict.judge import judge

PARENT = "P\t1\t7\t/usr/bin/node\tnode\\x00app.js\\x00\n"
ROUTES = "openat\t-2\tp=/srv/routes.json\tx=0"
SOUGHT = "openat\t3\tp=/srv/routes.json\tx=0"


def worker(
    number: int, call: str = ROUTES, status: int | None = 1, signal: int = 0,
    program: str = "/usr/bin/node",
) -> str:  # fmt: skip
    """Return the records of a child of the first process, which ends if it has a status."""
    at = number * 10
    rows = [
        f"N\t{at}\t{number}\t7",
        f"P\t{at + 1}\t{number}\t{program}\t{program}\\x00",
        f"C\t{at + 2}\t{number}\t{number}\t{call}",
    ]
    ends = [] if status is None else [f"X\t{at + 3}\t{number}\t{status}\t{signal}"]
    return "\n".join([*rows, *ends]) + "\n"


DIE = worker(8) + worker(9)


@pytest.mark.parametrize(
    ("workers", "words"),
    [
        (DIE, "the last one exits with 1: open /srv/routes.json: no such"),
        (DIE + worker(10, SOUGHT, status=None), "/srv/routes.json"),
        (worker(8, SOUGHT, 0, 11) + worker(9, SOUGHT, 0, 11), "killed by signal 11, and does not"),
        (worker(8), ""),
        (worker(8, status=0) + worker(9, status=0), ""),
        (worker(8, SOUGHT, 0, 15) + worker(9, SOUGHT, 0, 15), ""),
        (worker(8, SOUGHT, status=None) + worker(9) + worker(10), ""),
        (worker(8, program="/usr/bin/grep") + worker(9, program="/usr/bin/grep"), ""),
        (worker(8, "connect\t-111\ta=inet:10.0.0.2:80") + worker(9, "connect\t-111\ta=inet:10.0.0.2:80"), ""),
    ],
    ids=["die", "next-begins", "crash", "once", "done", "asked", "one-lives", "tools", "no-network"],
)  # fmt: skip
def test_workers_that_end_again_and_again_are_told(workers: str, words: str) -> None:
    found = judge(case(**{**up((), config={"published": ()}), "trace": PARENT + workers}))

    assert (found.cause == "workers-die") is bool(words)
    assert words in found.text
    assert found.verdict == ("likely" if words else "healthy")


def test_what_a_shell_runs_in_itself_is_no_worker() -> None:
    shell = "P\t1\t7\t/usr/bin/dash\tsh\\x00/wait.sh\\x00\n"
    parts = "".join(worker(n, program="/usr/bin/dash") for n in (8, 9, 10))
    of = case(**{**up((), config={"published": ()}), "trace": shell + parts})

    assert judge(of).verdict == "healthy"


def test_a_container_that_serves_is_well_whatever_a_copy_does() -> None:
    serves = up((Socket("0.0.0.0", 8080),))

    assert judge(case(**{**serves, "trace": PARENT + DIE})).verdict == "healthy"
