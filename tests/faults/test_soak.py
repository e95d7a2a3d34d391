"""Under load, with faults at random, a service keeps nothing: no memory, files, threads or tasks.

SOAK is the number of seconds; five minutes are an hour's worth of requests at 100 a second.
"""

import http.client
import os
import re
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fault import LIVES, PLAIN, Fault
from harness import answers, started
from running import Run
from subjects import python

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("SOAK", "40" if os.environ.get("CI") else "12"))
CLIENTS = 4
ONE_IN = 20
GROWTH = 0.05

RANDOM_FAULT = """
import asyncio, builtins, logging, random, threading
from concurrent.futures import ThreadPoolExecutor

async def fail():
    1 / 0

async def orphan():
    asyncio.create_task(fail())

async def callback():
    asyncio.get_running_loop().call_soon(lambda: 1 / 0)

async def thread():
    threading.Thread(target=lambda: 1 / 0).start()

async def executor():
    with ThreadPoolExecutor() as pool:
        pool.submit(lambda: 1 / 0)

async def deep():
    def f(): f()
    f()

async def count():
    logging.getLogger().info("tasks: %d", len(asyncio.all_tasks()))

fault = random.choice([fail, orphan, callback, thread, executor, deep, count])
"""


def load(port: int, until: float, done: list[int]) -> None:
    """Ask one request after the other, some of them for a fault."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    number = 0
    while time.monotonic() < until:
        number += 1
        try:
            connection.request("GET", "/fault" if number % ONE_IN == 0 else "/")
            connection.getresponse().read()
        except (http.client.HTTPException, OSError):  # it closes the connection after a failure
            connection.close()
    connection.close()
    done.append(number)


def used(process: int) -> tuple[int, int, int]:
    """Return the memory in KiB, the open files and the threads of a process."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    memory, threads = (
        int(found[1]) for found in re.finditer(r"^(?:VmRSS|Threads):\s+(\d+)", status, re.MULTILINE)
    )
    return memory, len(list(Path(f"/proc/{process}/fd").iterdir())), threads


def test_nothing_piles_up(pristine: Callable[[tuple[str, ...]], Path]) -> None:
    fault = Fault("soak", "", LIVES, RANDOM_FAULT, on_request=True)
    with started(fault, PLAIN, python(pristine(()))) as (running, port):
        assert isinstance(running, Run)
        while not answers(port):
            time.sleep(0.1)
        service = running.served_by()
        seen = []
        done: list[int] = []
        for share in (0.4, 0.3, 0.3):
            until = time.monotonic() + SECONDS * share
            clients = [
                threading.Thread(target=load, args=(port, until, done)) for _ in range(CLIENTS)
            ]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
            time.sleep(2)  # what is reported late is
            seen.append(used(service))
        running.send(signal.SIGTERM)
        running.process.wait(timeout=15)
        log = running.log()

    (_, files, threads), (before, _, _), (after, *rest) = seen
    tasks = [int(number) for number in re.findall(r"tasks: (\d+)", log)]
    assert running.process.returncode == 0
    assert sum(done) > SECONDS * 100
    assert log.count("ZeroDivisionError") > len(done)
    assert "CRITICAL supervisor" not in log
    assert rest == [files, threads]
    assert max(tasks[-5:]) <= max(tasks[:5]) + CLIENTS
    assert after < before * (1 + GROWTH), seen
