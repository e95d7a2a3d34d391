"""Programs that run and do nothing: where their threads are, as their runtimes tell upon SIGQUIT."""

from dataclasses import replace
from typing import Any

import pytest
from recorded import case

from examples import SERVER, STARTED, up
from scaffolder.diagnose.evidence import jvm_log
from scaffolder.diagnose.evidence.facts import Process, Socket
from scaffolder.diagnose.evidence.stuck import Stand, Stuck, told
from scaffolder.diagnose.evidence.swallowed import LOST
from scaffolder.diagnose.session import is_open
from scaffolder.diagnose.verdict.judge import judge

JAVA = """\
Full thread dump OpenJDK 64-Bit Server VM (17.0.15+6 mixed mode, sharing):

"main" #1 prio=5 os_prio=0 cpu=29.82ms elapsed=2.01s tid=0x00007fb6a4017ed0 nid=0xb42 waiting
   java.lang.Thread.State: TIMED_WAITING (sleeping)
\tat java.lang.Thread.sleep(java.base@17.0.15/Native Method)
\tat com.acme.Poller.run(Poller.java:31)
\tat com.acme.Main.main(Main.java:12)

"Reference Handler" #2 daemon prio=10 os_prio=0 tid=0x00007fb6a40f83c0 nid=0xb49 waiting
   java.lang.Thread.State: RUNNABLE
\tat java.lang.ref.Reference.waitForReferencePendingList(java.base@17.0.15/Native Method)

"""
DEADLOCK = """\
Found one Java-level deadlock:
=============================
"main":
  waiting to lock monitor 0x00007fb6a4119750 (object 0x000000069ec19338, a java.lang.Object),
  which is held by "settler"

"settler":
  waiting for ownable synchronizer 0x0006, (a java.util.concurrent.locks.ReentrantLock$Sync),
  which is held by "main"

Java stack information for the threads listed above:
===================================================
"main":
\tat com.acme.Transfer.move(Transfer.java:6)
\t- waiting to lock <0x000000069ec19338> (a java.lang.Object)
\tat com.acme.Transfer.main(Transfer.java:12)
"settler":
\tat jdk.internal.misc.Unsafe.park(java.base@17.0.15/Native Method)
\tat java.util.concurrent.locks.ReentrantLock.lock(java.base@17.0.15/ReentrantLock.java:322)
\tat com.acme.Transfer.settle(Transfer.java:20)

Found 1 deadlock.
"""
GO = """\
SIGQUIT: quit
PC=0x46f4e1 m=0 sigcode=0

goroutine 0 gp=0x5 m=0 mp=0x6 [idle]:
runtime.futex()
\t/usr/lib/go-1.24/src/runtime/sys_linux_amd64.s:557 +0x21

goroutine 1 gp=0xc00 m=nil [sync.Mutex.Lock, 2 minutes]:
runtime.gopark(0x1, 0x2)
\t/usr/lib/go-1.24/src/runtime/proc.go:435 +0xce
sync.(*Mutex).Lock(...)
\t/usr/lib/go-1.24/src/sync/mutex.go:46
main.(*ledger).move(0xc0000, 0xc1)
\t/src/ledger.go:21 +0x45
main.main()
\t/src/main.go:9 +0x1d

goroutine 7 gp=0xc01 m=nil [select (no cases)]:
main.wait()
\t/src/main.go:30 +0x10
"""
PYTHON = """\
Thread 0x00007fda8df9c6c0 [settler] (most recent call first):
  File "/usr/local/lib/python3.13/threading.py", line 1094 in join
  File "/app/transfer.py", line 6 in move
  File "/usr/local/lib/python3.13/threading.py", line 982 in run

Current thread 0x00007fda8eddfb80 (most recent call first):
  File "/app/transfer.py", line 7 in move
  File "/app/transfer.py", line 11 in <module>
"""
DEAD = (
    Stand("main", "Transfer.java:6, com.acme.Transfer.move", "for what settler holds"),
    Stand("settler", "Transfer.java:20, com.acme.Transfer.settle", "for what main holds"),
)
RUNS_JAVA = {"running": (Process(7, 1, "S", "/opt/java/bin/java -jar /app.jar", 60),)}


