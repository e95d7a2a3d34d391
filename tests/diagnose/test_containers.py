"""Real containers, in Python, shell, Rust and from scratch: what kills them is named."""

import io
import json
import os
import pwd
import re
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import jsonschema
import pytest
from conftest import viscaffold
from containers import IMAGE, docker, remove_image, require_docker, wait_for_health
from test_docs import schema

from scaffolder.diagnose.verdict.at_work import settles
from scaffolder.docker.client import Engine
from scaffolder.docker.throwaway import LABEL, recorded

pytestmark = pytest.mark.slow

Run = Callable[..., str]
Import = Callable[[bytes], str]
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session", autouse=True)
def _with_docker() -> None:
    require_docker()


@pytest.fixture
def run() -> Iterator[Run]:
    """Start a container; wait until it has ended or, if told, for some seconds; return its name."""
    made: list[str] = []

    def start(*args: str, image: str = IMAGE, seconds: float = 0, expect: int | None = 0) -> str:
        name = f"viscaffold-test-{uuid4().hex[:12]}"
        made.append(name)
        flags = [arg for arg in args if arg.startswith("--")]
        command = [arg for arg in args if not arg.startswith("--")]
        docker("run", "--detach", "--name", name, *flags, image, *command, expect=expect)
        time.sleep(seconds)
        deadline = time.monotonic() + 60
        while not seconds and docker("inspect", "--format", "{{.State.Running}}", name) == "true\n":
            assert time.monotonic() < deadline, "it does not end"
            time.sleep(0.1)
        return name

    yield start
    for name in made:
        docker("rm", "--force", "--volumes", name, expect=None)


@pytest.fixture
def scratch() -> Iterator[Import]:
    """Make an image of nothing but /server."""
    made: list[str] = []

    def make(program: bytes) -> str:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            entry = tarfile.TarInfo("server")
            entry.size, entry.mode = len(program), 0o755
            archive.addfile(entry, io.BytesIO(program))
        made.append(f"viscaffold-test-{uuid4().hex[:12]}")
        importing = ["docker", "import", "--change", 'CMD ["/server"]', "-", made[-1]]
        subprocess.run(importing, input=packed.getvalue(), check=True, capture_output=True)
        return made[-1]

    yield make
    for image in made:
        remove_image(image)


def static(code: bytes, machine: int = 62) -> bytes:
    """Return a static program of some machine code."""
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    start = 0x400078
    header += struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, start, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    size = 120 + len(code)
    return header + struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, size, size, 4096) + code


EXIT = b"\xb8\x3c\x00\x00\x00\xbf%c\x00\x00\x00\x0f\x05"
"""mov eax, 60; mov edi, STATUS; syscall: exit(STATUS), on amd64."""
CRASH = b"\x31\xc0\x88\x00"
"""xor eax, eax; mov [rax], al."""


def diagnosed(target: str, *flags: str) -> dict[str, Any]:
    ran = viscaffold("diagnose", target, "--json", *flags)
    assert ran.code in (0, 10, 11), ran.err
    found: dict[str, Any] = ran.json()
    jsonschema.validate(found, schema("diagnosis"))
    return found


def summary(found: dict[str, Any]) -> tuple[str, str]:
    return found["cause"]["id"], found["verdict"]


PYTHON_FAULTS = {
    "python-module-missing": ("import nothing_of_the_kind", "proven"),
    "python-exception": ("1/0", "likely"),
    "variable-missing": ("import os; os.environ['API_KEY']", "proven"),
    "file-missing": ("open('/etc/orders/config.yml')", "proven"),
}


@pytest.mark.parametrize("cause", PYTHON_FAULTS)
def test_python(cause: str, run: Run) -> None:
    code, verdict = PYTHON_FAULTS[cause]

    assert summary(diagnosed(run("python3", "-c", code))) == (cause, verdict)


def test_python_whose_words_were_lost_says_them_in_a_copy(run: Run) -> None:
    code = "import os; print('FATAL: no more stamps'); os._exit(3)"
    found = diagnosed(run("python3", "-c", code), "--rerun")

    assert found["cause"]["id"] == "python-buffered"
    assert "no more stamps" in found["cause"]["text"]


def test_an_exception_that_a_program_swallows_is_told_by_its_python(run: Run) -> None:
    code = "import sys\ntry: rate = float('thirty')\nexcept ValueError: sys.exit(1)"
    options = ("--read-only", "--user=1000", "--env=PYTHONPATH=/app")
    found = diagnosed(run(*options, "python3", "-c", code), "--rerun")
    shown = [e["found"] for e in found["evidence"] if e["source"] == "rerun"]

    assert found["verdict"] == "likely"
    assert "could not convert string to float: 'thirty'" in found["cause"]["text"]
    assert "sys.exit(1) at <string>:3, in its handler" in shown[0]


def test_a_job_that_swallows_what_it_can_do_without_is_well(run: Run) -> None:
    code = "try: open('/no/cache')\nexcept OSError: pass\nopen('/tmp/done', 'w').close()"

    assert diagnosed(run("python3", "-c", code), "--rerun")["verdict"] == "healthy"


def test_all_that_a_program_lacks_one_after_another_is_named_and_proven(run: Run) -> None:
    steps = "open('/etc/orders.yml'); os.listdir('/data/work')"
    code = f"import os, sys, time\ntry: {steps}\nexcept OSError: sys.exit(3)\ntime.sleep(99)"
    found = diagnosed(run("python3", "-c", code), "--rerun")

    assert summary(found) == ("file-missing", "proven")
    assert "one thing after another: /etc/orders.yml, then /data/work" in found["cause"]["text"]


def test_a_read_only_root_is_proven_by_a_copy_without_it(run: Run) -> None:
    script = "import sys,os\ntry: open('/var/x.log', 'w')\nexcept OSError: sys.exit(1)\nimport time; time.sleep(60)"
    found = diagnosed(run("--read-only", "python3", "-c", script), "--rerun")

    assert found["pattern"] == "permissions"
    assert found["verdict"] == "proven"
    assert any(evidence["source"] == "rerun" for evidence in found["evidence"])


