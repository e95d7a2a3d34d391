"""No failure in silence: what the hooks report, each in a process of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

BOOT = "from orders.runtime import boot; boot.start('test'); "
LOOP = "import asyncio; from orders.runtime import failures, patches; "

Run = Callable[[str], "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def run(pristine: Callable[[tuple[str, ...]], Path]) -> Run:
    """Run a script; stdout and stderr come together, as a container's log has them."""

    def script(text: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-c", text],
            env={**os.environ, "PYTHONPATH": str(pristine(()) / "src")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=30,
            check=False,
        )

    return script


def test_a_failure_at_the_top_is_logged_with_its_cause_and_ends_with_70(run: Run) -> None:
    done = run(BOOT + "\ndef fail(): raise RuntimeError('no disk')\nexit(boot.guarded(fail))")

    assert done.returncode == 70
    assert "the service failed and stops" in done.stdout
    assert "RuntimeError: no disk" in done.stdout


@pytest.mark.parametrize(
    "config",
    [
        "logging.config.dictConfig({'version': 1})",
        "logging.basicConfig(filename='/dev/null', force=True)",
        "logging.disable()",
    ],
)
def test_the_cause_of_a_death_is_heard_whatever_is_made_of_logging(run: Run, config: str) -> None:
    fail = f"def fail():\n    {config}\n    raise RuntimeError('no disk')\n"
    done = run(BOOT + "\nimport logging.config\n" + fail + "exit(boot.guarded(fail))")

    assert done.returncode == 70
    assert "CRITICAL orders.runtime.boot: the service failed and stops" in done.stdout
    assert done.stdout.count("RuntimeError: no disk") == 1


@pytest.mark.parametrize(
    ("script", "line", "cause"),
    [
        ("raise RuntimeError('no disk')", "uncaught exception", "RuntimeError: no disk"),
        (
            "import threading; threading.Thread(target=lambda: 1 / 0, name='worker').start()",
            "uncaught exception in thread worker",
            "ZeroDivisionError",
        ),
        (
            "\nclass A:\n    def __del__(self): 1 / 0\nA()",
            "exception ignored in",
            "ZeroDivisionError",
        ),
        ("import warnings; warnings.warn('old', stacklevel=1)", "UserWarning: old", "py.warnings"),
        ("import os; os.abort()", "Fatal Python error: Aborted", "Current thread"),
    ],
    ids=["main", "thread", "finalizer", "warning", "abort"],
)
def test_what_nobody_catches_is_logged(run: Run, script: str, line: str, cause: str) -> None:
    done = run(BOOT + script)

    assert line.lower() in done.stdout.lower()
    assert cause in done.stdout


@pytest.mark.parametrize(
    ("inside", "line"),
    [
        ("asyncio.get_running_loop().call_soon(lambda: 1 / 0)", "in the event loop"),
        ("kept = asyncio.create_task(fail(), name='worker')", "task worker failed"),
        (
            "kept = concurrent.futures.ThreadPoolExecutor().submit(lambda: 1 / 0)",
            "a call in an executor failed and nobody has read its result",
        ),
    ],
    ids=["callback", "task that is kept", "executor"],
)
def test_what_fails_in_the_event_loop_is_logged(run: Run, inside: str, line: str) -> None:
    script = f"""
import concurrent.futures
async def fail(): 1 / 0
async def main():
    failures.install()
    {inside}
    await asyncio.sleep(1.5)
    patches.report_executors()
asyncio.run(main())
"""
    done = run(BOOT + LOOP + script)

    assert line in done.stdout
    assert "ZeroDivisionError" in done.stdout


def test_a_failure_that_somebody_asks_for_is_not_reported_twice(run: Run) -> None:
    script = """
from concurrent.futures import ThreadPoolExecutor
async def fail(): 1 / 0
async def main():
    failures.install()
    await asyncio.gather(fail(), return_exceptions=True)
    with ThreadPoolExecutor() as threads:
        call = asyncio.get_running_loop().run_in_executor(threads, lambda: 1 / 0)
        await asyncio.gather(call, return_exceptions=True)
        threads.submit(lambda: 1 / 0).exception()
    await asyncio.sleep(1.5)
    patches.report_executors()
asyncio.run(main())
"""
    done = run(BOOT + LOOP + script)

    assert done.returncode == 0
    assert "ZeroDivisionError" not in done.stdout


@pytest.mark.parametrize(
    ("how", "line"),
    [
        ("subprocess.run(['sh', '-c', 'kill -9 $$'])", "WARNING .* killed by signal 9$"),
        ("child = start(); child.kill(); child.wait()", "INFO .* killed by signal 9, by this"),
        (
            "child = start(); child.kill()\n    while child.poll() is None: pass",
            "INFO .* killed by signal 9, by this",
        ),
        ("child = start(); child.terminate(); child.wait()", ""),
        ("child = await exec('sleep', '9'); child.terminate(); await child.wait()", ""),
    ],
)
def test_a_child_process_that_is_killed_is_logged(run: Run, how: str, line: str) -> None:
    script = f"""
import subprocess
from asyncio import create_subprocess_exec as exec
def start():
    return subprocess.Popen(["sleep", "9"])
async def main():
    failures.install()
    {how}
asyncio.run(main())
"""
    done = run(BOOT + LOOP + script)

    assert done.returncode == 0, done.stdout
    assert ("was killed" in done.stdout) == bool(line)
    assert re.search(line, done.stdout, re.MULTILINE)


def test_a_call_of_exit_is_no_stop_that_was_asked_for(run: Run) -> None:
    done = run(BOOT + "import sys; sys.exit(boot.guarded(lambda: sys.exit(0)))")

    assert done.returncode == 70
    assert "the service ended itself: sys.exit(0) was called" in done.stdout


def test_a_limit_of_the_system_ends_with_71(run: Run) -> None:
    full = "raise OSError(24, 'Too many open files')"
    done = run(BOOT + f"\ndef fail(): {full}\nexit(boot.guarded(fail))")

    assert done.returncode == 71
    assert "Too many open files" in done.stdout


@pytest.mark.parametrize("broken", [1, 2])
def test_a_broken_stream_is_replaced_by_the_other_one(run: Run, broken: int) -> None:
    script = f"import os; os.close({broken}); " + BOOT + "print('printed'); boot.log.info('logged')"
    done = run(script)

    assert done.returncode == 0
    assert "cannot be written to (Bad file descriptor)" in done.stdout
    assert "logged" in done.stdout
    assert "printed" in done.stdout


def test_two_broken_streams_end_with_74(run: Run) -> None:
    done = run("import os; os.close(1); os.close(2); " + BOOT)

    assert done.returncode == 74


def test_a_stream_that_nobody_reads_does_not_stop_the_service(run: Run) -> None:
    script = "import os; r, w = os.pipe(); os.dup2(w, 1); " + BOOT + "boot.log.info('x' * 200_000)"
    done = run(script)

    assert done.returncode == 0
    assert "stdout is full, and nobody reads it: its lines go to stderr" in done.stdout


def test_a_stop_before_the_server_is_up_ends_with_0(run: Run) -> None:
    done = run(BOOT + "import os, signal; os.kill(os.getpid(), signal.SIGTERM)")

    assert done.returncode == 0
    assert "stopped by SIGTERM" in done.stdout


@pytest.mark.parametrize(
    ("how", "function"),
    [
        ("os.kill(os.getpid(), 9)", "kill"),
        ("os.kill(0, 0)", "kill"),
        ("os.killpg(os.getpgrp(), 0)", "killpg"),
        ("signal.raise_signal(signal.SIGCHLD)", "raise_signal"),
        ("signal.pthread_kill(threading.get_ident(), 0)", "pthread_kill"),
    ],
)
def test_a_signal_that_the_service_sends_to_itself_is_noted(
    run: Run, how: str, function: str
) -> None:
    script = f"""
from orders.runtime.shared_state import shared
import os, signal, threading
if os.fork():
    os.wait()
    print("noted:", shared.sender.decode())
else:
    shared.own()
    {how}
"""
    done = run(BOOT + script)

    assert f"noted: {function}() in <string>:" in done.stdout


def test_a_signal_to_another_process_is_not_noted(run: Run) -> None:
    script = "import os; from orders.runtime.shared_state import shared; os.kill(os.getppid(), 0)"
    done = run(f"{BOOT}{script}; print('noted:', shared.sender)")

    assert "noted: b''" in done.stdout


CHANGED = """
import concurrent.futures, logging, os, signal
future = concurrent.futures.Future
library = [logging.Logger.makeRecord, logging.Logger.handle, os.waitpid, signal.raise_signal,
           future.set_exception, future.result, future.exception]
print("changed:", sum(found.__module__ == "orders.runtime.patches" for found in library))
"""


@pytest.mark.parametrize(("given", "changed"), [("1", 7), ("0", 0)])
def test_the_standard_library_is_left_as_it_is_on_request(
    run: Run, monkeypatch: pytest.MonkeyPatch, given: str, changed: int
) -> None:
    monkeypatch.setenv("RUNTIME_PATCHES", given)
    done = run(f"{BOOT}\n{CHANGED}")

    assert f"changed: {changed}\n" in done.stdout
