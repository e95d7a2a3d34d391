"""The tracer by itself: what it sees of programs that fork, exec, crash and hide, and its limits."""

import errno
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scaffolder.diagnose.evidence import last_steps
from scaffolder.diagnose.evidence.gave_up import process_found
from scaffolder.diagnose.evidence.trace import Call, Trace, Traced
from scaffolder.diagnose.evidence.trace_records import read

ROOT = Path(__file__).parent.parent.parent
TRACERS = ROOT / "scaffolder/diagnose/tracers"
MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "none")

pytestmark = pytest.mark.skipif(
    not (TRACERS / MACHINE).is_file() or sys.platform != "linux",
    reason=f"there is no tracer for {platform.machine()}",
)

Watch = Callable[..., tuple[int, Trace]]


@pytest.fixture
def tracer(tmp_path: Path) -> Path:
    program = tmp_path / "tracer"
    shutil.copy(TRACERS / MACHINE, program)
    program.chmod(0o755)
    return program


@pytest.fixture
def watch(tracer: Path, tmp_path: Path) -> Watch:
    """Run a command under the tracer; return the status and what was seen."""

    def run(*command: str, seconds: float = 30) -> tuple[int, Trace]:
        records = tmp_path / "records"
        ran = subprocess.run(
            [tracer, records, str(round(seconds * 1000)), *command],
            cwd=tmp_path, check=False, timeout=60, capture_output=True,
        )  # fmt: skip
        trace = read(records.read_text("ascii"))
        if trace.obstacle:
            pytest.skip(f"nothing can be traced here: {trace.obstacle}")
        return ran.returncode, trace

    return run


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", "-c", code)


def first(trace: Trace) -> Traced:
    assert trace.first
    return trace.first


def failed(trace: Trace, name: str) -> Call:
    """Return the last failed call with a path, or an address, that ends so."""
    found = [
        call for call in trace.calls if call.error and f"{call.given}{call.where}".endswith(name)
    ]
    assert found, trace.calls[-20:]
    return found[-1]


def test_a_file_that_is_missing_is_named_as_it_was_asked_for_and_in_full(
    watch: Watch, tmp_path: Path
) -> None:
    code = "import os, sys\ntry: open('config/app.toml')\nexcept OSError: os._exit(3)"
    status, trace = watch(*python(code))
    call = failed(trace, "app.toml")

    assert status == first(trace).status == 3
    assert (call.error, call.given) == (errno.ENOENT, "config/app.toml")
    assert (call.path, call.base) == (str(tmp_path / "config/app.toml"), str(tmp_path))
    assert call.process == first(trace).number


def test_children_are_followed_and_how_each_ended(watch: Watch) -> None:
    status, trace = watch("sh", "-c", "sh -c 'cat /nowhere/a; exit 4'; kill -9 $$")
    known = {p.argv: p for p in trace.processes.values()}
    inner = known["sh", "-c", "cat /nowhere/a; exit 4"]
    cat = known["cat", "/nowhere/a"]

    assert status == 128 + signal.SIGKILL
    assert first(trace).signal == signal.SIGKILL
    assert (inner.status, inner.parent) == (4, first(trace).number)
    assert (cat.status, cat.parent) == (1, inner.number)
    assert failed(trace, "/nowhere/a").process == cat.number


def test_a_child_is_seen_that_has_done_nothing_when_its_parent_ends(watch: Watch) -> None:
    left = [watch("sh", "-c", "sleep 20 & exit 0")[1] for _ in range(20)]

    assert all(last_steps.outlived(trace) for trace in left)


def test_each_of_many_short_lived_children_is_seen_once_with_its_end(
    tracer: Path, tmp_path: Path
) -> None:
    records = tmp_path / "records"
    script = (
        "for i in 1 2 3 4 5 6 7 8; do for j in 1 2 3 4 5; do (true) & /bin/true; done; done; wait"
    )
    subprocess.run([tracer, records, "20000", "bash", "-c", script], check=False, timeout=60)
    rows = [line.split("\t") for line in records.read_text("ascii").splitlines()]
    begun = [row[2] for row in rows if row[0] == "N"]
    ended = {row[2] for row in rows if row[0] == "X"}

    assert len(begun) == len(set(begun)) == 80
    assert set(begun) <= ended


def test_threads_belong_to_their_process(watch: Watch) -> None:
    code = (
        "import os, threading\n"
        "t = threading.Thread(target=lambda: os.path.exists('/of/a/thread')); t.start(); t.join()"
    )
    _, trace = watch(*python(code))
    call = failed(trace, "/of/a/thread")

    assert call.process == first(trace).number != call.thread