def test_memory_that_is_used_up(run: Run) -> None:
    code = "b = []\nwhile True: b.append(bytearray(1 << 20))"
    name = run("--memory=48m", "--memory-swap=48m", "python3", "-c", code)

    assert summary(diagnosed(name)) == ("oom-killed", "proven")


SHELL_FAULTS = {
    "path-wrong-in-script": "exec /app/server-that-is-not-there",
    "command-missing-in-script": "envsubst-of-nobody; exit 1",
    "variable-missing": "set -u; echo $API_URL",
}


@pytest.mark.parametrize("cause", SHELL_FAULTS)
def test_shell(cause: str, run: Run) -> None:
    assert summary(diagnosed(run("sh", "-c", SHELL_FAULTS[cause]))) == (cause, "proven")


def test_the_language_of_bash_under_sh(run: Run, tmp_path: Path) -> None:
    (tmp_path / "start.sh").write_text("#!/bin/bash\nARGS=(--port 80)\n")
    name = run(f"--volume={tmp_path}:/app:ro", "--workdir=/app", "sh", "start.sh")
    found = diagnosed(name)

    assert summary(found) == ("script-for-other-shell", "proven")
    assert found["pattern"] == "image"


def test_a_working_directory_that_was_set_at_run_time(run: Run, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("open('settings.json')\n")
    (tmp_path / "settings.json").write_text("{}")
    name = run(f"--volume={tmp_path}:/app:ro", "--workdir=/tmp", "python3", "/app/main.py")
    found = diagnosed(name)

    assert summary(found) == ("workdir-overridden", "proven")
    assert found["pattern"] == "environment"


def test_a_program_from_scratch_that_is_for_another_processor(run: Run, scratch: Import) -> None:
    image = scratch(static(b"\0\0\0\0", 183 if os.uname().machine == "x86_64" else 62))
    found = diagnosed(run(image=image, expect=None))

    assert summary(found) == ("wrong-architecture", "proven")


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="its machine code is for amd64")
def test_a_static_program_from_scratch_that_crashes(run: Run, scratch: Import) -> None:
    found = diagnosed(run(image=scratch(static(CRASH))))

    assert found["cause"]["id"] == "segfault"


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="its machine code is for amd64")
def test_a_silent_end_that_nothing_explains_is_undetermined(run: Run, scratch: Import) -> None:
    found = diagnosed(run(image=scratch(static(EXIT % b"\x03"))))

    assert found["verdict"] == "undetermined"
    assert found["ruled_out"]


@pytest.mark.skipif(not shutil.which("rustc"), reason="rustc was not found")
def test_rust(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "main.rs"
    source.write_text('fn main() { let v: Vec<u32> = vec![]; println!("{}", v[0]); }', "utf-8")
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)  # the tests have a HOME of their own
    environment = {"RUSTUP_HOME": str(home / ".rustup"), **os.environ}
    subprocess.run(["rustc", str(source)], cwd=tmp_path, env=environment, check=True)
    found = diagnosed(run(f"--volume={tmp_path}:/rust:ro", "/rust/main"))

    assert summary(found) == ("rust-panic", "proven")
    assert "index out of bounds" in found["cause"]["text"]


SERVE = (
    "import http.server as h; h.HTTPServer(('{}', {}), h.SimpleHTTPRequestHandler).serve_forever()"
)


def test_a_server_on_loopback(run: Run) -> None:
    name = run(
        "--publish=127.0.0.1::8000", "python3", "-c", SERVE.format("127.0.0.1", 8000), seconds=2
    )

    assert summary(diagnosed(name)) == ("bind-loopback", "proven")


def test_a_server_on_another_port_than_the_published_one(run: Run) -> None:
    name = run(
        "--publish=127.0.0.1::8000", "python3", "-c", SERVE.format("0.0.0.0", 3000), seconds=2
    )

    assert summary(diagnosed(name)) == ("port-mismatch", "proven")


def test_a_health_check_without_its_tool(run: Run) -> None:
    flags = ("--health-cmd=curl -f localhost:8000", "--health-interval=1s", "--health-retries=1")
    name = run(*flags, "python3", "-c", SERVE.format("0.0.0.0", 8000), seconds=3.5)

    assert summary(diagnosed(name)) == ("check-tool-missing", "proven")


def test_a_restart_loop_is_caught_between_restarts(run: Run) -> None:
    name = run("--restart=always", "python3", "-c", "import os; os.environ['API_KEY']", seconds=2)

    assert summary(diagnosed(name)) == ("variable-missing", "proven")


@pytest.mark.parametrize(
    ("code", "seconds"),
    [("print('migrated')", 0), (SERVE.format("0.0.0.0", 8000), 1)],
    ids=["job", "server"],
)
def test_what_is_well_is_left_alone(code: str, seconds: float, run: Run) -> None:
    found = diagnosed(run("python3", "-c", code, seconds=seconds))

    assert (found["verdict"], found["pattern"]) == ("healthy", "none")


def test_a_container_that_somebody_stopped_is_no_fault(run: Run) -> None:
    name = run("--init", "sleep", "100", seconds=0.3)
    docker("stop", name)

    assert diagnosed(name)["verdict"] == "healthy"


def until(name: str, words: str) -> None:
    """Wait until a container's log says something."""
    deadline = time.monotonic() + 60
    while words not in docker("logs", name):
        assert time.monotonic() < deadline, docker("logs", name)
        time.sleep(0.1)


def test_a_server_on_a_unix_socket_is_well(run: Run) -> None:
    code = (
        "import socket; s = socket.socket(socket.AF_UNIX); s.bind('/run/app.sock'); s.listen();"
        " print('ready', flush=True); s.accept()"
    )
    name = run("--expose=8000", "python3", "-c", code, seconds=0.1)
    until(name, "ready")
    found = diagnosed(name)

    assert found["verdict"] == "healthy"
    assert "/run/app.sock" in found["cause"]["text"]


