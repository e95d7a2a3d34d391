"""What is started stays within bounds, and is gone afterwards, however viscaffold ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from scripted import running

from scaffolder.languages.base import Command
from scaffolder.verify import processes
from scaffolder.verify.log import Log
from scaffolder.verify.processes import CannotStartError, Ended, Limits

DAEMON = """\
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(600)
    os._exit(0)
print("started", flush=True)
time.sleep(float(sys.argv[1]))
"""
"""Leaves a process in a session of its own, whose parent is gone."""

VERIFYING = """\
import sys
from pathlib import Path
from scaffolder.languages.base import Command
from scaffolder.verify import processes
from scaffolder.verify.log import Log
place, script, mark = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
command = Command((sys.executable, "-c", script, "600"), {"MARK": mark})
after = [("touch", str(place / "after"))]
with processes.started(command, cwd=place, log=Log(place / "log"), title="t",
                       limits=processes.Limits(), after=after) as process:
    process.wait_until(lambda: "started" in process.log(), 30)
    print("up", flush=True)
    process.wait(600)
"""


@pytest.fixture
def mark() -> str:
    """A text that tells the processes of a test from all others."""
    return f"verify-{uuid4().hex}"


def python(mark: str, script: str, *args: str) -> Command:
    return Command((sys.executable, "-c", script, *args), {"MARK": mark})


def gone(mark: str) -> bool:
    return wait_until(lambda: not running(mark))


def wait_until(true: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def ran(tmp_path: Path, command: Command, limits: Limits = Limits()) -> tuple[Ended, str]:  # noqa: B008 - it is frozen
    log = Log(tmp_path / "log")
    return processes.run(command, cwd=tmp_path, log=log, title="a title", limits=limits)


def test_a_command_ends_with_its_status_and_what_it_wrote(tmp_path: Path, mark: str) -> None:
    ended, said = ran(tmp_path, python(mark, "print('out'); raise SystemExit(7)"))

    assert (ended, said) == (Ended(7), "out\n")
    assert str(ended) == "exit status 7"
    assert (tmp_path / "log").read_text(encoding="utf-8") == "--- a title\nout\n\n"


def test_the_signal_that_ended_it_is_named(tmp_path: Path, mark: str) -> None:
    ended, _ = ran(tmp_path, python(mark, "import os; os.abort()"))

    assert str(ended) == "exit status 134 (SIGABRT)"


def test_what_a_command_leaves_behind_is_ended_with_it(tmp_path: Path, mark: str) -> None:
    ended, _ = ran(tmp_path, python(mark, DAEMON, "0"))

    assert ended == Ended(0)
    assert running(mark) == []


def test_all_is_gone_after_the_block(tmp_path: Path, mark: str) -> None:
    with processes.started(
        python(mark, DAEMON, "600"),
        cwd=tmp_path,
        log=Log(tmp_path / "log"),
        title="",
        limits=Limits(),
    ) as process:
        assert process.wait_until(lambda: "started" in process.log(), 30)
        assert wait_until(lambda: len(running(mark)) >= 2)

    assert running(mark) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_all_is_gone_after_a_viscaffold_that_was_killed(
    tmp_path: Path, mark: str, number: signal.Signals
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", VERIFYING, str(tmp_path), DAEMON, mark], stdout=subprocess.PIPE
    ) as viscaffold:
        assert viscaffold.stdout is not None
        assert viscaffold.stdout.readline() == b"up\n"
        assert running(mark)
        viscaffold.send_signal(number)

    assert gone(mark)
    assert wait_until((tmp_path / "after").exists)


@pytest.mark.parametrize(
    ("script", "limits", "words"),
    [
        ("import time; time.sleep(60)", Limits(seconds=0.5), "it took more than 0.5 s"),
        (
            "x = bytearray(b'1' * (300 << 20)); import time; time.sleep(60)",
            Limits(memory=200 << 20),
            "it took more than 209715200 bytes of memory",
        ),
        (
            "while True: print('x' * 1000)",
            Limits(log_bytes=1 << 20),
            "it wrote more than 1048576 bytes",
        ),
    ],
    ids=["time", "memory", "log"],
)
def test_a_command_that_takes_too_much_is_killed_and_says_so(
    tmp_path: Path, mark: str, script: str, limits: Limits, words: str
) -> None:
    ended, _ = ran(tmp_path, python(mark, script), replace(limits))

    assert ended.status == 137
    assert str(ended) == words
    assert running(mark) == []


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotStartError, match="No such file or directory"):
        ran(tmp_path, Command(("/nowhere/program",)))


def test_a_signal_reaches_the_command_alone(tmp_path: Path, mark: str) -> None:
    script = "import signal, time; signal.signal(signal.SIGTERM, lambda *_: exit(3)); "
    with processes.started(
        python(mark, f"{script}print('ready', flush=True); time.sleep(60)"),
        cwd=tmp_path,
        log=Log(tmp_path / "log"),
        title="",
        limits=Limits(),
    ) as process:
        assert process.wait_until(lambda: "ready" in process.log(), 30)
        process.signal(signal.SIGTERM)

        assert process.wait(30) == Ended(3)


def test_secrets_in_what_is_written_are_redacted(tmp_path: Path, mark: str) -> None:
    ran(tmp_path, python(mark, "print('password=hunter2hunter2 \\x1b[2J')"))

    kept = (tmp_path / "log").read_text(encoding="utf-8")
    assert "hunter2" not in kept
    assert "\x1b" not in kept


def test_variables_that_lead_git_elsewhere_are_not_passed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GIT_DIR", "/elsewhere")

    assert "GIT_DIR" not in processes.inherited()
    assert processes.inherited()["PATH"] == os.environ["PATH"]
