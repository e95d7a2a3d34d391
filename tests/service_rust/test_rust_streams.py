"""Output of a service in Rust that is closed, broken or full."""

import json
import os
import re
import subprocess
import time

import pytest
from cases import environment, program, run

GONE = "stdout cannot be written to (Broken pipe): its lines go to stderr"
FULL = "stdout is full, and nobody reads it: its lines go to stderr"


def start(case: str, stdout: int, stderr: int, **variables: str) -> "subprocess.Popen[bytes]":
    command = [str(program()), "app", case]
    return subprocess.Popen(command, env=environment(**variables), stdout=stdout, stderr=stderr)


def read(descriptor: int) -> bytes:
    """Return all that is in a pipe, when nobody can write to it any more."""
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read()


def test_output_of_println_is_in_order_among_the_lines() -> None:
    words = re.findall(r"(printed|logged) (\d+)", run("prints").stdout)

    assert words == [(word, str(n)) for n in range(20) for word in ("printed", "logged")]


def test_a_line_is_whole_whatever_other_threads_write() -> None:
    text = run("logs in threads").stdout.splitlines()[1:]

    assert len(text) == 8 * 200
    assert all(len(set(line.split(": ", 1)[1].split())) == 1 for line in text)


@pytest.mark.parametrize(("closed", "other"), [(1, "stderr"), (2, "stdout")])
def test_a_stream_that_is_closed_at_the_start_is_replaced(closed: int, other: str) -> None:
    name = {1: "stdout", 2: "stderr"}[closed]
    done = subprocess.run(
        ["bash", "-c", f'exec "$0" app prints {closed}>&-', program()],
        capture_output=True,
        text=True,
        check=True,
    )
    output = done.stdout + done.stderr

    assert f"{name} cannot be written to (Bad file descriptor): its lines go to {other}" in output
    assert "logged 19" in output
    assert "printed 19" in output


def test_two_streams_that_are_closed_end_with_74() -> None:
    done = subprocess.run(["bash", "-c", 'exec "$0" app prints >&- 2>&-', program()], check=False)

    assert done.returncode == 74


def test_null_is_no_closed_stream() -> None:
    done = subprocess.run(
        [program(), "app", "prints"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True
    )

    assert done.stderr == b""


@pytest.mark.parametrize("case", ["logs, and waits", "logs in threads"])
def test_a_reader_that_goes_away_is_replaced(case: str) -> None:
    process = start(case, subprocess.PIPE, subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    _, log = process.communicate(timeout=30)

    assert process.returncode == 0
    assert GONE in log.decode()
    assert log.count(b"\n") > 10


def test_a_line_goes_elsewhere_if_its_stream_is_full() -> None:
    unread, full = os.pipe()
    began = time.monotonic()
    process = start("logs much", full, subprocess.PIPE)
    _, log = process.communicate(timeout=30)
    os.close(full)
    kept = read(unread)

    assert process.returncode == 0
    assert FULL in log.decode()
    assert time.monotonic() - began < 10
    assert sum(text.count(b"xxxx number=") for text in (kept, log)) == 1500


def test_lines_that_nobody_reads_are_counted() -> None:
    unread, full = os.pipe()
    process = start("logs much", full, full)
    os.close(full)
    assert process.wait(30) == 0
    kept = read(unread)

    assert 0 < kept.count(b"number=") < 1500


def test_the_count_is_told_as_soon_as_somebody_reads() -> None:
    unread, full = os.pipe()
    filler = b"#" * (1 << 16)
    os.write(full, filler)  # nothing more fits
    process = start("logs, and waits", full, full)
    os.close(full)
    time.sleep(3)  # each stream gets a second
    kept = read(unread)
    assert process.wait(30) == 0
    log = kept.lstrip(b"#").decode()
    [lost] = re.findall(
        r"ERROR output: orders: (\d+) lines are lost: since \d\d:\d\d:\d\d nobody had read", log
    )

    assert int(lost) + log.count("looked") + log.count("starting orders") == 41


def test_a_line_about_a_stream_is_json_where_the_others_are() -> None:
    process = start("logs, and waits", subprocess.PIPE, subprocess.PIPE, LOG_FORMAT="json")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.readline()
    process.stdout.close()
    _, log = process.communicate(timeout=30)
    first = json.loads(log.splitlines()[0])

    assert (first["level"], first["logger"], first["message"]) == ("WARNING", "output", GONE)