@pytest.mark.parametrize(
    ("then", "verdict"), [("exec sleep 100", "healthy"), ("sleep 5; exit 3", "undetermined")]
)
def test_a_container_that_outlives_failed_starts_is_looked_at_when_that_is_clear(
    then: str, verdict: str, run: Run
) -> None:
    script = f"echo x >> /tries; [ $(wc -l < /tries) -gt 2 ] || exit 1; echo up; {then}"
    name = run("--restart=on-failure:3", "sh", "-c", script, seconds=0.1)
    until(name, "up")
    time.sleep(3)  # Docker itself takes a start for successful after 10 s

    assert diagnosed(name)["verdict"] == verdict


def test_a_running_python_that_holds_back_what_it_prints(run: Run) -> None:
    code = "import time\nprint('waiting for jobs')\nwhile True: time.sleep(60)"
    found = diagnosed(run("python3", "-c", code, seconds=5))

    assert summary(found) == ("python-holds-output", "proven")
    assert "waiting for jobs" in found["cause"]["text"]


def test_a_path_that_was_replaced_is_no_missing_shell(run: Run) -> None:
    name = run("--env=PATH=/nowhere", "sh", "-c", "true", expect=None)

    assert summary(diagnosed(name)) == ("path-replaced", "proven")


def test_a_program_that_needs_longer_to_stop_than_it_is_given(run: Run) -> None:
    code = (
        "import signal, time; signal.signal(15, lambda *_: print('closing', flush=True));"
        " print('up', flush=True)\nwhile True: time.sleep(1)"
    )
    name = run("python3", "-c", code, seconds=0.1)
    until(name, "up")
    docker("stop", "--time", "2", name)
    found = diagnosed(name)

    assert found["verdict"] == "healthy"
    assert [other["id"] for other in found["other_causes"]] == ["stop-slow"]


@pytest.fixture
def no_mkdir(tmp_path: Path) -> str:
    """Return the option for a seccomp profile that refuses mkdir and nothing else."""
    rule = {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}
    file = tmp_path / "seccomp.json"
    file.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}))
    return f"--security-opt=seccomp={file}"


def test_a_call_that_the_seccomp_profile_refuses(run: Run, no_mkdir: str) -> None:
    found = diagnosed(run(no_mkdir, "mkdir", "/data"))

    assert summary(found) == ("seccomp-refuses", "proven")
    assert "mkdir" in found["fix"]["text"]


def test_copies_have_the_seccomp_profile_and_one_goes_without_it(run: Run, no_mkdir: str) -> None:
    code = "import os, time\ntry: os.mkdir('/data')\nexcept OSError: os._exit(3)\ntime.sleep(100)"
    name = run(no_mkdir, "python3", "-c", code)
    found = diagnosed(name, "--rerun")

    assert diagnosed(name)["verdict"] != "proven"
    assert summary(found) == ("seccomp-refuses", "proven")


def test_a_mount_that_is_taken_away_proves_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "old").write_text("x")
    code = "import os, time\nif os.path.exists('/data/old'): os._exit(3)\ntime.sleep(100)"
    name = run(f"--volume={tmp_path}:/data", "python3", "-c", code)
    found = diagnosed(name, "--rerun")

    assert found["verdict"] == "likely"
    assert any("/data" in other["text"] for other in found["other_causes"]), found


QUIETLY = (
    "import os, sys, time\nos.environ.clear()\ntry: {}\nexcept OSError: os._exit(3)\ntime.sleep(99)"
)
"""A Python program that dies of an error without a word."""
WATCHED = {
    "file-missing": ((), "open('/srv/' + 'licence.key')", "proven", "/srv/licence.key"),
    "read-only-root": (("--read-only",), "os.mkdir('/opt/' + 'x')", "proven", "/opt/x"),
    "disk-full": (
        ("--tmpfs=/data:size=64k",),
        "os.write(os.open('/data/' + 'x', 66), bytes(1 << 20)) == 1 << 20 or open('/data/' + 'y', 'w').write('y' * 9999)",
        "proven",
        "/data",
    ),
    "file-closed": (("--user=1000",), "open('/etc/' + 'shadow')", "proven", "/etc/shadow"),
    "device-not-given": ((), "open('/dev/' + 'kvm')", "likely", "/dev/kvm"),
    "left-over": (
        (),
        "os.open('/usr/share/base-files/' + 'motd', os.O_CREAT | os.O_EXCL)",
        "proven",
        "base-files/motd",
    ),
    "capability-missing": ((), "os.nice(-5)", "likely", "CAP_SYS_NICE"),
    "socket-missing": (
        (),
        "__import__('socket').socket(1).connect('/run/' + 'db.sock')",
        "likely",
        "/run/db.sock",
    ),
    "killed-from-inside": (
        (),
        "__import__('signal').signal(15, lambda *_: os._exit(3)); os.fork() or os.kill(os.getppid(), 15)",
        "likely",
        "signal 15",
    ),
    "program-not-found": ((), "os.execvp('ffm' + 'peg', ['x'])", "likely", "ffmpeg"),
}
"""The cause: options, what the program does, and the verdict and a word of the answer."""


@pytest.mark.parametrize("cause", WATCHED)
def test_what_a_silent_program_asked_for_in_vain_is_seen_in_a_copy(cause: str, run: Run) -> None:
    flags, code, verdict, word = WATCHED[cause]
    found = diagnosed(run(*flags, "python3", "-c", QUIETLY.format(code)), "--rerun")

    assert summary(found) == (cause, verdict), found
    assert word in found["cause"]["text"]
    assert not throwaways()