def quiet(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    """Return a running Java program that serves nobody."""
    return up(config={"published": ()}, sources={**RUNS_JAVA, **more.pop("sources", {})}, **more)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (JAVA + DEADLOCK, Stuck(DEAD, is_deadlock=True)),
        (JAVA, Stuck((Stand("main", "Poller.java:31, com.acme.Poller.run"),))),
        (
            GO,
            Stuck((
                Stand("main", "/src/ledger.go:21, main.(*ledger).move", "sync.Mutex.Lock"),
                Stand("goroutine 7", "/src/main.go:30, main.wait", "select (no cases)"),
            )),
        ),
        (
            PYTHON,
            Stuck((
                Stand("thread 1", "/app/transfer.py:6, move"),
                Stand("thread 2", "/app/transfer.py:7, move"),
            )),
        ),
        ("listening on 8080\nquit\n", None),
        ("", None),
    ],
    ids=["deadlock", "java", "go", "python", "another program", "nothing"],
)  # fmt: skip
def test_where_threads_are_is_read_of_what_runtimes_tell(text: str, found: Stuck | None) -> None:
    assert told(text) == found


def test_a_deadlock_that_java_finds_is_told() -> None:
    container = case(**quiet())
    assert judge(container).verdict == "healthy"

    container.seen = replace(container.seen, stuck=told(JAVA + DEADLOCK))
    found = judge(container)

    assert (found.cause, found.verdict) == ("deadlock", "likely")
    assert "main at Transfer.java:6, com.acme.Transfer.move" in found.text
    assert "settler at Transfer.java:20" in found.text


@pytest.mark.parametrize("text", [JAVA, GO, PYTHON])
def test_threads_that_only_wait_are_no_fault(text: str) -> None:
    container = case(**quiet())
    container.seen = replace(container.seen, stuck=told(text))

    assert judge(container).verdict == "healthy"


def test_what_waits_for_a_lock_is_told_where() -> None:
    wait = "W\t3000\t7\t7\tfutex\t2900\nT\t3000"
    container = case(**quiet(trace=f"{STARTED}{wait}"))
    container.seen = replace(container.seen, stuck=told(PYTHON))
    found = judge(container)

    assert found.cause == "waits-in-call"
    assert "/app/transfer.py:6, move" in found.text


@pytest.mark.parametrize(
    ("log", "sources", "asked"),
    [
        ("", {}, True),
        ("up\n", {}, False),
        ("", {"listening": (Socket("0.0.0.0", 8080),)}, False),
        ("", {"running": (Process(7, 1, "S", "/app/javascript-runner", 60),)}, False),
        ("", {"running": (Process(7, 1, "S", "nginx: java", 60),)}, False),
    ],
    ids=["silent", "has a log", "serves", "no java", "named so"],
)
def test_only_a_java_program_that_shows_nothing_is_asked(
    log: str, sources: dict[str, object], *, asked: bool
) -> None:
    container = case(**quiet(log=log, sources=sources))

    assert is_open(container, judge(container)) is asked


OBJECT = 'java/lang/NumberFormatException\'{0x000000069ecaa188}: For input string: "1k"'
OF_FUTURE = "java/util/concurrent/FutureTask"


def threw(method: str, holder: str, what: str = OBJECT) -> str:
    return (
        f"[1055ms] Exception <a '{what}>\n thrown in interpreter method <{{method}} {{0x7f430b04}}"
        f" '{method}' '()V' in '{holder}'>\n at bci 30 for thread 0x7f439011 (pool-1-thread-1)\n"
    )


def caught(method: str) -> str:
    kind = "java.lang.NumberFormatException"
    return (
        f'[1055ms] Found matching handler for exception of type "{kind}" in method "{method}"'
        " at BCI: 55\n"
    )


IN_LIBRARY = threw("parseInt", "java/lang/Integer")
OVER = IN_LIBRARY + threw("refresh", "com/acme/Rates") + threw("runAndReset", OF_FUTURE)
ASKED = "java/util/concurrent/ExecutionException'{0x000000069ecaa999}: java.lang.Number"


def test_the_exception_that_the_future_of_a_scheduled_task_keeps_is_told() -> None:
    container = case(**quiet())
    container.seen = replace(container.seen, stuck=told(OVER + caught("runAndReset")))
    found = judge(container)

    assert (found.cause, found.verdict) == ("java-task-over", "likely")
    assert 'NumberFormatException: For input string: "1k" (com.acme.Rates.refresh)' in found.text
    assert "is not run again" in found.text


