"""Programs that another one starts: there, and broken, or not there."""

from typing import Any

import pytest
from recorded import File, case, elf, program

from examples import SERVER, STARTED, said, tried
from scaffolder.diagnose.verdict.judge import judge

LOADER = "/lib64/ld-linux-x86-64.so.2"
DYNAMIC = program(elf(interpreter=LOADER))
NO_FILE, NO_FORMAT, CLOSED = "execve\t-2\tp=/opt/h", "execve\t-8\tp=/opt/h", "execve\t-13\tp=/opt/h"


def starting(call: str, file: File) -> dict[str, Any]:
    return tried(call, files={**SERVER, "/opt/h": file})


@pytest.mark.parametrize(
    ("call", "file", "words"),
    [
        (NO_FILE, DYNAMIC, LOADER),
        (NO_FILE, program("#!/usr/bin/ruby\n"), "/usr/bin/ruby"),
        (NO_FILE, program("#!/bin/sh\r\necho\r\n"), "CRLF"),
        (NO_FORMAT, program(elf(machine=183)), "arm64"),
        (NO_FORMAT, program("echo hello\n"), "no #! line"),
        (CLOSED, program(elf(), mode=0o644), "0644"),
    ],
    ids=["loader", "interpreter", "crlf", "architecture", "no-shebang", "mode"],
)
def test_why_a_file_that_is_there_does_not_start_is_told(call: str, file: File, words: str) -> None:
    found = judge(case(**starting(call, file)))

    assert (found.cause, found.verdict) == ("program-broken", "likely")
    assert words in found.text
    assert "/opt/h" in found.text


@pytest.mark.parametrize(
    ("call", "file"),
    [
        (NO_FILE, program(elf())),
        (NO_FILE, program(elf(), mode=0o644)),
        (NO_FORMAT, DYNAMIC),
        (CLOSED, program("#!/bin/sh\n")),
        ("openat\t-2\tp=/opt/h\tx=0", DYNAMIC),
    ],
    ids=["fine", "the-mode-gives-another-error", "the-loader-too", "not-closed", "not-started"],
)
def test_a_flaw_that_does_not_explain_the_error_is_not_named(call: str, file: File) -> None:
    assert judge(case(**starting(call, file))).cause != "program-broken"


def test_a_loader_that_is_there_is_not_missing() -> None:
    files = {**SERVER, "/opt/h": DYNAMIC, LOADER: program(elf(kind=3))}

    assert judge(case(**tried(NO_FILE, files=files))).cause != "program-broken"


def test_the_file_that_is_broken_is_named_where_later_directories_lack_it() -> None:
    before = "C\t1\t7\t7\texecve\t-2\tp=/opt/h\n"
    found = judge(
        case(**tried("execve\t-2\tp=/usr/bin/h", before, files={**SERVER, "/opt/h": DYNAMIC}))
    )

    assert found.cause == "program-broken"


@pytest.mark.parametrize(
    "line",
    [
        "cannot scale: fork/exec /opt/h: no such file or directory",
        "FileNotFoundError: [Errno 2] No such file or directory: '/opt/h'",
        "Error: spawn /opt/h ENOENT",
        'Cannot run program "/opt/h": error=2, No such file or directory',
    ],
)
def test_a_program_that_says_so_is_not_believed_that_there_is_no_such_file(line: str) -> None:
    broken = judge(case(**said(line, files={**SERVER, "/opt/h": DYNAMIC})))
    later = tried("openat\t-2\tp=/src/<unknown>\tx=0", files={**SERVER, "/opt/h": DYNAMIC})
    fine = judge(case(**said(line, files={**SERVER, "/opt/h": program(elf())})))
    absent = judge(case(**said(line, files=SERVER)))

    assert (broken.cause, LOADER in broken.text) == ("program-broken", True)
    assert "program-broken" not in (fine.cause, absent.cause)
    assert judge(case(**later, log=line)).cause == "program-broken"


def test_a_helper_that_started_is_not_blamed() -> None:
    trace = f"{STARTED}C\t1\t7\t7\texecve\t0\tp=/opt/h\nX\t2\t7\t1\t0"
    found = judge(case(files={**SERVER, "/opt/h": DYNAMIC}, trace=trace))

    assert found.cause != "program-broken"


def test_a_program_that_a_script_cannot_start_is_named_though_its_log_tells_of_it() -> None:
    child = "N\t1\t8\t7\nC\t2\t8\t8\texecve\t-2\tp=/opt/rotate\nX\t3\t8\t{status}\t0\n"
    noted = "C\t4\t7\t7\topenat\t3\tp=/var/log/steps.log\tx=441\n"
    log = {"/var/log/steps.log": File(b"rotate start\nrotate failed\n")}
    rotate = {"/opt/rotate": program("#!/usr/local/bin/bash\n")}
    files = {**SERVER, **log, **rotate}

    def told(after: str, status: int = 127) -> str:
        trace = f"{STARTED}{child.format(status=status)}{after}X\t9\t7\t21\t0"
        changed = {"changed": (("A", "/var/log/steps.log"),)}
        return judge(case(exit_code=21, files=files, trace=trace, sources=changed)).cause

    assert told(noted) == "program-broken"
    assert told(noted.replace("x=441", "x=0")) != "program-broken"
    assert told(noted, status=3) != "program-broken"


WORKS_ON = "C\t1\t7\t7\texecve\t-2\tp=/opt/h\nC\t5\t7\t7\topenat\t3\tp=/srv/db\tx=0\nX\t9\t7\t5\t0"


@pytest.mark.parametrize(
    ("file", "trace", "is_told"),
    [
        (program("#!/usr/bin/python3.11\n"), WORKS_ON, True),
        (program("#!/bin/sh\n"), WORKS_ON, False),
        (program("#!/usr/bin/python3.11\n"), WORKS_ON.replace("\t-2\t", "\t0\t"), False),
        (
            program("#!/usr/bin/python3.11\n"),
            f"C\t2\t8\t8\texecve\t0\tp=/usr/bin/h\n{WORKS_ON}",
            False,
        ),
    ],
    ids=["broken", "fine", "ran", "found elsewhere"],
)
def test_one_that_the_program_went_on_without_is_named(
    file: File, trace: str, *, is_told: bool
) -> None:
    files = {**SERVER, "/opt/h": file, "/bin/sh": program(elf()), "/srv/db": File(b"x")}
    found = judge(case(files=files, exit_code=5, trace=f"{STARTED}{trace}", log="no such edition"))

    assert (found.cause == "program-broken-before") is is_told, found
    assert not is_told or "which does not exist" in found.text