ENDS = {
    "variable-quoted": (
        ("--env=DATA=/usr/share/doc\r",),
        'cd "$DATA" 2>/dev/null || exit 3; exec sleep 99',
        "proven",
        "a carriage return",
    ),
    "variable-quoted, aloud": (
        ('--env=DATA="/usr/share/doc"',),
        'cd "$DATA" 2>/dev/null || { echo the share is offline; exit 3; }; exec sleep 99',
        "proven",
        "DATA contains its quotes",
    ),
    "variable-missing": (
        (),
        'exec 2>/dev/null; set -u; test "$MODE_OF_ORDERS"; exec sleep 99',
        "proven",
        "MODE_OF_ORDERS",
    ),
    "nothing-keeps-it": (
        (),
        "exec python3 -c \"import socket; socket.create_server(('', 8080))\"",
        "likely",
        "0.0.0.0:8080",
    ),
    "line-endings": ((), ". /app/env; cd $DATA || exit 3; exec sleep 99", "proven", "/app/env"),
    "link-target-missing": (
        (),
        "exec 2>/dev/null; cat /app/link || exit 3; exec sleep 99",
        "proven",
        "/data/x",
    ),
}
"""The cause: options, a script, and the verdict and a word of the answer."""
ENDS_IMAGE = f"FROM {IMAGE}\nRUN mkdir /app && ln -s /data/x /app/link && printf 'DATA=/usr/share\\r\\n' > /app/env\n"


def test_what_a_silent_script_took_is_seen_in_copies(run: Run, build: Callable[[str], str]) -> None:
    image, told = build(ENDS_IMAGE), {}
    for cause, (flags, script, _verdict, word) in ENDS.items():
        found = diagnosed(run(*flags, "sh", "-c", script, image=image), "--rerun")
        told[cause] = (*summary(found), word in found["cause"]["text"])

    assert told == {cause: (cause.partition(",")[0], end[2], True) for cause, end in ENDS.items()}


@pytest.mark.parametrize(
    ("then", "summed"),
    [("exec sleep 99", ("file-missing", "proven")), ("exit", ("none", "healthy"))],
)
def test_what_a_script_gave_up_over_with_0_is_a_fault_if_it_would_run_on(
    then: str, summed: tuple[str, str], run: Run
) -> None:
    script = f"for i in 1 2 3; do cat /run/ready 2>/dev/null && {then}; sleep 0.1; done; exit 0"
    found = diagnosed(run("sh", "-c", script), "--rerun")

    assert summary(found) == summed
    assert "/run/ready" in found["cause"]["text"]


def test_a_program_that_waits_in_a_call_is_told_what_for(run: Run) -> None:
    code = (
        "import fcntl\nfiles = [open('/l', 'w') for _ in 'ab']\nfor f in files: fcntl.flock(f, 2)"
    )
    name = run("--publish=127.0.0.1::8000", "python3", "-c", code, seconds=0.5)
    found = diagnosed(name, "--rerun")

    assert summary(found) == ("waits-in-call", "likely"), found
    assert "the lock of /l" in found["cause"]["text"]


def test_a_setting_of_a_file_that_is_not_taken_is_proven(run: Run, tmp_path: Path) -> None:
    code = (
        "import json, os, time\ntry: assert json.load(open('/etc/app.json'))['port'] + 1\n"
        "except Exception: os._exit(3)\ntime.sleep(99)"
    )
    (tmp_path / "app.json").write_text('{"name": "orders", "port": "8080", "level": "info"}')
    name = run(f"--volume={tmp_path}/app.json:/etc/app.json:ro", "python3", "-c", code)
    found = diagnosed(name, "--rerun")

    assert summary(found) == ("config-malformed", "proven"), found
    assert "'8080' of port in /etc/app.json" in found["cause"]["text"]


SAID_TO_NOBODY = {
    "/dev/log": "import os, syslog\nfor n in range(40): syslog.syslog(syslog.LOG_ERR, f'quota {n} of 9 is used up')\nos._exit(4)",
    "<string>": "import logging, os\nlogging.disable()\nlogging.error('quota %d of 9 is used up', 39)\nos._exit(4)",
}  # fmt: skip
"""Where a program says why it ends, and how."""


@pytest.mark.parametrize("place", SAID_TO_NOBODY)
def test_what_a_program_says_to_nobody_is_heard_in_a_copy(place: str, run: Run) -> None:
    found = diagnosed(run("python3", "-c", SAID_TO_NOBODY[place]), "--rerun")

    assert summary(found) == ("log-unwritten", "likely"), found
    assert "quota 39 of 9 is used up" in found["cause"]["text"]
    assert place in found["cause"]["text"]
    assert not throwaways()


def test_the_name_of_a_host_that_is_not_taken_is_proven(run: Run) -> None:
    code = "import os, socket, time\nif not socket.gethostname()[-2:] == '-0': os._exit(3)\ntime.sleep(99)"
    found = diagnosed(run("python3", "-c", code), "--rerun")

    assert summary(found) == ("host-name-refused", "proven"), found


@pytest.mark.parametrize(
    ("ends", "verdict", "cause"),
    [
        ("'DRY_RUN' in os.environ", "proven", "config-malformed"),
        ("os.environ.get('DRY_RUN') == 'false'", "healthy", "none"),
        ("'DRY_RUN' in os.environ and (print('nothing to do') or True)", "healthy", "none"),
    ],
    ids=["set", "no", "said"],
)
def test_a_no_that_a_program_takes_for_a_yes_is_proven(
    ends: str, verdict: str, cause: str, run: Run
) -> None:
    code = f"import os, sys, time\nif {ends}: sys.exit()\ntime.sleep(99)"
    found = diagnosed(run("--env=DRY_RUN=false", "python3", "-c", code), "--rerun")

    assert (found["verdict"], found["cause"]["id"]) == (verdict, cause), found
    assert not throwaways()


