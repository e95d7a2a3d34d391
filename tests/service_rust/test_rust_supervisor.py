"""What a service in Rust cannot report itself is reported by its supervisor, and nothing else."""

import ctypes
import os
import re
import signal
import time
import urllib.request
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import running
import rust_services
from conftest import Unshared
from running import Program, Run

SOFTWARE = 70
OWN_CODE = r"src/app\.rs:\d+"
STOPPED = "it is stopped by a signal (SIGSTOP)"
ONE_WORKER = "taskset -pc 0 $$ >&2"
LIBRARY = ctypes.CDLL(None)
MEBIBYTE = 1024  # in KiB

pool = ThreadPoolExecutor()


@pytest.fixture(scope="session")
def service() -> Program:
    """A service whose application does what a path says, at a request, the start or the stop."""
    application = Path(__file__).with_name("supervised.rs").read_text(encoding="utf-8")
    return running.rust(
        rust_services.binary(files={"src/app.rs": application}, variant="supervised")
    )


def ask(run: Run, what: str) -> "Future[None]":
    """Request something that may get no answer."""

    def request() -> None:
        with suppress(OSError), urllib.request.urlopen(f"{run.url}/{what}", timeout=90) as answer:
            answer.read()

    return pool.submit(request)


def workers() -> int:
    return len(os.sched_getaffinity(0))


def reports(log: str) -> list[str]:
    return [line for line in log.splitlines() if " supervisor: " in line]


# --- How it ended ---


@pytest.mark.parametrize(
    ("what", "status", "says", "stack"),
    [
        ("segv", 139, r"SIGSEGV \(signal 11\): native code used memory .* worker \d", OWN_CODE),
        ("abort", 134, r"SIGABRT \(signal 6\): native code aborted .* in worker", OWN_CODE),
        ("overflow", 134, r"SIGABRT \(signal 6\): worker \d+ has overflowed its stack", ""),
        ("allocation", 134, r"SIGABRT \(signal 6\): worker \d could not allocate memory", OWN_CODE),
        ("raise-11", 139, r"SIGSEGV \(signal 11\), which it sent to itself, in worker", OWN_CODE),
        ("raise-9", 137, r"killed by SIGKILL \(signal 9\) from outside; not for its memory", ""),
        ("raise-10", 138, r"killed by SIGUSR1 \(signal 10\), sent by a process", ""),
        ("raise-14", 142, r"killed by SIGALRM \(signal 14\): a timer .*; or another process", ""),
        ("raise-40", 168, r"killed by signal 40, sent by a process", ""),
        ("exit-0", SOFTWARE, r"it ended with status 0 and did not say why", ""),
        ("exit-3", 3, r"it ended with status 3 and did not say why", ""),
    ],
)  # fmt: skip
def test_its_end_is_named(service: Program, what: str, status: int, says: str, stack: str) -> None:
    with service.start() as run:
        ask(run, what)
        ended = run.wait()
        log = run.log()

    assert ended == status, log
    assert re.search(rf"CRITICAL supervisor: orders: .*{says}", log), log
    assert "last logged:" in log
    assert not stack or re.search(rf"it was in .*{stack}", log), log


@pytest.mark.parametrize(("status", "expected"), [(0, SOFTWARE), (3, 3)])
def test_an_exit_that_the_log_explains_is_named_once(
    service: Program, status: int, expected: int
) -> None:
    with service.start() as run:
        ask(run, f"ends-{status}")
        assert run.wait() == expected
        assert f"process::exit({status}) was called" in run.log()
        assert not reports(run.log())


def test_a_signal_from_outside_is_named_with_its_sender(service: Program) -> None:
    with service.start() as run:
        run.send_inside(signal.SIGSEGV)
        assert run.wait() == 139
        assert f"killed by SIGSEGV (signal 11), sent by process {os.getpid()} " in run.log()


def test_without_a_supervisor_there_is_one_process(service: Program) -> None:
    with service.start(SUPERVISE="0") as run:
        assert run.served_by() == run.process.pid
        ask(run, "segv")
        assert run.wait() == 139
        assert re.search(r"CRITICAL fatal: orders: killed by signal 11 in thread .+", run.log())


# --- Signals ---


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT, signal.SIGINT])
def test_every_signal_that_asks_to_stop_is_passed_on(
    service: Program, number: signal.Signals
) -> None:
    with service.start() as run:
        assert run.stop(number) == 0, run.log()
        assert f"stopped by {number.name}" in run.log()
        assert not reports(run.log())


def test_what_is_ignored_stays_so_but_for_sigterm(service: Program) -> None:
    with service.start(limit="trap '' HUP INT QUIT TERM") as run:
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
            run.send(number)
        time.sleep(1)
        assert run.status is None, run.log()
        assert run.stop() == 0
        assert "stopped by SIGTERM" in run.log()


def test_a_signal_that_the_application_handles_need_not_mean_a_stop(service: Program) -> None:
    with service.start() as run:
        ask(run, "keeps").result()
        run.send(signal.SIGHUP)
        time.sleep(10)  # longer than a stop may take
        assert run.status is None, run.log()
        assert run.stop() == 0
        assert "stopped by SIGTERM" in run.log()


