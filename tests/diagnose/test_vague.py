"""Last words that say nothing, and what still decides beside them."""

import pytest
from recorded import File, case

from examples import SERVER, STARTED, STATIC, py
from scaffolder.diagnose.docker import live
from scaffolder.diagnose.evidence.facts import Socket
from scaffolder.diagnose.evidence.jvm_log import decisive
from scaffolder.diagnose.evidence.log_search import is_vague
from scaffolder.diagnose.evidence.settings import settings
from scaffolder.diagnose.evidence.stdin import asks_for_terminal
from scaffolder.diagnose.evidence.swallowed import Swallowed
from scaffolder.diagnose.evidence.wrapped import wrapped
from scaffolder.diagnose.verdict.factors import factors
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.read_settings import respelled


@pytest.mark.parametrize(
    "line",
    [
        "storeproxy: startup failed",
        "dispatchd: cannot start",
        "[2026-11-30T11:43:52Z ERROR app] invalid configuration",
        "2026-11-30 11:43:52,123 CRITICAL: terminating",
        "FATAL: an unexpected error occurred",
    ],
)
def test_a_line_that_only_says_that_something_failed_is_vague(line: str) -> None:
    assert is_vague(line)


@pytest.mark.parametrize(
    "line", ["FATAL: database missing", "error: bad port", "cannot open /etc/app", "x" * 2000]
)
def test_a_line_that_says_what_failed_is_not(line: str) -> None:
    assert not is_vague(line)


@pytest.mark.parametrize(("log", "cause"), [("app: startup failed", "config-malformed"), ("app: no such tenant", "said-why")])  # fmt: skip
def test_a_broken_file_is_told_beside_vague_words_only(log: str, cause: str) -> None:
    opened = f"{STARTED}C\t1\t7\t7\topenat\t3\tp=/etc/app.json\tx=0\nX\t9\t7\t1\t0"
    files = {**SERVER, "/etc/app.json": File(b"{")}

    assert judge(case(files=files, trace=opened, log=log)).cause == cause


@pytest.mark.parametrize(
    ("call", "is_told"),
    [
        ("write\t-28\tf=3:/spool/a", True),
        ("openat\t-24\tp=/a\tx=0", True),
        ("openat\t-2\tp=/a\tx=0", False),
    ],
)
def test_an_own_exception_is_about_room_that_was_refused(call: str, *, is_told: bool) -> None:
    """Python asks for a file of that name, as it shows where an exception was raised."""
    shows = "C\t2\t7\t7\topenat\t-2\tp=/app/<unknown>\tx=0\n"
    trace = case(trace=f"{STARTED}C\t1\t7\t7\t{call}\n{shows}X\t9\t7\t1\t0").seen.trace
    own = Swallowed("SpoolError: segment", frozenset({"SpoolError"}), "/app/a.py:1", "exit(1)")

    assert bool(wrapped(trace, own)) == is_told


THROWN = (
    "[{at}ms] Exception <a '{kind}'{{0x{at}}}> (0x{at})\n"
    "thrown in interpreter method <x '{method}' '()V' in '{holder}'>\n at bci 1 for thread 0x01\n"
)


def test_what_the_inside_of_javas_library_tries_is_no_reason() -> None:
    def thrown(at: int, kind: str, method: str, holder: str) -> str:
        return THROWN.format(at=at, kind=kind, method=method, holder=holder)

    users, missing = "sun/nio/fs/UnixUserPrincipals", "java/nio/file/UserPrincipalNotFoundException"
    tried = thrown(10, "java/lang/NumberFormatException", "lookup", users)
    missed = thrown(11, missing, "lookup", users).replace("0x11", "0x99")
    log = tried + missed + thrown(12, missing, "main", "app/Main").replace("0x12", "0x99")
    found = decisive(f"{log}[20ms] begin VM_Operation (0x1): Exit\n")

    assert found
    assert "UserPrincipalNotFoundException" in found.names
    assert "NumberFormatException" not in found.names


ROWS = """  sl  local_address rem_address   st tx_queue rx_queue
   0: 00000000:1964 00000000:0000 0A 00000000:00000000
   1: 020012AC:1964 030012AC:9C40 01 00000000:00000013
   2: 020012AC:1964 040012AC:9C41 01 00000000:00000000
"""