def test_a_thread_that_executes_a_program_takes_the_place_of_its_process(watch: Watch) -> None:
    code = (
        "import os, threading, time\n"
        "threading.Thread(target=lambda: os.execlp('cat', 'cat', '/of/cat')).start(); time.sleep(9)"
    )
    status, trace = watch(*python(code))

    assert (status, first(trace).argv) == (1, ("cat", "/of/cat"))
    assert failed(trace, "/of/cat").process == first(trace).number


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGTERM])
def test_a_crash_ends_it_as_a_shell_says_it(number: int, watch: Watch) -> None:
    status, trace = watch(*python(f"import os; os.kill(os.getpid(), {number})"))

    assert status == 128 + number
    assert first(trace).signal == number
    assert trace.signals[-1].sender == first(trace).number


@pytest.mark.parametrize("asks", ["os.kill(n, 0)", "os.pidfd_open(n)"])
def test_a_question_for_a_process_is_seen_that_finds_it(asks: str, watch: Watch) -> None:
    _, trace = watch(*python(f"import os; n = os.getpid(); {asks}"))

    assert first(trace).number in set(map(process_found, trace.calls))


ASTRAY = {
    "amd64": '__asm__("movabs $0x123456789000, %rsp; push %rax");',
    "arm64": '__asm__("movz x9, #0x6789, lsl #16; mov sp, x9; str x0, [sp, #-16]!");',
}
THREAD = (
    "volatile char b[4096]; b[n % 9] = n; pthread_t t;"
    " if (n == 1) pthread_create(&t, 0, (void *(*)(void *))f, (void *)2), pthread_join(t, 0);"
    " else return f(n + 1) + b[0];"
)
CRASHES: dict[str, bool | str] = {
    "int f(int n) { volatile char b[4096]; b[n % 9] = n; return f(n + 1) + b[0]; }": True,
    "int f(int n) { return n ? f(n + 1) + f(n + 2) : 0; }": True,
    "int f(int n) { return *(volatile int *)(long)(n - 1); }": False,
    "int f(int n) { volatile char b[16]; for (;; n++) b[n] = 1; }": False,
    f"int f(int n) {{ {ASTRAY.get(MACHINE, '')} return n; }}": False,
    f"int f(int n) {{ {THREAD} return n; }}": "of a thread",
    f"int f(int n) {{ {THREAD.replace('4096', '600 << 10')} return n; }}": "of a thread",
}
"""Functions that crash, and if because the stack is used up.

The fourth one overruns its other end, the next one loses the stack pointer, and the last two are on
the stack of another thread: one of them goes beyond what guards it.
"""


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
def test_a_crash_for_want_of_stack_is_told_from_others(watch: Watch, tmp_path: Path) -> None:
    seen = {}
    for function in CRASHES:
        source, program = tmp_path / "crash.c", tmp_path / "crash"
        source.write_text(f"#include <pthread.h>\n{function}\nint main(void) {{ return f(1); }}\n")
        flags = ("-O0", "-w", "-pthread", "-fno-stack-protector")
        subprocess.run(["cc", *flags, "-o", program, source], check=True)
        status, trace = watch(str(program))
        assert status == 128 + signal.SIGSEGV
        last = trace.signals[-1]
        seen[function] = "of a thread" if last.of_thread else last.out_of_stack

    assert seen == CRASHES


def test_a_program_that_closes_everything_is_seen_all_the_same(watch: Watch) -> None:
    code = "import os\nos.closerange(0, 4096)\ntry: open('/not/there')\nexcept OSError: os._exit(5)"
    status, trace = watch(*python(code))

    assert status == 5
    assert failed(trace, "/not/there").error == errno.ENOENT


def test_what_a_program_writes_is_its_own(tracer: Path, tmp_path: Path) -> None:
    command = [str(tracer), str(tmp_path / "r"), "9000", "sh", "-c", "echo out; echo err >&2; cat"]
    ran = subprocess.run(command, input=b"in\n", capture_output=True, check=True)

    assert (ran.stdout, ran.stderr) == (b"out\nin\n", b"err\n")


def test_addresses_are_read(watch: Watch) -> None:
    code = (
        "import os, socket\n"
        "for f, a in ((socket.AF_INET, ('127.0.0.1', 1)), (socket.AF_UNIX, '/no/app.sock'),\n"
        "             (socket.AF_UNIX, '\\0hidden')):\n"
        "    try: socket.socket(f).connect(a)\n"
        "    except OSError: pass\n"
    )
    _, trace = watch(*python(code))
    asked = [call.where for call in trace.calls if call.name == "connect" and call.error]

    assert asked == ["127.0.0.1:1", "/no/app.sock", "@hidden"]


