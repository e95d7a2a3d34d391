"""A log in a file is evidence like a program's output, where that reports no failure."""

from typing import Any

import pytest
from recorded import File, case

from examples import SERVER, STARTED, said
from scaffolder.diagnose.verdict.judge import judge

SEVERE = b"INFO up\nSEVERE: the keystore was tampered with\n"


def wrote(path: str, content: bytes, log: str = "starting", call: str = "x=1") -> dict[str, Any]:
    """Return a container whose watched copy wrote a file before it ended."""
    trace = f"{STARTED}C\t1\t7\t7\topenat\t3\tp={path}\t{call}\nX\t2\t7\t1\t0"
    return said(log, files={**SERVER, path: File(content)}, trace=trace)


@pytest.mark.parametrize(
    ("path", "content", "log"),
    [
        ("/opt/tomcat/logs/catalina.out", SEVERE, "starting"),
        ("/srv/data/debug.txt", b"10:00 INFO read\n10:01 ERROR the seat limit is reached\n", ""),
        ("/var/log/app/app", b"x\ncannot go on\n", "orders 1.2"),
    ],
)
def test_what_a_program_logs_to_a_file_is_quoted(path: str, content: bytes, log: str) -> None:
    found = judge(case(**wrote(path, content, log)))

    assert found.cause == "output-in-file", found
    assert path in found.text
    assert content.decode().splitlines()[-1] in found.text
    assert any(f"docker cp orders:{path}" in command for command in found.commands)


@pytest.mark.parametrize(
    "example",
    [
        wrote("/srv/data/notes.txt", b"all is well\nnothing to report\n"),
        wrote("/srv/data/x.bin", b"\0ERROR the moon is full\n"),
        wrote("/var/log/app.log", SEVERE, log="FATAL: the moon is full"),
        wrote("/var/log/app.log", SEVERE, call="x=0"),
        wrote("/var/log/app.log", b"INFO up\n"),
    ],
    ids=["no log", "binary", "its output says more", "only read", "no failure"],
)
def test_other_files_are_not_taken_for_its_log(example: dict[str, Any]) -> None:
    found = judge(case(**example))

    assert found.cause != "output-in-file", found


def test_causes_are_found_in_a_log_file_and_shown_from_there() -> None:
    line = b'[emerg] open() "/etc/app/site.conf" failed (2: No such file or directory)\n'
    found = judge(case(**wrote("/var/log/nginx/error.log", line)))

    assert (found.cause, found.evidence[0].source) == ("file-missing", "files"), found
    assert "/var/log/nginx/error.log" in found.evidence[0].command


def test_a_wrong_value_of_listen_is_no_peer() -> None:
    line = b'[emerg] host not found in "80x" of the "listen" directive in /app/server:22\n'
    found = judge(case(**wrote("/var/log/nginx/error.log", line)))

    assert found.cause == "config-malformed", found


def test_a_number_after_a_path_is_no_port() -> None:
    line = "connect() failed (111: Connection refused) in /etc/app/default:22"

    assert "default" not in judge(case(**said(line))).text.partition(": ")[0]


LOADED = b"""LOG: invalid method "x" for the login
CONTEXT: line 5 of the file
FATAL: could not load /etc/app/access.conf
LOG: is shut down
"""


JAVA = b"""Error occurred during initialization of VM
Initial heap size set to a larger value than the maximum heap size
"""


def test_what_comes_after_a_failure_may_say_why() -> None:
    found = judge(case(**wrote("/var/log/app.log", JAVA)))

    assert "java-options" in {found.cause, *(cause for cause, _ in found.others)}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (LOADED, 'says: LOG: invalid method "x" for the login; then: FATAL: could not load'),
        (b"Startup failed\nthe moon is not full\n", "Startup failed; then: the moon is not full"),
        (b"ERROR: a query failed\nINFO up\nINFO ready\n" + SEVERE, "says: SEVERE: the keystore"),
    ],
    ids=["right before", "right after", "long before"],
)
def test_the_failure_right_before_the_last_one_is_told_too(content: bytes, words: str) -> None:
    found = judge(case(**wrote("/var/log/app.log", content)))

    assert words in found.text


@pytest.mark.parametrize(
    ("unread", "is_told"), [("C\t1\t7\t7\topenat\t-2\tx=441\n", True), ("", False)]
)
def test_what_a_tracer_cannot_read_is_looked_up_in_what_has_changed(
    unread: str, *, is_told: bool
) -> None:
    """A process that has become another user is closed to a tracer without its rights."""
    path = "/var/log/app/app.log"
    trace = f"{STARTED}{unread}C\t1\t7\t7\tbind\t-99\ta=0\nX\t2\t7\t1\t0"
    changed = {"changed": (("A", path),)}
    found = judge(case(files={**SERVER, path: File(SEVERE)}, trace=trace, sources=changed))

    assert (found.cause == "output-in-file") == is_told