def test_what_a_server_has_not_read_is_counted() -> None:
    found = live.sockets(lambda path: ROWS if path == "net/tcp" else "")

    assert found == (Socket("0.0.0.0", 6500, unread=19),)


@pytest.mark.parametrize(
    ("last", "is_asked"),
    [
        ("C\t1\t7\t7\tioctl\t-25\tf=0:pipe:[9]\nL\t2\t7\tioctl=-25\n", True),
        ("C\t1\t7\t7\tioctl\t-25\tf=1:pipe:[9]\nL\t2\t7\tioctl=-25\n", False),
        ("C\t1\t7\t7\tioctl\t-25\tf=0:pipe:[9]\nL\t2\t7\tioctl=-25\tread=0\tread=0\tread=0\n", False),
    ],
    ids=["its input", "its output", "long before"],
)  # fmt: skip
def test_a_program_that_asks_last_for_a_terminal_is_given_one(last: str, *, is_asked: bool) -> None:
    ended = f"{STARTED}{last}X\t9\t7\t1\t0"
    of = case(files=SERVER, trace=ended, exit_code=1, config={"stdin": True})

    assert asks_for_terminal(of.seen.trace) == is_asked
    assert any(f.config.tty for f in factors(of)) == is_asked
    assert (judge(of).cause == "input-closed") == is_asked


@pytest.mark.parametrize(
    "more",
    [
        {
            "command": "node /a.js",
            "files": {"/usr/bin/node": STATIC, "/a.js": File(b"if (!process.stdin.isTTY) {}")},
        },
        py("import sys\nif not sys.stdin.isatty():\n    sys.exit(1)\n"),
    ],
)
def test_a_program_that_names_a_terminal_is_given_one(more: dict[str, object]) -> None:
    of, other = case(**more), case(**more | {"config": {"tty": True, "stdin": True}})  # type: ignore[arg-type]

    given = [f for f in factors(of) if f.config.tty and f.cure]
    assert [factor.cure and factor.cure.proves for factor in given] == [True]
    assert all(f.config.tty for f in factors(other))


def test_what_php_computes_is_not_written_otherwise() -> None:
    computed, plain = settings("/etc/php.ini", "error = E_ALL & ~E_DEPRECATED\nlevel = debug x\n")

    assert respelled(computed, computed.value, ()) == []
    assert respelled(plain, plain.value, ())


LOST = "C\t5\t7\t7\topenat\t-2\tp=/opt/conf/mapping.properties\tx=0\n"
LOGS = "C\t6\t7\t7\topenat\t3\tp=/opt/conf/logging.properties\tx=0\n"
NOT_THERE = frozenset({"NoSuchFileException", "OSError"})


@pytest.mark.parametrize(
    ("records", "names", "is_told"),
    [
        (LOST + LOGS, NOT_THERE, True),
        (LOST + LOST.replace("-2", "3") + LOGS, NOT_THERE, False),
        (
            LOST.replace("/opt/conf/mapping.properties", "/usr/lib/jvm/x/libnet.so") + LOGS,
            NOT_THERE,
            False,
        ),
        (LOST + LOGS, frozenset({"AccessDeniedException", "OSError"}), False),
        (LOST.replace("-2", "-13") + LOGS, frozenset({"AccessDeniedException", "OSError"}), True),
        (LOST + LOGS, frozenset({"IllegalStateException"}), False),
    ],
    ids=["lost", "found later", "of the machine", "another error", "denied", "of another kind"],
)
def test_an_exception_without_a_message_is_about_the_file_that_failed_so(
    records: str, names: frozenset[str], *, is_told: bool
) -> None:
    told = Swallowed("java.nio.file.NoSuchFileException", names, "Main.configure", "System.exit")
    of = case(files=SERVER, exit_code=3, trace=f"{STARTED}{records}X\t9\t7\t3\t0", swallowed=told)
    call = of.seen.failed_call

    assert (call is not None and call.path == "/opt/conf/mapping.properties") is is_told