def test_a_service_that_is_stopped_is_not_called_blocked(service: Program) -> None:
    with service.start() as run:
        for times in (1, 2):
            run.send_inside(signal.SIGSTOP)
            run.wait_until(lambda: run.log().count(STOPPED) == times, "not stopped")  # noqa: B023
            time.sleep(4)
            assert run.log().count(STOPPED) == times, run.log()
            run.send_inside(signal.SIGCONT)
            time.sleep(2)
        run.send_inside(signal.SIGSTOP)
        assert run.stop() == 0, run.log()  # a stop lets it go on
        assert "blocked" not in run.log()


def test_a_supervisor_that_is_paused_makes_up_nothing(service: Program) -> None:
    with service.start() as run:
        for _ in range(3):
            run.send(signal.SIGSTOP)
            time.sleep(1.3)
            run.send(signal.SIGCONT)
            time.sleep(0.2)
        assert run.stop() == 0, run.log()
        assert not reports(run.log())


@pytest.mark.parametrize("user", [False, True], ids=["same user", "another user"])
def test_the_service_does_not_outlive_its_supervisor(service: Program, *, user: bool) -> None:
    with service.start() as run:
        if user and os.getuid():
            pytest.skip("only root can change its user")
        if user:
            ask(run, "user").result()
        served = run.served_by()
        run.process.kill()
        run.wait()
        deadline = time.monotonic() + running.START_SECONDS
        while Path(f"/proc/{served}").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert "was killed: the service stops with it" in run.log()


def test_what_forked_processes_write_is_not_believed(service: Program) -> None:
    with service.start() as run:
        for _ in range(workers() * 2):
            ask(run, "forked").result()
        time.sleep(2.5)
        assert run.stop() == 0, run.log()
        assert not reports(run.log())


# --- Event loops ---


def test_one_worker_that_is_blocked_is_named_once_until_it_runs_again(
    service: Program, tmp_path: Path
) -> None:
    if workers() == 1:
        pytest.skip("with one processor there is one worker")
    blocked = "is blocked: nothing has moved for 3 s, but others run; the stacks follow"
    with service.start(FILES=str(tmp_path)) as run:
        for times, name in enumerate(("first", "second"), 1):
            request = ask(run, f"until-{name}")
            run.wait_until(lambda: run.log().count(" is in ") == times, "no stack")  # noqa: B023
            time.sleep(4)
            assert run.log().count(blocked) == times, run.log()
            (tmp_path / name).touch()
            request.result()
            time.sleep(2)  # the supervisor looks once a second: only then is it seen to run
        log = run.log()
        assert run.stop() == 0, log

    assert re.search(r"the event loop of worker \d+ is blocked", log), log
    assert re.search(rf"worker \d+ is in .*sleep < until at {OWN_CODE}", log), log
    assert "CRITICAL" not in log


def test_one_worker_that_is_blocked_for_a_minute_ends_the_service(service: Program) -> None:
    """On a terminal, it goes on; and so it does while it was paused for a part of that minute."""
    if workers() == 1:
        pytest.skip("with one processor there is one worker")
    own, terminal = os.openpty()
    with (
        service.start() as run,
        service.start(limit=f"exec </proc/{os.getpid()}/fd/{terminal}") as watched,
        service.start() as paused,
    ):
        for blocked in (run, watched, paused):
            ask(blocked, "deadlock")
        paused.wait_for_line("but others run")
        paused.pause()
        time.sleep(30)
        paused.resume()
        assert run.wait(90) == SOFTWARE
        time.sleep(5)
        log = run.log()
        assert watched.status is None, watched.log()
        assert paused.status is None, paused.log()
        assert paused.stop() == 0, paused.log()
        assert paused.log().count("is blocked") == 1, paused.log()
    for descriptor in (own, terminal):
        os.close(descriptor)

    ends = r"CRITICAL supervisor: orders: the event loop of worker \d is blocked: nothing has "
    ends += r"moved for 6\d s, but others run; the stacks follow, and it is killed"
    assert re.search(ends, log), log
    assert re.search(rf"worker \d is in .*lock < .*deadlock at {OWN_CODE}", log), log


def test_a_worker_whose_thread_is_gone_ends_the_service(service: Program) -> None:
    with service.start() as run:
        ask(run, "vanish")
        assert run.wait() == SOFTWARE
        log = run.log()

    said = r"CRITICAL .* worker \d is gone: its thread has ended without a word"
    assert re.search(said, log), log


