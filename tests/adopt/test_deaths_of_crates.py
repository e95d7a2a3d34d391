"""Deaths of an existing program in Rust: what it said of them, and that all are named later."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import running
import rust_existing
import rust_services
from conftest import commit
from rust_existing import Adopted

NOTHING = "nothing"
PANIC = "the panic"
ERROR = "its error"

FAULTS = {
    "process::exit(0)": (r"exit status: 0", NOTHING),
    "process::exit(1)": (r"exit status: 1", NOTHING),
    "process::exit(2)": (r"status: 2: mostly of a wrong command line[^\0]* has \[\]", NOTHING),
    "main returns at once": (r"exit status: 0", NOTHING),
    "main returns a failure without words": (r"exit status: 1", NOTHING),
    "main returns an error": (r"no ink[^\0]*exit status: 1", ERROR),
    "a panic in main": (r"the ink is dry[^\0]*it panicked in main", PANIC),
    "a panic in a thread that main joins": (r"the ink is dry[^\0]*it panicked in main", PANIC),
    "a panic that cannot unwind": (r"the ink is dry[^\0]*SIGABRT", PANIC),
    "a panic that a hook keeps to itself": (r"it panicked in main", NOTHING),
    "a panic after standard error was closed": (r"it panicked in main", NOTHING),
    "a variable that is missing": (r"NotPresent[^\0]*it panicked in main", PANIC),
    "a file that is missing": (r"No such file[^\0]*exit status: 1", ERROR),
    "abort": (r"SIGABRT", NOTHING),
    "kill -9": (r"killed by SIGKILL", NOTHING),
    "a crash": (r"SIGSEGV", NOTHING),
    "an instruction that the processor lacks": (r"SIGILL", NOTHING),
    "a used-up stack": (r"overflowed its stack[^\0]*SIGABRT", "that the stack overflowed"),
    "another program in its place": (r"exit status: 0", NOTHING),
    "a daemon that detaches": (r"exit status: 0", NOTHING),
    "a limit of processor time": (r"SIGXCPU", NOTHING),
    "a pipe that nobody reads": (r"SIGPIPE", NOTHING),
    "an alarm": (r"SIGALRM", NOTHING),
    "an end that a thread brings later": (r"exit status: 3", NOTHING),
    "a start that never ends": (r"START_SECONDS is over", NOTHING),
    "a service that freezes later": (r"has not answered on port \d+ for 2 s", NOTHING),
    "a port in use": (r"AddrInUse[^\0]*exit status: 1", ERROR),
}
"""Fault → what has to name it in the log, and what the program alone said of it."""

PAGE = Path(__file__).parents[2] / "docs/adopt.md"
ENDED = "; docs/runbook.md#ended-without-a-word\n"
SOON = {"START_SECONDS": "5", "PROGRAM_HANG_SECONDS": "2"}

EACH = pytest.mark.parametrize("fault", FAULTS)


@pytest.fixture(scope="module")
def pens(tmp_path_factory: pytest.TempPathFactory) -> Adopted:
    """Return the one program that dies as it is told; not to be changed."""
    rust_services.require_cargo()
    root = rust_existing.adopted(tmp_path_factory.mktemp("adopted") / "pens")
    commit(root, "Adopt")
    return rust_existing.built(root)


@pytest.fixture
def taken(fault: str) -> Iterator[str]:
    """Return the port of the program, which another one has where that is the fault."""
    port = running.free_port()
    if fault != "a port in use":
        yield str(port)
        return
    with socket.create_server(("127.0.0.1", port)):
        yield str(port)


@EACH
def test_the_page_lists_each_death(fault: str) -> None:
    assert f"| {fault} | {FAULTS[fault][1]} |\n" in PAGE.read_text(encoding="utf-8")


@EACH
def test_each_death_is_named(pens: Adopted, taken: str, fault: str) -> None:
    named, _ = FAULTS[fault]
    program = running.Program("rust", (str(pens.service),), {"PROGRAM_PORT": taken})
    with program.start(ready=False, FAULT=fault, **SOON) as service:
        status = service.wait()

    assert status == (137 if fault == "kill -9" else 70)
    assert re.search(named, service.log()), service.log()
    assert ENDED in service.log() or not re.search("status|SIG", named)


@EACH
def test_it_said_what_the_page_says(pens: Adopted, taken: str, fault: str, tmp_path: Path) -> None:
    named, said = FAULTS[fault]
    environment = {"FAULT": fault, "PORT": taken, "PATH": "/usr/bin:/bin"}
    with (tmp_path / "log").open("wb") as log:
        running.run_for(4, [str(pens.program)], log, env=environment)
    words = (tmp_path / "log").read_text(encoding="utf-8")

    assert bool(words) == (said != NOTHING), words
    assert said == NOTHING or re.search(named.partition("[^")[0], words)