def test_a_program_that_ends_after_its_only_task_failed_has_failed() -> None:
    once = OVER.replace("runAndReset", "run") + caught("run")
    lost, ending = jvm_log.end(once, "")
    trace = "P\t0\t7\t/usr/bin/java\tjava\\x00\n{}X\t900\t7\t0\t0"
    idle = trace.format("C\t1\t7\t7\topenat\t3\tp=/tmp/hsperfdata_root/7\tx=242\n")
    worked = trace.format("C\t1\t7\t7\topenat\t3\tp=/data/out.csv\tx=242\n")
    of: dict[str, Any] = {"files": SERVER, "exit_code": 0, "swallowed": lost}

    assert ending is None
    assert lost
    assert lost.how == LOST
    assert judge(case(**of, trace=idle)).verdict == "likely"
    assert judge(case(**of, trace=worked)).verdict == "healthy"
    assert judge(case(**of, trace=idle, log="exported 7 rows")).verdict == "healthy"


def test_of_a_task_that_was_to_run_once_it_is_told_as_well() -> None:
    once = OVER.replace("runAndReset", "run")
    container = case(**quiet())
    container.seen = replace(container.seen, stuck=told(JAVA + once + caught("run")))
    found = judge(container)

    assert found.cause == "java-task-over"
    assert "is not run again" not in found.text


@pytest.mark.parametrize(
    "log",
    [
        OVER + caught("runAndReset") + threw("report", OF_FUTURE, ASKED),
        IN_LIBRARY + threw("refresh", "com/acme/Rates") + caught("refresh"),
        IN_LIBRARY + threw("runAndReset", OF_FUTURE) + caught("runAndReset"),
        OVER,
    ],
    ids=["its Future is asked", "it is handled", "no code of its own", "it goes on"],
)
def test_what_somebody_handles_or_asks_for_is_no_fault(log: str) -> None:
    container = case(**quiet())
    container.seen = replace(container.seen, stuck=told(log))

    assert judge(container).verdict == "healthy"


REPORTED = """#<Thread:0x00007fb4c85aa378 /app/closing.rb:34 run> terminated with exception (report_on_exception is true):
/usr/lib/ruby/3.3.0/date.rb:12:in `strptime': invalid date (Date::Error)
\tfrom /app/closing.rb:27:in `block in load'
\tfrom /app/closing.rb:26:in `map'
"""


def test_what_ends_a_thread_of_ruby_is_told_with_the_place_in_its_own_code() -> None:
    container = case(**quiet())
    container.seen = replace(container.seen, stuck=told(f"closing calendar\n{REPORTED}"))
    found = judge(container)

    assert (found.cause, found.verdict) == ("thread-over", "likely")
    assert "Date::Error: invalid date (/app/closing.rb:27)" in found.text


@pytest.mark.parametrize(
    "text", [REPORTED.partition("\n")[0], "closing calendar\n", REPORTED.replace("#<T", "a #<T")]
)
def test_what_is_no_whole_report_of_a_thread_tells_nothing(text: str) -> None:
    assert told(text) is None


def test_a_long_text_of_threads_is_read_quickly() -> None:
    text = REPORTED.partition("\n")[0] + "\n"

    assert told(text * 5_000) is None
    assert told(text + "x" * 100_000) is None


def thread(number: int, *frames: str) -> str:
    stack = "".join(f"\tat {frame}\n" for frame in frames)
    state = "   java.lang.Thread.State: WAITING (parking)\n"
    return f'"pool-1-thread-{number}" #{number} prio=5 waiting\n{state}{stack}\n'


OF_TASKS = "java.util.concurrent.FutureTask.awaitDone(java.base@17/FutureTask.java:447)"
GETS = "java.util.concurrent.FutureTask.get(java.base@17/FutureTask.java:190)"
ALBUM = "com.acme.Thumbs.album(Thumbs.java:27)"
IDLE = "java.util.concurrent.ThreadPoolExecutor.getTask(java.base@17/ThreadPoolExecutor.java:1062)"
STARVED = thread(1, OF_TASKS, GETS, ALBUM)


def test_a_pool_whose_threads_all_wait_for_its_own_tasks_is_told() -> None:
    container = case(**quiet())
    container.config = replace(container.config, cpus=1.0)
    container.seen = replace(container.seen, stuck=told(JAVA + STARVED))
    found = judge(container)

    assert (found.cause, found.verdict) == ("deadlock", "likely")
    assert "pool-1-thread-1 at Thumbs.java:27, com.acme.Thumbs.album" in found.text
    assert "--cpus 1 decides that" in found.text


@pytest.mark.parametrize(
    "text", [JAVA + STARVED + thread(2, IDLE), JAVA + thread(1, IDLE), JAVA + thread(1, ALBUM)]
)
def test_a_pool_with_a_thread_that_can_run_a_task_is_not_starved(text: str) -> None:
    found = told(text)

    assert found is not None
    assert not found.is_starved