def test_event_loops_that_are_all_blocked_end_the_service(service: Program) -> None:
    """A lock that a thread keeps: its stack is shown, too. On a terminal, nothing is killed."""
    own, terminal = os.openpty()
    with (
        service.start(limit=ONE_WORKER) as run,
        service.start(limit=f"{ONE_WORKER}; exec </proc/{os.getpid()}/fd/{terminal}") as watched,
    ):
        ask(run, "deadlock")
        ask(watched, "deadlock")
        assert run.wait(90) == SOFTWARE
        time.sleep(5)
        log = run.log()
        assert watched.status is None, watched.log()
        assert "the event loop is blocked" in watched.log()
    for descriptor in (own, terminal):
        os.close(descriptor)

    assert log.count("the event loop is blocked: nothing has moved for 3 s; the stacks fol") == 1
    assert re.search(rf"worker 1 is in .*lock < .*deadlock at {OWN_CODE}", log), log
    assert re.search(rf"\(keeper\) is in .*sleep < .*keep at {OWN_CODE}", log), log
    assert re.search(r"nothing has moved for 6\d s; the stacks follow, and it is killed", log), log


def test_to_ask_for_stacks_does_no_harm(service: Program) -> None:
    """A backtrace in the process itself would soon wait for the allocator's lock."""
    with service.start() as run:
        ask(run, "heap").result()
        ask(run, "panics").result()
        process = run.served_by()
        busy = [
            int(thread.parent.name)
            for thread in Path(f"/proc/{process}/task").glob("*/comm")
            if thread.read_text(encoding="ascii") == "busy\n"
        ]
        for _ in range(10):
            for thread in busy:
                LIBRARY.tgkill(process, thread, signal.SIGRTMAX)
            time.sleep(0.7)
        run.wait_for_line("(busy) is in ")
        run.wait_until_ready()
        assert run.stop() == 0, run.log()
        assert re.search(rf"is in .*(compute|panics) at {OWN_CODE}", run.log()), run.log()


# --- Start and stop ---


def test_a_start_that_hangs_is_named_and_ended(service: Program) -> None:
    with service.start(ready=False, AT_START="sleep-60", START_SECONDS="5") as run:
        assert run.wait() == SOFTWARE
        log = run.log()

    assert "the start hangs or takes long: nothing has moved for 3 s; the stacks follow" in log
    assert re.search(rf"the main thread is in .*{OWN_CODE}", log), log
    assert re.search(r"it has not started after [56] s; the stacks follow, and it is killed", log)


def test_a_stop_that_hangs_is_ended_before_docker_would(service: Program) -> None:
    with service.start(AT_STOP="sleep-60") as run:
        began = time.monotonic()
        assert run.stop() == SOFTWARE
        took = time.monotonic() - began
        log = run.log()

    assert took < 10 or "CPU time is short" in log, log
    assert "it does not stop: 8 s are over; the stacks follow, and it is killed" in log
    assert re.search(rf"the main thread is in .*{OWN_CODE}", log), log


# --- Process 1 and its memory ---


def test_process_1_reaps_orphans(service: Program, unshared: Unshared) -> None:
    with unshared(service, "--pid", "--fork", "--mount-proc").start() as run:
        (supervisor,) = children(run.process.pid)
        ask(run, "orphan").result()
        assert len(children(supervisor)) == 2
        run.wait_until(lambda: len(children(supervisor)) == 1, "the orphan is not reaped", 5)
        os.kill(supervisor, signal.SIGTERM)
        assert run.wait() == 0, run.log()


def children(process: int) -> list[int]:
    path = Path(f"/proc/{process}/task/{process}/children")
    return [int(number) for number in path.read_text(encoding="ascii").split()]


LIMITS = {
    "version 1": ("memory/memory.limit_in_bytes", "memory/memory.oom_control"),
    "version 2": ("memory.max", "memory.events"),
}


@pytest.mark.parametrize("version", LIMITS)
def test_what_the_kernel_kills_for_memory_is_named(
    service: Program, unshared: Unshared, tmp_path: Path, version: str
) -> None:
    """First a child process, then the service."""
    limit, events = (tmp_path / name for name in LIMITS[version])
    limit.parent.mkdir(exist_ok=True)
    limit.write_text(f"{96 << 20}\n", encoding="ascii")
    events.write_text("under_oom 0\noom_kill 3\n", encoding="ascii")
    mount = f"mount --bind {tmp_path} /sys/fs/cgroup"
    with unshared(service, first=mount).start() as run:
        events.write_text("under_oom 0\noom_kill 4\n", encoding="ascii")
        run.wait_for_line("ERROR supervisor: orders: the kernel killed a child process: this")
        events.write_text("under_oom 0\noom_kill 5\n", encoding="ascii")
        run.send_inside(signal.SIGKILL)
        assert run.wait() == 137
        log = run.log()

    assert "killed by the kernel: it needed more than the 96 MiB of memory that this" in log
    assert re.search(r"memory \d+ MiB of 96 MiB\)", log), log
    assert log.count("killed a child process") == 1


def test_it_needs_little_memory(service: Program) -> None:
    with service.start() as run:
        time.sleep(2.5)
        rollup = Path(f"/proc/{run.process.pid}/smaps_rollup").read_text(encoding="ascii")
        kilobytes = {name: int(size) for name, size in re.findall(r"(\w+): +(\d+) kB", rollup)}
        assert run.stop() == 0

    assert kilobytes["Private_Clean"] + kilobytes["Private_Dirty"] < 2 * MEBIBYTE, rollup
