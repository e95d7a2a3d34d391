"""Fixes are tried as they are advised: what cures a copy is told, and what does not is not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from recorded import NOW, File, case, elf, program

from examples import EXAMPLES, SERVER, STARTED, tried
from scaffolder.diagnose.causes.evidence import Evidence
from scaffolder.diagnose.evidence.config import Mount
from scaffolder.diagnose.evidence.facts import Event, Neighbour
from scaffolder.diagnose.evidence.kernel_log import Message
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.diagnose.session import is_open
from scaffolder.diagnose.verdict.granted import needed
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.lifetimes import last_life, lived, window
from scaffolder.diagnose.verdict.rerun import Rerun
from scaffolder.diagnose.verdict.unchanged import take_in
from scaffolder.diagnose.verdict.wanted import wanted

MISSING = "openat\t-2\tp=/etc/key.pem\tx=0"
TRAP = Message(0, "traps: server[7] general protection fault ip:7f00 sp:7ffc error:0 in libc.so.6")


def aborted(call: str) -> dict[str, Any]:
    """Return a container whose copy called abort() right after a call."""
    trace = f"{STARTED}C\t1\t7\t7\t{call}\nX\t2\t7\t0\t6"
    return {**EXAMPLES["aborted"], "trace": trace, "sources": {"messages": (at_end(TRAP),)}}


def at_end(message: Message) -> Message:
    return Message((NOW - timedelta(seconds=59)).timestamp(), message.text)


@pytest.mark.parametrize(
    ("call", "cause"),
    [
        ("mlock\t-12", "locked-memory-limit"),
        ("openat\t-2\tp=/etc/key.pem\tx=0", "file-missing"),
        ("prlimit64\t-1", "capability-missing"),
        ("madvise\t-22", "aborted"),
    ],
)
def test_what_was_refused_right_before_an_abort_is_why(call: str, cause: str) -> None:
    of = case(**aborted(call))
    how = Rerun("aborted", "process", "it aborts", cured=True, proves=True, factor="init 134")

    assert judge(of).cause == cause
    assert judge(of, how).cause == cause  # an init tells how it ends, not why
    assert (judge(of).verdict == "proven") == (cause == "aborted")


@pytest.mark.parametrize(
    ("call", "cause"),
    [
        ("mmap\t-11", "locked-memory-limit"),
        ("mlockall\t-11", "locked-memory-limit"),
        ("mmap\t-12", "memory-exhausted"),
        ("clone\t-11", "pids-limit"),
    ],
)
def test_memory_that_may_not_be_locked_is_no_limit_of_processes(call: str, cause: str) -> None:
    assert judge(case(**tried(call))).cause == cause


BUS = f"{STARTED}S\t2\t7\t7\t2\t0\t0\nX\t2\t7\t0\t7"


def test_shared_memory_is_given_in_the_sizes_that_are_advised() -> None:
    killed = [*wanted(case(files=SERVER, exit_code=135, trace=BUS))]
    large = [*wanted(case(files=SERVER, exit_code=135, trace=BUS, config={"shm": 512 << 20}))]
    other = [
        *wanted(case(files=SERVER, exit_code=139, trace=BUS.replace("\t7\t0\t7", "\t7\t0\t11")))
    ]

    assert [factor.flags for factor in killed] == ["--shm-size 256m", "--shm-size 1024m"]
    assert [factor.flags for factor in large] == ["--shm-size 1024m"]
    assert not other
    assert all(f.cure and f.flags in f.cure.fix and f.cure.is_exact for f in killed)
    # What is kept in memory counts as used, and the limit is not what is changed.
    assert all(factor.config.memory > factor.config.shm for factor in killed)


@pytest.mark.parametrize(
    ("call", "options"),
    [
        ("mlock\t-12", ["--ulimit memlock=-1"]),
        ("mmap\t-11", ["--ulimit memlock=-1"]),
        ("mmap\t-12", []),
        ("openat\t-24\tp=/data/x\tx=0", ["--ulimit nofile=65536"]),
        ("write\t-27\tf=3:/data/x", ["--ulimit fsize=-1"]),
        ("openat\t-13\tp=/data/x\tx=0", []),
    ],
)
def test_the_limit_that_refused_a_call_is_raised_as_advised(call: str, options: list[str]) -> None:
    found = [*wanted(case(**tried(call)))]

    assert [f.flags for f in found if "ulimit" in f.flags] == options


def test_what_cured_a_copy_is_the_fix_that_is_told() -> None:
    of = case(**EXAMPLES["shared-memory"])
    shown = (Evidence("rerun", "docker run", "it runs"),)
    cured = Rerun(
        "shared-memory", "memory", "too small", "--shm-size 1024m", cured=True, proves=True,
        is_exact=True, factor="shm", evidence=shown,
    )  # fmt: skip
    found = judge(of, cured)

    assert (found.verdict, found.fix, found.commands) == ("proven", "--shm-size 1024m", ())
    assert "256m" in judge(of).fix


def test_a_proof_from_the_log_gets_the_fix_that_was_tried_and_no_other_cause() -> None:
    log = 'nginx: [emerg] chown("/var/lib/nginx/body", 33) failed (1: Operation not permitted)'
    of = case(log=log, config={"capabilities_dropped": ("ALL",)})
    cured = Rerun(
        "capability-missing", "permissions", "it needs two", "--cap-add CHOWN --cap-add SETGID",
        cured=True, proves=True, is_exact=True, factor="capabilities",
    )  # fmt: skip
    other = Rerun("disk-full", "memory", "full", "more", cured=True, proves=True, factor="space")
    alone = judge(of)

    assert (alone.verdict, is_open(of, alone)) == ("proven", True)
    assert judge(of, cured).fix == "--cap-add CHOWN --cap-add SETGID"
    assert judge(of, other).fix == alone.fix
    privileged = case(log=log, config={"user": "app"})
    assert judge(privileged).verdict != "proven"


@pytest.mark.parametrize(
    ("name", "error", "capability"),
    [
        ("fchownat", 1, "CHOWN"),
        ("setgroups", 1, "SETGID"),
        ("setresuid", 1, "SETUID"),
        ("bind", 13, "NET_BIND_SERVICE"),
        ("openat", 13, "DAC_OVERRIDE"),
        ("openat", 2, ""),
        ("mount", 1, ""),
        ("prlimit64", 1, ""),
        ("ptrace", 1, ""),
    ],
)
def test_no_copy_is_given_what_a_container_without_options_has_not(
    name: str, error: int, capability: str
) -> None:
    assert needed(Call(1, 7, 7, name, error)) == capability
    assert needed(None) == ""


def test_a_copy_gets_the_time_that_the_first_run_took() -> None:
    """It makes its files; the next ones find them."""
    runs = (
        Event(1.0, "start"), Event(9.0, "die", 1), Event(9.5, "start"), Event(10.0, "die", 1),
    )  # fmt: skip
    restarted = case(sources={"happened": runs})
    long = case(sources={"happened": (Event(1.0, "start"), Event(900.0, "die", 1))})

    assert (lived(case()), lived(restarted)) == (1.0, 8.0)
    assert window(case()) < 8.0 < window(restarted)
    assert window(long) < 40


def test_a_copy_gets_longer_than_the_watched_one_took_on_a_machine_that_is_busy_now() -> None:
    ended = "P\t1\t7\t/app/server\t/app/server\nX\t{}\t7\t1\t0"
    quick, slow = (case(trace=ended.format(ms)) for ms in (300, 9000))

    assert window(quick) == window(case()) < 9.0 < window(slow)
    assert window(case(trace=ended.format(900_000))) < 40


def test_the_last_run_that_is_over_counts_while_the_next_one_has_begun() -> None:
    runs = (Event(1.0, "start"), Event(26.0, "die", 0), Event(27.0, "start"))
    between = case(state={"status": "running"}, sources={"happened": runs})
    first = case(state={"status": "running"}, sources={"happened": runs[:1]})

    assert last_life(between) == 25.0
    assert last_life(case(sources={"happened": runs})) == 1.0  # it is not restarted any more
    assert last_life(first) == first.state.seconds


@pytest.mark.parametrize(
    ("address", "error", "expected"),
    [
        ("7f7c9559aec8", "6", ("stack-overflow", "proven")),  # its own frame is not mapped
        ("7f7c9559aeb8", "6", ("stack-overflow", "proven")),  # it calls a function
        ("7f7c9559aec8", "7", ("segfault", "proven")),  # there is a page: something else is wrong
        ("0", "6", ("segfault", "proven")),
        ("7f7c95400000", "6", ("segfault", "proven")),
    ],
)
def test_a_stack_pointer_that_has_left_its_stack_is_told_by_the_kernel(
    address: str, error: str, expected: tuple[str, str]
) -> None:
    """Where it is far below, as with a large array, no guard is beside it."""
    line = f"server[7]: segfault at {address} ip 401154 sp 7f7c9559aec0 error {error} in server"
    found = judge(
        case(files=SERVER, exit_code=139, sources={"messages": (at_end(Message(0, line)),)})
    )

    assert (found.cause, found.verdict) == expected
    assert ("128 KiB" in found.text) == (expected[0] == "stack-overflow")


def test_a_small_stack_of_the_first_thread_is_left_to_a_copy_without_the_limit() -> None:
    line = "server[7]: segfault at 7ffc9559aec8 ip 401154 sp 7ffc9559aec0 error 6 in server"
    more: dict[str, Any] = {
        "sources": {"messages": (at_end(Message(0, line)),)},
        "exit_code": 139,
        "files": SERVER,
    }
    limited = judge(case(**more, config={"ulimits": {"stack": 1 << 20}}))

    assert (limited.cause, limited.verdict) == ("stack-overflow", "likely")
    assert "128 KiB" not in judge(case(**more)).text


@pytest.mark.parametrize(
    ("cause", "factor", "is_told"),
    [
        ("shared-memory", "shm", True),
        ("shared-memory", "memory", False),
        ("file-missing", "file", False),  # an empty one may not be enough
    ],
)
def test_what_should_cure_and_does_not_is_told(cause: str, factor: str, *, is_told: bool) -> None:
    of = case(**EXAMPLES["shared-memory"] if cause == "shared-memory" else tried(MISSING))
    found = judge(of, Rerun(in_vain={factor: "with more a copy exits with 135"}))

    assert (found.cause, found.verdict) == (cause, "likely")
    assert ("exits with 135 all the same" in found.text) == is_told


NOT_DEFINED = "AH00111: Config variable ${APACHE_RUN_DIR} is not defined"


def test_variables_that_only_a_servers_own_script_reads_are_told_with_it() -> None:
    lists = {"/etc/apache2/envvars": File(b"export APACHE_RUN_DIR=/var/run/apache2\n")}
    told = judge(case(exit_code=1, log=NOT_DEFINED, files=lists))
    alone = judge(case(exit_code=1, log=NOT_DEFINED, files={}))

    assert told.cause == alone.cause == "variable-missing"
    assert told.fix.startswith("start it by apache2ctl -D FOREGROUND")
    assert alone.fix.startswith("pass it: docker run -e APACHE_RUN_DIR=...")


def test_what_only_a_module_of_the_kernel_makes_is_not_copied() -> None:
    found = judge(case(exit_code=1, log="cannot access /proc/fs/nfsd: No such file or directory"))

    assert found.cause == "file-missing"
    assert "modprobe" in found.fix
    assert "COPY" not in found.fix


CRASHED = (
    "server[7]: segfault at {} ip 401154 sp 7f7c9559aec0 error 4 in {}[114a,7f6922546000+1000]"
)
FRAMES = """Fatal Python error: Segmentation fault