def test_a_copy_that_also_runs_with_the_file_as_it_was_proves_nothing(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "page").write_text("page", encoding="utf-8")
    os.utime(tmp_path / "page", (1, 1))
    code = "import os, time\nif os.stat('/data/page').st_mtime < 9: os._exit(3)\nopen('/data/page')\ntime.sleep(99)"
    found = diagnosed(run(f"--volume={tmp_path}:/data", "python3", "-c", code), "--rerun")

    assert found["verdict"] != "proven", found
    assert any("/data/page as it was, too: no proof" in line for line in found["ruled_out"]), found[
        "ruled_out"
    ]


def test_a_copy_that_gets_further_may_write_where_the_container_may(
    run: Run, tmp_path: Path
) -> None:
    for name in ("in", "out"):
        (tmp_path / name).mkdir(mode=0o777)
    (tmp_path / "in/prices.csv").write_bytes(b"\xef\xbb\xbfsku;net\r\nK-1;3\r\n")
    code = (
        "import csv, sys\n"
        "rows = list(csv.DictReader(open('/in/prices.csv', encoding='utf-8'), delimiter=';'))\n"
        "if not rows[0].get('sku'): sys.exit(2)\n"
        "open('/out/prices.json', 'w').write('[]')"
    )
    mounts = (f"--volume={tmp_path}/in:/in:ro", f"--volume={tmp_path}/out:/out")
    found = diagnosed(run(*mounts, "python3", "-c", code), "--rerun")

    assert summary(found) == ("byte-order-mark", "proven"), found
    assert not (tmp_path / "out/prices.json").exists()


def test_a_server_that_asks_for_its_own_name_lacks_no_neighbour(run: Run) -> None:
    name = run("timeout", "1", "python3", "-m", "http.server")
    found = diagnosed(name, "--rerun")

    assert summary(found) == ("time-limit-in-script", "likely"), found
    assert "`timeout` ends `python3 -m http.server` after the 1 s" in found["cause"]["text"]


def test_threads_that_wait_for_each_other_are_told_where(run: Run) -> None:
    code = (
        "import threading, time\na, b = threading.Lock(), threading.Lock()\n"
        "def move(x, y):\n  with x:\n    time.sleep(0.2)\n    with y: pass\n"
        "open('/app.py', 'w')\nthreading.Thread(target=move, args=(b, a)).start()\nmove(a, b)"
    )
    name = run("--publish=127.0.0.1::8000", "python3", "-c", code, seconds=0.5)
    found = diagnosed(name, "--rerun")

    assert summary(found) == ("waits-in-call", "likely"), found
    assert found["cause"]["text"].count("<string>:6, move") == 2


def test_a_pid_file_that_an_earlier_run_left_is_proven_by_a_copy_that_has_it(run: Run) -> None:
    code = "import os, time\ntry: os.open('/app.pid', 193)\nexcept OSError: os._exit(3)\nprint('up', flush=True)\ntime.sleep(99)"
    name = run("python3", "-c", code, seconds=0.1)
    until(name, "up")
    docker("kill", name)
    docker("start", name)
    docker("wait", name)
    found = diagnosed(name, "--rerun")

    assert summary(found) == ("left-over", "proven")
    assert "/app.pid" in found["fix"]["text"]


def test_an_optional_file_before_a_silent_end_is_no_cause(run: Run) -> None:
    code = "import os\nos.path.exists('/etc/app.conf')\nopen('/etc/hostname')\nopen('/etc/os-release')\nos._exit(3)"
    found = diagnosed(run("python3", "-c", code), "--rerun")

    assert found["cause"]["id"] not in ("file-missing", "last-call"), found
    assert "app.conf" not in found["cause"]["text"]


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="its machine code is for amd64")
def test_what_a_program_from_scratch_did_last_is_shown(run: Run, scratch: Import) -> None:
    name = run(
        "--read-only", "--user=1000", "--cap-drop=ALL", image=scratch(static(EXIT % b"\x03"))
    )
    found = diagnosed(name, "--rerun")
    shown = next(e["found"] for e in found["evidence"] if e["source"] == "rerun")

    assert found["verdict"] == "undetermined"
    assert "server (process" in shown
    assert shown.endswith("execve=0")


def test_a_program_that_runs_only_as_pid_1_is_said_to_end_otherwise(run: Run) -> None:
    code = "import os\nos._exit(3 if os.getpid() == 1 else 4)"
    found = diagnosed(run("python3", "-c", code), "--rerun")

    assert any("under the tracer a copy exits with 4" in line for line in found["not_read"])


WEB = (
    f"FROM {IMAGE}\nEXPOSE 8000\n"
    "HEALTHCHECK --interval=1s --retries=1 CMD python3 -c"
    " \"import urllib.request as u; u.urlopen('http://127.0.0.1:8000/')\"\n"
    'CMD ["python3", "-m", "http.server", "8000"]\n'
)
WORKER = ("python3", "-uc", "import time\nwhile True: print('task done'); time.sleep(1)")


@pytest.fixture
def build() -> Iterator[Callable[[str], str]]:
    """Build an image of a Dockerfile."""
    made: list[str] = []

    def make(text: str) -> str:
        made.append(f"viscaffold-test-{uuid4().hex[:12]}")
        building = ["docker", "build", "--quiet", "--tag", made[-1], "-"]
        legacy = {**os.environ, "DOCKER_BUILDKIT": "0"}
        subprocess.run(building, input=text.encode(), check=True, capture_output=True, env=legacy)
        return made[-1]

    yield make
    for image in reversed(made):
        remove_image(image)


def test_a_worker_inherits_the_check_of_the_web_server(
    run: Run, build: Callable[[str], str]
) -> None:
    web = build(WEB)
    worker = build(f"FROM {web}\nCMD {json.dumps(WORKER)}\n")
    for name in (
        run(*WORKER, image=web, seconds=0.1),
        run(image=worker, seconds=0.1),
    ):
        wait_for_health(name, "unhealthy")

        assert summary(diagnosed(name)) == ("check-inherited", "proven")
    quiet = run("--no-healthcheck", image=worker, seconds=1)

    assert diagnosed(quiet)["verdict"] == "healthy"


