"""Deaths of an existing service that said nothing before, and are named once it is adopted."""

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import running
from existing import MakeExisting

FAULTS = {
    "sys.exit(1) without a word": ("import sys; sys.exit(1)", r"sys\.exit\(1\) was called", True),
    "os._exit(3)": ("os._exit(3)", r"os\._exit\(3\)|status 3", True),
    "exit 0 at the start": ("os._exit(0)", "ended with status 0", True),
    "kill -9": ("os.kill(os.getpid(), 9)", "SIGKILL", True),
    "abort": ("os.abort()", "SIGABRT", True),
    "a crash": ("import ctypes; ctypes.string_at(0)", "SIGSEGV", True),
    "a module that is missing": ("import nowhere", "No module named 'nowhere'", False),
    "a variable that is missing": (
        "os.environ['NO_SUCH_TOKEN']",
        "KeyError: 'NO_SUCH_TOKEN'",
        False,
    ),
    "a failure while it is imported": ("1 / 0", "ZeroDivisionError", False),
    "sys.exit(0) without a word": ("import sys; sys.exit(0)", r"sys\.exit\(0\) was called", True),
    "another program in its place": ("os.execv('/bin/true', ['it'])", "ended with status 0", True),
    "a daemon that detaches": ("os.fork() and os._exit(0)", "ended with status 0", True),
    "a failure that a hook keeps to itself": (
        "import sys; sys.excepthook = lambda *_: None; 1 / 0",
        "ZeroDivisionError",
        True,
    ),
    "a failure after standard error was closed": ("os.close(2); 1 / 0", "ZeroDivisionError", True),
    "a limit of processor time": (
        "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 2))\nwhile True: pass",
        "SIGXCPU",
        True,
    ),
    "an instruction that the processor lacks": ("os.kill(os.getpid(), 4)", "SIGILL", True),
    "a pipe that nobody reads": (
        "import signal; signal.signal(13, 0); r, w = os.pipe(); os.close(r); os.write(w, b'x')",
        "SIGPIPE",
        True,
    ),
    "an alarm": ("import signal; signal.alarm(1); signal.pause()", "SIGALRM", True),
    "an end that a thread brings later": (
        "import threading; threading.Timer(1, os._exit, [0]).start()",
        "ended with status 0",
        True,
    ),
    "a start that never ends": (
        "import threading; threading.Event().wait()",
        r"has not started after \d+ s[^\0]*in wait\n",
        True,
    ),
}
"""Fault → the line that brings it, what has to name it, and whether it was silent before."""

SILENT = [name for name, (_, _, silent) in FAULTS.items() if silent]

PAGE = Path(__file__).parents[2] / "docs/adopt.md"

PAIRS = [(name, name) for name in FAULTS]


@pytest.fixture
def faulty(adopted: MakeExisting, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Make an adopted service whose own code has the fault."""
    line = FAULTS[request.param][0] if request.param else ""
    root = tmp_path / "pens"
    shutil.copytree(adopted("flat"), root, ignore=shutil.ignore_patterns(".git"))
    main = root / "main.py"
    text = main.read_text(encoding="utf-8")
    main.write_text(text.replace("import os\n", f"import os\n\n{line}\n", 1), encoding="utf-8")
    return root


def program(root: Path) -> running.Program:
    command = (sys.executable, "-m", "pens")
    return running.Program("python", command, {"PYTHONPATH": f"{root / 'src'}:{root}"})


def test_the_page_lists_each_death() -> None:
    rows = [f"| {name} | {'nothing' if silent else 'a traceback'} |"
            for name, (_, _, silent) in FAULTS.items()]  # fmt: skip
    page = PAGE.read_text(encoding="utf-8")

    assert [row for row in rows if row not in page] == []


@pytest.mark.parametrize(("faulty", "name"), PAIRS, indirect=["faulty"])
def test_each_death_is_named(faulty: Path, name: str) -> None:
    with program(faulty).start(ready=False, START_SECONDS="8") as service:
        status = service.wait()

    assert status != 0
    assert re.search(FAULTS[name][1], service.log())


@pytest.mark.parametrize(("faulty", "name"), [(name, name) for name in SILENT], indirect=["faulty"])
def test_the_silent_ones_were_silent_before(faulty: Path, name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "uvicorn", "main:app", "--port", str(running.free_port())]
    with (tmp_path / "log").open("wb") as log:
        running.run_for(6, command, log, cwd=faulty)
    said = (tmp_path / "log").read_text(encoding="utf-8")

    assert not re.search(FAULTS[name][1], said)


@pytest.mark.parametrize("faulty", [""], indirect=True)
def test_a_port_in_use_and_an_end_within_a_request_are_named(faulty: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with program(faulty).start(ready=False, PORT=port) as service:
            assert service.wait() == 71
    assert "another process has this port" in service.log()

    with program(faulty).start() as service:
        subprocess.run(["curl", "-s", f"{service.url}/end"], check=False)
        assert service.wait() != 0
    assert re.search(r"os\._exit\(3\)|status 3", service.log())