def test_addresses_of_ipv6_are_read_as_they_are_written() -> None:
    row = "C\t1\t5\t5\tconnect\t-111\ta=inet6:{}:80"
    lines = [row.format(a) for a in ("0:0:0:0:0:0:0:1", "0:0:0:0:0:ffff:7f00:1")]

    assert [call.where for call in read("\n".join(lines)).calls] == ["[::1]:80", "127.0.0.1:80"]


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="there is no IPv6 here")
def test_an_address_of_ipv6_is_recorded_as_it_is_read(watch: Watch) -> None:
    code = "import socket\ns = socket.socket(socket.AF_INET6); s.bind(('::1', 0)); s.listen()"
    _, trace = watch(*python(code))

    assert [c.address for c in trace.calls if c.name == "listen"] == ["::1"]


def test_what_other_threads_wait_in_is_told_when_their_process_ends(watch: Watch) -> None:
    code = (
        "import os, threading, time\n"
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
        "time.sleep(0.2); os._exit(0)"
    )
    status, trace = watch(*python(code))
    (wait,) = trace.waits

    assert (status, wait.process) == (0, first(trace).number)
    assert wait.thread != wait.process
    assert "sleep" in wait.name
    assert 59_000 < wait.numbers[0] < 61_000
    assert [c.name[:5] for c in trace.calls].count("clone") == 1


def test_a_connection_that_fails_later_is_seen(watch: Watch) -> None:
    code = (
        "import select, socket\n"
        "s = socket.socket(); s.setblocking(False); s.connect_ex(('127.0.0.1', 1))\n"
        "select.select([], [s], [], 5); s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)\n"
    )
    _, trace = watch(*python(code))

    assert failed(trace, "127.0.0.1:1").error == errno.ECONNREFUSED


def test_names_that_are_looked_up_are_read_from_the_question(watch: Watch) -> None:
    query = b"\\0\\1\\1\\0\\0\\1" + b"\\0" * 6 + b"\\2db\\7service\\0\\0\\1\\0\\1"
    code = (
        "import socket\n"
        "s = socket.socket(type=socket.SOCK_DGRAM); s.connect(('127.0.0.1', 53))\n"
        f"s.send(b'{query.decode()}')\n"
    )
    _, trace = watch(*python(code))

    assert "db.service" in [call.host for call in trace.calls]


def test_a_refused_descriptor_is_shown_as_what_it_is(watch: Watch) -> None:
    code = "import os\ntry: os.write(os.open('/dev/full', os.O_WRONLY), b'x')\nexcept OSError: pass"
    _, trace = watch(*python(code))
    call = next(call for call in trace.calls if call.name == "write" and call.error)

    assert (call.error, call.object) == (errno.ENOSPC, "/dev/full")


def test_the_end_of_the_standard_input_is_seen(watch: Watch) -> None:
    _, trace = watch("sh", "-c", "exec cat </dev/null")

    assert any((c.name, c.error, c.descriptor) == ("read", 0, 0) for c in trace.calls)