def test_an_entrypoint_in_the_shell_form_swallows_the_command(
    run: Run, build: Callable[[str], str]
) -> None:
    name = run(image=build(f'FROM {IMAGE}\nENTRYPOINT echo hello\nCMD ["world"]\n'))

    assert summary(diagnosed(name)) == ("command-swallowed", "proven")


def test_an_image_is_looked_at_without_running_it(scratch: Import) -> None:
    found = diagnosed(scratch(b"version https://git-lfs.github.com/spec/v1\n"))

    assert (found["kind"], found["cause"]["id"]) == ("image", "not-a-program")


def test_nothing_of_the_users_is_changed_and_nothing_is_left(run: Run) -> None:
    name = run("python3", "-c", "raise SystemExit(7)")
    before = json.loads(docker("inspect", name))[0]
    diagnosed(name, "--rerun")
    after = json.loads(docker("inspect", name))[0]

    assert {**after, "State": before["State"]} == before
    assert after["State"] == before["State"]
    assert not throwaways()


def throwaways() -> frozenset[str]:
    """Return the throw-away containers of this test's user that there are."""
    names = docker("ps", "--all", "--filter", f"label={LABEL}", "--format", "{{.Names}}").split()
    return recorded() & set(names)


def test_a_killed_diagnosis_leaves_nothing_that_the_next_one_does_not_sweep(run: Run) -> None:
    name = run("python3", "-c", "raise SystemExit(7)")
    command = [sys.executable, "-m", "scaffolder", "diagnose", name, "--rerun"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True
    ) as process:
        deadline = time.monotonic() + 60
        while not (left := throwaways()):
            assert time.monotonic() < deadline, "it made no copy"
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    diagnosed(name)

    assert not left & throwaways()


def test_secrets_and_escapes_are_not_passed_on(run: Run) -> None:
    code = "import os, sys; sys.exit('\\x1b[2J cannot log in with ' + os.environ['DB_PASSWORD'])"
    name = run("--env=DB_PASSWORD=correct-horse", "python3", "-c", code)
    shown = viscaffold("diagnose", name)
    reported = viscaffold("report", name)

    for text in (shown.out, reported.out, viscaffold("report", name, "--json").out):
        assert "correct-horse" not in text
        assert "\x1b" not in text
        assert "cannot log in with [redacted]" in text


def test_a_report_is_ready_to_paste(run: Run) -> None:
    name = run("python3", "-c", "import nothing_of_the_kind")
    ran = viscaffold("report", name)
    parts = viscaffold("report", name, "--json").json()

    assert ran.code == 10
    jsonschema.validate(parts, schema("report"))
    headings = [line for line in ran.out.splitlines() if line.startswith("##")]
    assert headings[1:-1] == [
        f"### {title}" for title in (
            "Summary", "Environment", "Timeline (UTC)", "Steps to reproduce", "Expected behavior",
            "Actual behavior", "Logs", "Root cause", "Solution", "Prevention",
        )
    ]  # fmt: skip
    assert "die (exit code 1)" in ran.out
    assert "ModuleNotFoundError" in ran.out


def test_a_compose_service_is_found_by_its_labels(run: Run) -> None:
    service = f"orders-{uuid4().hex[:8]}"
    labels = (
        f"--label=com.docker.compose.service={service}",
        "--label=com.docker.compose.project=x",
    )
    name = run(*labels, "python3", "-c", "1/0")
    ran = viscaffold("diagnose", "--compose", service, "--json")

    assert ran.json()["target"] == name
    assert viscaffold("diagnose", "--compose", f"{service}s").code == 2


def cases_of(page: Path) -> list[tuple[str, str, list[str]]]:
    """Return the containers that a page starts: the command, the diagnosis, and what it shows."""
    blocks = re.findall(
        r"```console\n\$ (docker run [^\n]+)\n\$ (viscaffold [^\n]+)\n(.*?)```",
        page.read_text("utf-8"),
        re.DOTALL,
    )
    return [(run, diagnosis, shown.strip().splitlines()) for run, diagnosis, shown in blocks]


PAGES = [
    case for page in (ROOT / "docs/diagnosis.md", ROOT / "README.md") for case in cases_of(page)
]


def test_the_pages_show_cases() -> None:
    assert len(PAGES) == 7


@pytest.mark.parametrize(("command", "diagnosis", "shown"), PAGES, ids=lambda part: str(part)[:60])
def test_the_pages_show_what_is_printed(command: str, diagnosis: str, shown: list[str]) -> None:
    name = diagnosis.split()[2]
    unique = f"viscaffold-test-{uuid4().hex[:12]}"
    words = [unique if word == name else word for word in shlex.split(command)[1:]]
    words = [word.replace(":8080:", "::") for word in words]  # whatever port is free
    docker(*words)
    try:
        time.sleep(2)
        printed = viscaffold(
            *[unique if word == name else word for word in diagnosis.split()[1:]]
        ).out
    finally:
        docker("rm", "--force", "--volumes", unique, expect=None)
    lines = [
        re.sub(r"127\.0\.0\.1:\d+ ->", "127.0.0.1:8080 ->", line)
        for line in printed.replace(unique, name).splitlines()
    ]

    for line in shown:
        assert line == "..." or line in lines, (line, lines)


REDIS = (
    "FROM debian:trixie-slim\nRUN apt-get update -qq && apt-get install -qq --no-install-recommends"
    " redis-server >/dev/null\n"
    "HEALTHCHECK --interval=1s --retries=1 CMD redis-cli ping | grep -q PONG\n"
)


def test_what_a_silent_health_check_gets_is_asked_in_a_copy(
    run: Run, build: Callable[[str], str]
) -> None:
    redis = build(REDIS)
    closed = run("sh", "-c", "exec redis-server --requirepass sesame", image=redis, seconds=0.1)
    open_ = run("redis-server", image=redis, seconds=0.1)
    wait_for_health(closed, "unhealthy")
    wait_for_health(open_, "healthy")

    assert summary(diagnosed(closed)) == ("check-broken", "likely")
    found = diagnosed(closed, "--rerun")
    assert summary(found) == ("check-login", "likely")
    assert "NOAUTH" in found["cause"]["text"]
    assert diagnosed(open_, "--rerun")["verdict"] == "healthy"


