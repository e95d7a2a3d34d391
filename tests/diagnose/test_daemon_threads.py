"""Python programs that leave their work to daemon threads, and end."""

from typing import Any

import pytest
from recorded import case

from examples import py
from scaffolder.diagnose.verdict.judge import judge

TASKS = "from apscheduler.schedulers.background import BackgroundScheduler\n"
SCHEDULES = (
    f"{TASKS}tasks = BackgroundScheduler()\ntasks.add_job(send, 'interval')\ntasks.start()\n"
)
THREADS = "import threading\nthreading.Thread(target=lambda: work(), daemon=True).start()\n"
BEGINS = "P\t0\t7\t/usr/local/bin/python3\tpython3\\x00\n"
MISSES = "C\t1\t7\t7\topenat\t-2\tp=/usr/lib/x.txt\tx=0\n"
LATER = MISSES.replace("C\t1", "C\t3")
STARTS = "C\t2\t7\t7\tclone3\t8\n"
WAITS = "W\t9\t7\t8\tfutex\t4\n"
NAPS = "W\t9\t7\t8\tclock_nanosleep\t4\ti=30000\n"
ENDS = "X\t9\t7\t0\t0"
OVER = f"{BEGINS}{STARTS}{WAITS}{ENDS}"


def judged(text: str, trace: str, **more: Any) -> tuple[str, str, str]:  # noqa: ANN401 - of a case
    found = judge(case(**py(text, exit_code=0, trace=trace, **more)))
    return found.verdict, found.cause, found.text


@pytest.mark.parametrize(
    ("text", "trace", "line"),
    [
        (SCHEDULES, OVER, "`tasks = BackgroundScheduler()`"),
        (SCHEDULES, f"{BEGINS}{MISSES}{STARTS}{WAITS}{ENDS}", "`tasks = BackgroundScheduler()`"),
        (THREADS, f"{BEGINS}{STARTS}{NAPS}{ENDS}", "daemon=True).start()`"),
        ("t = Thread(target=f)\nt.daemon = True\nt.start()\n", OVER, "`t.daemon = True`"),
    ],
    ids=["scheduler", "after-a-search-in-vain", "thread", "attribute"],
)
def test_what_ends_with_only_daemon_threads_is_told(text: str, trace: str, line: str) -> None:
    verdict, name, words = judged(text, trace)

    assert (verdict, name) == ("likely", "daemon-threads-only")
    assert line in words


WRITES = "C\t3\t7\t7\topenat\t4\tp=/out/rows.csv\tx=241\n"
ASKS = "C\t3\t7\t7\tconnect\t0\ta=inet:10.0.0.7:5432\tf=4:socket:[8]\n"
SENDS = "L\t8\t7\tread=9\tclone3=8\tfutex=0\tsendto=40\trecvfrom=90\n"


@pytest.mark.parametrize(
    ("text", "trace"),
    [
        (THREADS, f"{BEGINS}{STARTS}{WRITES}{WAITS}{ENDS}"),
        (THREADS, f"{BEGINS}{STARTS}{ASKS}{WAITS}{ENDS}"),
        (THREADS, f"{BEGINS}{STARTS}{WAITS}{SENDS}{ENDS}"),
        (SCHEDULES, f"{BEGINS}{STARTS}{ENDS}"),
        (THREADS, f"{BEGINS}{ENDS}"),
        (THREADS, f"{BEGINS}{STARTS}{WAITS}{ENDS.replace('9', '9000', 1)}"),
        ("from concurrent.futures import ThreadPoolExecutor\n", f"{BEGINS}{STARTS}{ENDS}"),
    ],
    ids=["writes", "asks", "talks", "no-thread-waits", "none-started", "computes", "pool"],
)
def test_a_job_beside_which_a_daemon_thread_waits_is_well(text: str, trace: str) -> None:
    assert judged(text, trace)[:2] == ("healthy", "none")


def test_a_job_that_tells_what_it_did_is_well() -> None:
    assert judged(THREADS, OVER, log="12 rows exported")[0] == "healthy"


@pytest.mark.parametrize(
    "text",
    [
        "from threading import Thread\nThread(target=f).start()\n",
        f"{TASKS}# tasks = BackgroundScheduler()\n",
    ],
    ids=["not-a-daemon", "a-comment"],
)
def test_a_source_without_such_threads_is_not_quoted(text: str) -> None:
    assert judged(text, OVER)[1] == "nothing-keeps-it"


def test_a_search_in_vain_after_the_start_of_a_thread_is_still_what_it_gave_up_over() -> None:
    trace = f"{BEGINS}{STARTS}{LATER}{WAITS}{ENDS}"

    assert judged(THREADS, trace)[0] == "healthy"