def test_when_the_time_is_over_it_says_what_is_waited_for_and_ends_all(
    watch: Watch, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    began = time.monotonic()
    status, trace = watch("sh", "-c", "cat pipe; true", seconds=1)
    waits = {trace.processes[call.process].name: call for call in trace.waits}

    assert status == 124
    assert trace.timed_out
    assert time.monotonic() - began < 20
    assert waits["cat"].path == str(tmp_path / "pipe")
    assert 500 < waits["cat"].waited < 1100
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{number}").exists() for number in trace.processes):
        assert time.monotonic() < deadline, "what it watched runs on"
        time.sleep(0.05)


STUCK = {
    "a lock that it holds itself": (
        "import fcntl\nfiles = [open('l', 'w') for _ in 'ab']\nfor f in files: fcntl.flock(f, 2)",
        "flock",
    ),
    "a thread that nobody wakes": ("import threading\nthreading.Event().wait()", "futex"),
    "a child that waits for its parent": (
        "import os\nr, w = os.pipe()\nos.fork() and os.wait()\nos.read(r, 1)",
        "wait4",
    ),
}


@pytest.mark.parametrize("what", STUCK)
def test_where_all_wait_for_each_other_without_a_limit_it_does_not_go_on_watching(
    what: str, watch: Watch
) -> None:
    code, call = STUCK[what]
    status, trace = watch(*python(code), seconds=50)
    (waits,) = (w for w in trace.waits if w.process == first(trace).number)

    assert (status, trace.timed_out, waits.name) == (124, True, call)
    assert 1000 < waits.waited < 30_000


WOKEN = {
    "a time to sleep": "import time; time.sleep(2)",
    "a time to wait": "import threading; threading.Event().wait(2)",
    "a timer": "import signal\nsignal.signal(14, lambda *_: 0); signal.alarm(2); signal.pause()",
    "a child with a time": "import os, time\nif os.fork(): os.wait()\nelse: time.sleep(2)",
    "a limit of its socket": (
        "import socket, struct\na, b = socket.socketpair()\n"
        "a.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack('qq', 2, 0))\n"
        "try: a.recv(1)\nexcept BlockingIOError: pass"
    ),
}


@pytest.mark.parametrize("what", WOKEN)
def test_a_wait_that_ends_by_itself_is_watched_to_its_end(what: str, watch: Watch) -> None:
    status, trace = watch(*python(WOKEN[what]), seconds=50)

    assert (status, trace.timed_out) == (0, False)


def test_an_answer_is_waited_for_by_its_address(watch: Watch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = f"import socket; socket.create_connection(('127.0.0.1', {port})).recv(1)"
        _, trace = watch(*python(code), seconds=5)

    assert [call.where for call in trace.waits] == [f"127.0.0.1:{port}"]
    assert trace.waits[0].waited > 1500  # a peer is given its time


def test_the_strings_of_a_program_cannot_make_records(watch: Watch) -> None:
    name = "x\nX\t1\t1\t0\t0\\x41\x1b[2J\u202eé" + "y" * 2000
    code = f"import os\nos.path.exists({name!r})"
    _, trace = watch(*python(code))
    shown = next(call.given for call in trace.calls if call.given.startswith("x"))

    assert shown.startswith("x\\nX\\t1\\t1\\t0\\t0\\x41\\x1b[2J\\u202eé")
    assert len(shown) < 600
    assert first(trace).status == 0


def test_memory_and_records_are_bounded_and_the_newest_are_kept(
    watch: Watch, tmp_path: Path
) -> None:
    code = "import os\nfor i in range(5000): os.path.exists('/' + 'n' * 300 + str(i))\nos._exit(7)"
    status, trace = watch(*python(code))

    assert status == 7
    assert (tmp_path / "records").stat().st_size <= 1 << 20
    assert trace.calls[-1].given.endswith("4999")


def test_what_is_tried_again_and_again_is_one_record(watch: Watch) -> None:
    _, trace = watch(*python("import os\nfor i in range(1000): os.path.exists('/again')"))

    assert failed(trace, "/again").times == 1000


def test_more_processes_than_are_followed_run_on_unwatched(watch: Watch) -> None:
    code = (
        "import os\n"
        "read, write = os.pipe()\n"
        "made = []\n"
        "for _ in range(600):\n"
        "    pid = os.fork()\n"
        "    if not pid: os.close(write); os.read(read, 1); os._exit(0)\n"
        "    made.append(pid)\n"
        "os.close(write)\n"
        "os._exit(sum(os.waitstatus_to_exitcode(os.waitpid(p, 0)[1]) for p in made))"
    )
    status, trace = watch(*python(code))

    assert status == 0
    assert len(trace.processes) <= 600


def test_a_signal_to_the_tracer_is_passed_on(tracer: Path, tmp_path: Path) -> None:
    code = (
        "import signal, sys, time\nsignal.signal(15, lambda *_: sys.exit(9))\n"
        "print('up', flush=True)\ntime.sleep(60)"
    )
    command = [str(tracer), str(tmp_path / "records"), "60000", *python(code)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"up\n"
        process.terminate()

        assert process.wait(20) == 9


def test_a_stopped_program_goes_on_where_it_is_told_to(watch: Watch) -> None:
    status, trace = watch("sh", "-c", "(sleep 0.3; kill -CONT $$) & kill -STOP $$; exit 6")

    assert status == 6
    assert first(trace).status == 6


@pytest.mark.parametrize(
    ("command", "status"), [("/no/such/program", 127), ("no-such-program", 127), ("/etc", 126)]
)
def test_a_program_that_cannot_be_started_ends_as_in_a_shell(
    command: str, status: int, watch: Watch
) -> None:
    assert watch(command)[0] == status


def test_where_nothing_may_be_traced_it_says_so_and_starts_nothing(
    tracer: Path, tmp_path: Path
) -> None:
    """A program that is traced cannot be traced once more: the inner one is refused."""
    records = tmp_path / "inner"
    inner = (tracer, records, "9000", "touch", tmp_path / "made")
    command = [str(word) for word in (tracer, tmp_path / "r", "9000", *inner)]
    ran = subprocess.run(command, check=False)
    trace = read(records.read_text("ascii"))

    assert ran.returncode == 125
    assert trace.obstacle == "ptrace: operation not permitted"
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("number", [signal.SIGALRM, signal.SIGKILL])
def test_a_long_wait_that_a_signal_ends_is_kept(number: int, watch: Watch, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    code = (
        "import os, signal, threading, time\n"
        "threading.Thread(target=lambda: (time.sleep(1), os.kill(os.getpid(), int(%d)))).start()\n"
        "open('pipe')"
    )
    _, trace = watch(*python(code % number))
    waits = [call for call in trace.interrupted if call.name.startswith("open")]

    assert [call.path for call in waits] == [str(tmp_path / "pipe")]
    assert 600 < waits[0].waited < 20_000


def test_a_short_wait_that_a_signal_ends_is_not_kept(watch: Watch) -> None:
    code = (
        "import signal, time\n"
        "signal.signal(signal.SIGALRM, lambda *_: None)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05); time.sleep(0.4)"
    )
    _, trace = watch(*python(code))

    assert trace.interrupted == ()


def test_records_that_make_no_sense_are_left_out() -> None:
    text = "C\t1\n\nX\tx\t1\nP\t1\t5\t/bin/x\tx\\x00\nC\t2\t5\t5\topen\t-2\tp=a\tq\tf=z\nZ\t9\tC\t3"
    trace = read(text + "\nC\t3\t5\t5\topen\t-2\tp=/a\nX\t4\t5\t1\t0\nE\t1\tptrace")

    assert [call.given for call in trace.calls] == ["/a"]
    assert trace.processes[5].status == 1
    assert trace.obstacle == ""


FRAMES = """
#include <unistd.h>
__attribute__((noinline)) void leave(int status) { _exit(status); }
__attribute__((noinline)) void middle(int status) { leave(status + 1); __asm__(""); }
int main(void) { middle(2); __asm__(""); return 0; }
"""


@pytest.mark.skipif(not shutil.which("gcc"), reason="there is no compiler")
def test_the_stack_of_what_ends_itself_is_told_where_it_has_frame_pointers(
    watch: Watch, tmp_path: Path
) -> None:
    made: list[tuple[int, Trace]] = []
    for name, kind in (("fixed", "-no-pie"), ("moved", "-pie")):
        flags = ["-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls", kind]
        source = tmp_path / f"{name}.c"
        source.write_text(FRAMES, encoding="utf-8")
        subprocess.run(["gcc", *flags, "-o", tmp_path / name, source], check=True)
        made.append(watch(str(tmp_path / name)))

    for status, trace in made:
        assert status == 3
        assert len(first(trace).stack) >= 2
        assert first(trace).entry
    fixed, moved = (first(trace) for _, trace in made)
    near = [abs(address - fixed.entry) < 0x1000 for address in fixed.stack[:2]]
    assert near == [True, True]
    assert moved.entry > fixed.entry


COMPILERS = ("x86_64-linux-gnu-gcc", "aarch64-linux-gnu-gcc")


def test_the_binaries_are_what_the_sources_make(tmp_path: Path) -> None:
    missing = [name for name in COMPILERS if not shutil.which(name)]
    if missing:
        pytest.skip(f"{missing[0]} was not found")
    subprocess.run([ROOT / "scripts/tracer", tmp_path], check=True)
    made, kept = ((place / "compilers.txt").read_text() for place in (tmp_path, TRACERS))
    if made != kept:
        pytest.skip(f"they were made by other compilers: {kept}")

    for name in ("amd64", "arm64"):
        assert (tmp_path / name).read_bytes() == (TRACERS / name).read_bytes(), "scripts/tracer"


@pytest.mark.parametrize("name", ["amd64", "arm64"])
def test_a_binary_is_small_static_and_for_its_processor(name: str) -> None:
    data = (TRACERS / name).read_bytes()
    machine = int.from_bytes(data[18:20], "little")

    assert len(data) < 40_000
    assert (data[:5], machine) == (b"\x7fELF\x02", {"amd64": 62, "arm64": 183}[name])
    assert b"/ld-" not in data


def test_the_one_for_arm_runs(tmp_path: Path) -> None:
    """Emulated, which cannot trace: it has to say so."""
    emulator = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
    if not emulator:
        pytest.skip("qemu-aarch64 was not found")
    program = tmp_path / "tracer"
    shutil.copy(TRACERS / "arm64", program)
    program.chmod(0o755)
    ran = subprocess.run([emulator, program, tmp_path / "r", "5000", "true"], check=False)

    assert ran.returncode == 125
    assert read((tmp_path / "r").read_text("ascii")).obstacle == "ptrace: function not implemented"