@pytest.mark.parametrize(
    ("script", "path"),
    [
        ("mkdir /srv/work 2>&- || exit 7; exec sleep 99", "/srv/work"),
        ("set -e; mkdir /srv/cache; echo up; exec sleep 99", "/srv/cache"),
        ("set -e; useradd app; exec sleep 99", ""),
    ],
    ids=["silent", "with a message", "no call tells it"],
)
def test_what_fails_at_the_second_start_alone_is_left_over(
    run: Run, script: str, path: str
) -> None:
    name = run("sh", "-c", script, seconds=0.1)
    deadline = time.monotonic() + 30
    while not re.search(r"(?m)\d +sleep 99$", docker("top", name)):  # it is through
        assert time.monotonic() < deadline
        time.sleep(0.1)
    docker("restart", "--time", "0", name)
    docker("wait", name)
    found = diagnosed(name, "--rerun")

    assert summary(found) == ("left-over", "proven"), found
    assert path in found["cause"]["text"]
    assert "started again, it exits with" in found["cause"]["text"]


def test_a_mark_by_another_path_beside_what_is_made_with_p_is_left_over(run: Run) -> None:
    script = "mkdir -p /srv/a /srv/b /srv/c; P=/var/run/q.pid; read n <$P && kill -0 $n && exit 1; echo $$ >$P; exec sleep 99"
    name = run("sh", "-c", script, seconds=1)
    docker("restart", "--time", "0", name)
    docker("wait", name)
    found = diagnosed(name, "--rerun")

    assert summary(found) == ("left-over", "proven"), found
    assert "/run/q.pid is left over" in found["cause"]["text"]


def test_what_fails_otherwise_when_it_is_started_again_is_not_left_over(run: Run) -> None:
    # A copy has no network: it waits for ever, and its second start fails over the directory.
    script = "grep -q eth0 /proc/net/dev || { mkdir /srv/x || exit 5; exec sleep 99; }; sleep 0.1; exit 5"
    found = diagnosed(run("sh", "-c", script), "--rerun")

    assert found["cause"]["id"] != "left-over", found


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("import getpass, sys\ntry: getpass.getuser()\nexcept OSError: sys.exit(1)", True),
        ("import os, sys\ntry: os.mkdir('/srv/x')\nexcept OSError: sys.exit(1)", False),
    ],
)
def test_a_uid_without_a_name_is_proven_by_a_copy_that_has_one(
    run: Run, code: str, *, answer: bool
) -> None:
    found = diagnosed(run("--user=12345", "python3", "-c", code), "--rerun")

    assert (summary(found) == ("uid-without-name", "proven")) == answer, found


SERVES = (
    "from http.server import *\nclass H(BaseHTTPRequestHandler):\n"
    "    def do_GET(self): self.send_error(404)\nHTTPServer(('', 8080), H).serve_forever()"
)
ASKS = (
    "import sys, urllib.request\ntry: urllib.request.urlopen('http://{}:8080/flags?env=prod', timeout=1)\n"
    "except OSError: sys.exit(1)"
)
SILENT = (
    "import socket, time\nserver = socket.create_server(('', 8080))\n"
    "kept = [server.accept()]\ntime.sleep(99)"
)


@pytest.mark.parametrize(
    ("serves", "words"),
    [
        (SERVES, "GET /flags?env=prod with 404"),
        (SILENT, "it keeps 1 connection open"),
    ],
    ids=["in its log", "silent"],
)
def test_what_a_neighbour_answered_is_told(serves: str, words: str, run: Run) -> None:
    network = f"viscaffold-test-{uuid4().hex[:12]}"
    docker("network", "create", network)
    try:
        server = run(f"--network={network}", "python3", "-uc", serves, seconds=3)
        found = diagnosed(
            run(f"--network={network}", "python3", "-c", ASKS.format(server)), "--rerun"
        )
        docker("rm", "--force", server)
    finally:
        docker("network", "rm", network, expect=None)

    assert summary(found) == ("peer-refuses", "likely"), found
    assert words in found["cause"]["text"]


WRITES = (
    "import sys, time\nassert open('/data/a').read() == 'kept'\nopen('/data/b', 'w')\n"
    "try: open('/etc/orders/key')\nexcept OSError: sys.exit(4)\ntime.sleep(99)"
)


