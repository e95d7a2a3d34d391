"""Verdicts are proven by words and a check that agree, and name what is to be changed."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from recorded import File, case, elf, program

from examples import EXAMPLES, PYTHON, SERVER, unwell
from scaffolder.diagnose.evidence.config import Image
from scaffolder.diagnose.evidence.facts import Process
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.judgement import Judgement

BASHISMS = {
    "source": "source ./env.sh",
    "[[": '[[ -n "$PATH" ]] || exit 1',
    "ARGS=(": "ARGS=(--port 80)",
    "function": "function main() {\n  :\n}",
    "${NAME^": "X=${NAME^^}",
    "<<<": 'cat <<< "hello"',
    "pipefail": "set -o pipefail",
    "((": "((COUNT++)) || exit 1",
}
DASH = shutil.which("dash")


def knows(line: str) -> bool:
    """Tell whether the dash here has learned `line`: dash 0.5.13 knows pipefail, for example."""
    assert DASH
    return not subprocess.run([DASH, "-c", line], capture_output=True, check=False).returncode


def ran(folder: Path, text: str, command: tuple[str, ...], **more: Any) -> Judgement:  # noqa: ANN401 - of a case
    """Run a script by dash here, and judge what it said as if a container had said it."""
    path = folder / "start.sh"
    path.write_text(text)
    assert DASH
    done = subprocess.run(
        [DASH, "start.sh"], capture_output=True, text=True, cwd=folder, check=False
    )
    files = {
        **SERVER,
        "/app/start.sh": program(text),
        "/app/env.sh": File(b"A=1\n"),
        "/bin/cat": program(elf()),
        **more.pop("files", {}),
    }
    config = {"workdir": "/app"}
    return judge(case(command, done.stderr, done.returncode, files=files, config=config, **more))


SCRIPT = {"/s.sh": program("#!/bin/sh\nuntil nc -z db 5432; do sleep 1; done\nexec /app/server\n")}
WAITING = (Process(7, 1, "S", "/bin/sh /s.sh", 90), Process(9, 7, "S", "sleep 1", 1))


@pytest.mark.parametrize(
    ("running", "cause"), [(WAITING, "waits-forever"), (WAITING[:1], "check-wrong-port")]
)
def test_what_listens_while_a_script_still_waits_is_not_the_service(
    running: tuple[Process, ...], cause: str
) -> None:
    sick = unwell("curl http://localhost:9000/", "curl: (7) Failed to connect", files=SCRIPT,
                  sources={"running": running})  # fmt: skip

    assert judge(case(**{**sick, "command": "/s.sh"})).cause == cause


@pytest.mark.skipif(DASH is None, reason="dash is not installed here")
@pytest.mark.parametrize("what", BASHISMS)
@pytest.mark.parametrize(
    ("first", "command"),
    [
        ("#!/bin/sh", ("/app/start.sh",)),
        ("#!/bin/sh", ("sh", "start.sh")),
        ("#!/bin/bash", ("sh", "start.sh")),
        ("set -e", ("sh", "/app/start.sh")),
    ],
)
def test_the_language_of_bash_under_sh_is_named(
    tmp_path: Path, what: str, first: str, command: tuple[str, ...]
) -> None:
    if what == "pipefail" and knows(BASHISMS[what]):
        pytest.skip("the dash here knows pipefail")

    found = ran(tmp_path, f"{first}\n{BASHISMS[what]}\n", command)

    assert (found.cause, found.verdict) == ("script-for-other-shell", "proven"), found
    assert found.pattern == "image"
    assert what in found.text
    assert "bash" in found.fix


def test_bash_is_not_blamed_for_what_it_knows() -> None:
    files = {**SERVER, "/bin/bash": program(elf()), "/s.sh": program("#!/bin/bash\n[[ a ]]\nif\n")}
    log = "/s.sh: line 4: syntax error: unexpected end of file"
    found = judge(case("/s.sh", log, 2, files=files))

    assert found.verdict == "likely"
    assert "written for bash" not in found.text


def test_a_bashism_in_another_line_than_the_shell_names_is_not_proven() -> None:
    text = "#!/bin/sh\necho )\n# ...\nA=(1 2)\n"
    log = '/s.sh: 2: Syntax error: ")" unexpected'
    found = judge(case("/s.sh", log, 2, files={**SERVER, "/s.sh": program(text)}))

    assert (found.cause, found.verdict) == ("script-for-other-shell", "likely")


def test_the_language_of_bash_is_found_in_a_file_that_is_sourced() -> None:
    files = {
        **SERVER,
        "/s.sh": program("#!/bin/sh\n. /app/lib.sh\n"),
        "/app/lib.sh": File(b"X=1\nA=(1 2)\n"),
    }
    found = judge(case("/s.sh", '/app/lib.sh: 2: Syntax error: "(" unexpected', 2, files=files))

    assert (found.cause, found.verdict) == ("script-for-other-shell", "proven")
    assert "/app/lib.sh" in found.text


@pytest.mark.parametrize("words", ["cannot open ./env.sh: No such file", "can't open './env.sh'"])
def test_a_sourced_file_that_is_missing_is_no_fault_of_the_shell(words: str) -> None:
    files = {**SERVER, "/s.sh": program("#!/bin/sh\n. ./env.sh\n")}
    found = judge(case("/s.sh", f"/s.sh: 2: .: {words}", 2, files=files))

    assert found.cause != "script-for-other-shell"


MISSED = {
    "go": "panic: open conf/app.yml: no such file or directory",
    "python": "FileNotFoundError: [Errno 2] No such file or directory: 'conf/app.yml'",
    "node": "Error: ENOENT: no such file or directory, open 'conf/app.yml'",
    "java": "java.io.FileNotFoundException: conf/app.yml (No such file or directory)",
    "c": "server: conf/app.yml: No such file or directory",
}


@pytest.mark.parametrize("language", MISSED)
@pytest.mark.parametrize(
    ("workdir", "image", "pattern"), [("/tmp", "/app", "environment"), ("/", "/", "image")]
)
def test_a_wrong_working_directory_is_named(
    language: str, workdir: str, image: str, pattern: str
) -> None:
    files = {**SERVER, "/app/conf/app.yml": File(b"x")}
    config = {"workdir": workdir}
    found = judge(
        case(log=MISSED[language], files=files, config=config, image=Image(workdir=image))
    )

    assert (found.pattern, found.verdict) == (pattern, "proven"), found
    assert "working directory is wrong" in found.text
    assert "/app" in found.fix


@pytest.mark.parametrize(
    ("command", "log"),
    [
        ("python3 main.py", "python3: can't open file '/tmp/main.py': [Errno 2] No such file"),
        ("sh start.sh", "sh: 0: cannot open start.sh: No such file"),
    ],
)
def test_the_script_of_the_command_is_missed_in_a_wrong_working_directory(
    command: str, log: str
) -> None:
    files = {**PYTHON, "/app/main.py": File(b"x"), "/app/start.sh": File(b"x")}
    found = judge(
        case(command, log, 2, files=files, config={"workdir": "/tmp"}, image=Image(workdir="/app"))
    )

    assert (found.cause, found.verdict) == ("workdir-overridden", "proven"), found


def test_a_program_by_a_relative_path_is_missed_in_a_wrong_working_directory() -> None:
    state = {
        "status": "created",
        "exit_code": 127,
        "error": 'exec: "./server": stat ./server: no such file or directory: unknown',
    }
    config = {"workdir": "/tmp"}
    found = judge(
        case("./server", files=SERVER, state=state, config=config, image=Image(workdir="/app"))
    )

    assert found.pattern == "environment", found
    assert "working directory is wrong" in found.text


def test_a_file_of_the_same_name_somewhere_proves_nothing() -> None:
    files = {**SERVER, "/etc/hosts.yml": File(b"x")}
    found = judge(case(log="open hosts.yml: no such file or directory", files=files))

    assert found.verdict == "likely", found


def test_a_file_that_a_warning_makes_light_of_is_not_proven_to_be_the_cause() -> None:
    files = {**SERVER, "/app/app.yml": File(b"x")}
    log = "WARN open app.yml: no such file or directory, using defaults"
    found = judge(case(log=log, files=files, image=Image(workdir="/")))

    assert found.verdict != "proven", found


@pytest.mark.parametrize(
    "log",
    [
        "GET /api/orders: not found",
        "WARNING open /etc/app.yml: no such file or directory, using defaults\nlater",
    ],
)
def test_a_path_that_is_only_mentioned_is_not_proven_to_be_missing(log: str) -> None:
    assert judge(case(log=log, files=SERVER)).verdict != "proven"


def test_the_words_of_one_witness_are_only_likely() -> None:
    words = "OCI runtime create failed: no space left on device"
    state = {"status": "created", "exit_code": 128, "error": words}

    assert judge(case(files=SERVER, state=state)).verdict == "likely"


@pytest.mark.parametrize(("ports", "verdict"), [({8080}, "proven"), ({80}, "likely")])
def test_a_port_that_a_program_of_the_host_has_is_proven_by_its_socket(
    ports: set[int], verdict: str
) -> None:
    known = {**EXAMPLES["port-taken"], "sources": {"host_ports": frozenset(ports)}}

    found = judge(case(**known))

    assert (found.cause, found.verdict) == ("port-taken", verdict)