Current thread 0x00007f (most recent call first):
  File "/usr/lib/python3.13/ctypes/util.py", line 9 in find
  File "/app/vocab.py", line 33 in add
  File "/app/main.py", line 5 in <module>
"""


@pytest.mark.parametrize(
    ("address", "where", "said", "told"),
    [
        ("7f00deadbeef", "libtokens.so", "", "native code of libtokens.so accessed memory that it may not access"),
        ("7f00deadbeef", "server", "", "native code accessed memory that it may not access"),
        ("18", "server", "", "a null pointer (address 0x18)"),
        ("7f00deadbeef", "server", FRAMES, "it was called at /app/vocab.py:33 (add)"),
        ("7f00deadbeef", "server", "\n".join(FRAMES.splitlines()[:4]), "util.py:9 (find)"),
    ],
    ids=["a-library", "its-own", "null", "python", "only-a-library"],
)  # fmt: skip
def test_a_crash_is_told_with_its_library_its_address_and_the_line_of_python(
    address: str, where: str, said: str, told: str
) -> None:
    line = CRASHED.format(address, where)
    messages = {"messages": (at_end(Message(0, line)),)}
    found = judge(case(files=SERVER, exit_code=139, log=said, sources=messages))

    assert (found.cause, found.verdict) == ("segfault", "proven")
    assert told in found.text
    assert ("null pointer" in found.text) == (address == "18")


def test_what_python_tells_of_a_crash_in_a_copy_takes_no_proof_away() -> None:
    crashed = case(
        files=SERVER,
        exit_code=139,
        sources={"messages": (at_end(Message(0, CRASHED.format("0", "server"))),)},
    )
    take_in(crashed, replace(crashed.seen, unheard=tuple(FRAMES.splitlines())))
    found = judge(crashed)

    assert (found.cause, found.verdict) == ("segfault", "proven")
    assert "a copy shows that it was called at /app/vocab.py:33 (add)" in found.text


LOCKS = program(elf() + b"\0mlockall\0malloc\0")


@pytest.mark.parametrize(
    ("file", "config", "is_told"),
    [
        (LOCKS, {"ulimits": {"memlock": 65536}}, True),
        (LOCKS, {"ulimits": {"memlock": -1}}, False),
        (LOCKS, {}, False),
        (LOCKS, {"ulimits": {"memlock": 65536}, "capabilities_added": ("IPC_LOCK",)}, False),
        (program(elf()), {"ulimits": {"memlock": 65536}}, False),
    ],
    ids=["small", "none", "not set", "with the capability", "locks nothing"],
)
def test_a_small_limit_of_locked_memory_is_named_for_a_program_that_locks(
    file: File, config: dict[str, Any], *, is_told: bool
) -> None:
    found = judge(case(files={"/app/server": file}, exit_code=1, config=config))

    assert (found.cause == "locked-memory-limit") is is_told, found
    assert not is_told or "may lock 64 KiB" in found.text


@pytest.mark.parametrize(("source", "is_shared"), [("/v/run", True), ("/v/other", False)])
def test_a_socket_in_a_shared_mount_may_be_closed_to_its_user(
    source: str, *, is_shared: bool
) -> None:
    theirs = Mount("volume", source, "/run/cache", name="run")
    own = Mount("volume", "/v/run", "/run/cache", name="run")
    other = Neighbour("cache", "running", mounts=(theirs,))
    example = tried(
        "connect\t-2\ta=unix:/run/cache/redis.sock\tf=3:socket:[9]",
        config={"mounts": (own,)},
        sources={"around": (other,)},
    )
    found = judge(case(**example))

    assert found.cause == "socket-missing"
    assert ("permission denied" in found.text) is is_shared
    assert ("docker exec cache ls -ln /run/cache" in found.fix) is is_shared


@pytest.mark.parametrize(
    ("config", "kind", "option"),
    [
        ({"pids": 20}, "(pids limit)", "--pids-limit 512"),
        ({"ulimits": {"nproc": 20}}, "of the user (ulimit nproc)", "--ulimit nproc=512"),
        ({"pids": 20, "ulimits": {"nproc": 9}}, "(pids limit)", "--pids-limit 512"),
    ],
)
def test_the_limit_of_processes_that_is_reached_is_the_one_to_raise(
    config: dict[str, Any], kind: str, option: str
) -> None:
    found = judge(case(log="RuntimeError: can't start new thread", config=config))

    assert f"the limit of 20 processes and threads {kind} is reached" in found.text
    assert option in found.fix