def test_a_copy_that_has_to_write_to_a_mount_gets_one_of_its_own(run: Run, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    (tmp_path / "a").write_text("kept")
    name = run(f"--volume={tmp_path}:/data", "--user=1000", "python3", "-c", WRITES)
    before = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    found = diagnosed(name, "--rerun")

    assert summary(found) == ("file-missing", "proven"), found
    assert "/etc/orders/key" in found["cause"]["text"]
    assert {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == before


LOCKS = (
    "import fcntl, sys, time\nf = open('/data/lock', 'w')\ntry: fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
    "except OSError: sys.exit(1)\ntime.sleep(99)"
)


def test_the_container_that_holds_a_lock_in_a_shared_volume_is_named(run: Run) -> None:
    name = f"viscaffold-test-{uuid4().hex[:12]}"
    volume = f"--volume={name}:/data"
    first = run(volume, "python3", "-c", LOCKS, seconds=2)
    second = run(volume, "python3", "-c", LOCKS)
    found = diagnosed(second, "--rerun")
    docker("rm", "--force", first, second)
    docker("volume", "rm", name)

    assert summary(found) == ("volume-in-use", "likely"), found
    if os.geteuid() == 0:
        assert f"{first} holds a lock on /data/lock" in found["cause"]["text"]


FLOCKS = LOCKS.replace("lockf", "flock")
WAITS = FLOCKS.replace("sys.exit(1)", "fcntl.flock(f, fcntl.LOCK_EX)")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may see which files others have open")
def test_the_container_that_holds_a_lock_which_a_running_one_waits_for_is_named(run: Run) -> None:
    name = f"viscaffold-test-{uuid4().hex[:12]}"
    volume = f"--volume={name}:/data"
    first = run(volume, "python3", "-c", FLOCKS, seconds=2)
    second = run(volume, "--publish=8080", "python3", "-c", WAITS, seconds=2)
    found = diagnosed(second, "--rerun")
    docker("rm", "--force", first, second)
    docker("volume", "rm", name)

    assert summary(found) == ("volume-in-use", "likely"), found
    assert f"for a lock on /data/lock: the running container {first}" in found["cause"]["text"]


LATE = (
    "import hashlib, threading, os, time\ndone = threading.Event()\n"
    "def work():\n    for _ in range(500_000): hashlib.sha256(bytes(64)).digest()\n    done.set()\n"
    "threading.Thread(target=work, daemon=True).start()\n"
    "if not done.wait(3) or os.environ.get('FAILS'): os._exit(1)\ntime.sleep(99)"
)


def test_a_share_of_the_cpus_that_is_too_small_is_proven_by_a_copy_with_all(run: Run) -> None:
    """The other one would end with all of them, too."""
    late = diagnosed(run("--cpu-quota=5000", "python3", "-c", LATE), "--rerun")
    other = diagnosed(run("--cpus=0.5", "--env=FAILS=1", "python3", "-c", LATE), "--rerun")

    assert summary(late) == ("cpu-starved", "proven"), late
    assert any("all CPUs: exits with 1" in line for line in other["ruled_out"]), other
    assert other["cause"] != "cpu-starved"


BECOMES = (
    "import os\nos.close(os.open('/srv/queue', os.O_CREAT | os.O_WRONLY, 0o600))\nos.setgid(33)\nos.setuid(33)\n"
    "try: os.open('/srv/queue', os.O_RDWR)\nexcept OSError: os._exit(3)"
)


def test_what_a_program_opens_after_it_has_become_another_user_is_seen(run: Run) -> None:
    """Its memory is closed to the tracer then, unless that may trace all."""
    found = diagnosed(run("python3", "-c", BECOMES), "--rerun")

    assert found["cause"]["id"] == "file-closed", found
    assert any("openat('/srv/queue'): permission denied" in e["found"] for e in found["evidence"])
    assert "/srv/queue is owned by 0:0 with mode 0600" in found["cause"]["text"]


FILLS = (
    "import mmap, time\nf = open('/dev/shm/cache', 'w+b')\nf.truncate(300 << 20)\n"
    "m = mmap.mmap(f.fileno(), 0)\nfor at in range(0, len(m), 4096): m[at] = 1\ntime.sleep(99)"
)
DROPS = (
    "import os, sys, time\nfor step in (lambda: os.chown('/tmp', 33, 33), lambda: os.setgid(33), lambda: os.setuid(33)):\n"
    "    try: step()\n    except OSError: os._exit(3)\ntime.sleep(99)"
)


def test_a_fix_is_told_only_if_a_copy_runs_with_it(run: Run) -> None:
    """256 MiB are too little for the first, and the second ends over one call after another."""
    full = diagnosed(run("python3", "-c", FILLS), "--rerun")
    dropped = diagnosed(run("--cap-drop=ALL", "python3", "-c", DROPS), "--rerun")

    assert (*summary(full), full["fix"]["text"]) == (
        "shared-memory",
        "proven",
        "give it more: --shm-size 1024m",
    )
    assert any("256 MiB: exits with 135" in line for line in full["ruled_out"])
    assert summary(dropped) == ("capability-missing", "proven")
    assert dropped["fix"]["text"].endswith("--cap-add CHOWN --cap-add SETGID --cap-add SETUID")


WORKS = "while time.process_time() < 1.5: pass"
FIRST_RUN = (
    "import os, time\nmade = '/var/lib/made'\n"
    "if not os.path.exists(made):\n"
    f"    {WORKS}\n"
    "    open(made, 'w').close()\n"
    "raise SystemExit(4)"
)


def test_a_copy_settles_when_it_rests_or_ends(run: Run) -> None:
    works = run("python3", "-c", f"import time\n{WORKS}", seconds=0.1)
    rests = run("sleep", "99", seconds=0.1)
    for name in (works, rests):
        settles(Engine("docker"), name)

    states = [docker("inspect", "--format", "{{.State.Status}}", name) for name in (works, rests)]
    assert states == ["exited\n", "running\n"]


def test_a_copy_that_still_works_is_not_taken_for_cured(run: Run) -> None:
    """A first run makes what the next ones find: they end at once, and a copy does later."""
    name = run("python3", "-c", FIRST_RUN)
    docker("start", name)
    docker("wait", name)
    found = diagnosed(name, "--rerun")

    assert found["cause"]["id"] != "left-over"
    assert found["verdict"] != "proven"
    assert not any("keeps running" in line for line in found["ruled_out"])


@pytest.mark.parametrize(
    ("setting", "then", "cause"),
    [
        ("LIMIT=512Mi", "exec sleep 99", "config-malformed"),
        ("REDIS_PORT=tcp://10.0.0.2:6379", "exec sleep 99", "service-variable"),
        ("LIMIT=512Mi", "exit 3", ""),
        ("LIMIT=512", "exit 3", ""),
    ],
)
def test_a_value_that_is_not_read_is_proven_by_a_copy_with_another(
    run: Run, setting: str, then: str, cause: str
) -> None:
    name = setting.partition("=")[0]
    script = f'case "${name}" in *[!0-9]*) exit 3;; esac; {then}'
    found = diagnosed(run(f"--env={setting}", "sh", "-c", script), "--rerun")

    known = (("config-malformed", "proven"), ("service-variable", "proven"))
    assert [each for each in known if each == summary(found)] == [(cause, "proven")] * bool(cause)
