"""A health check that is code is run in a copy, and its runtime tells whom it asks."""

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from recorded import case, elf, program

from examples import unwell
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.facts import Probe, Socket
from scaffolder.diagnose.verdict import asking
from scaffolder.diagnose.verdict.copies import Outcome
from scaffolder.diagnose.verdict.factor import Factor
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.docker.client import Engine

PYTHONS = [sys.executable, *filter(None, (shutil.which(f"python3.{n}") for n in (8, 9, 13)))]
NODE = shutil.which("node") or ""


class Refusing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/ok" else 503)
        self.end_headers()
        self.wfile.write(b"the database is away")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    """Serve on a port of this machine."""
    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def closed() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def heard(folder: Path, *command: str) -> tuple[int, str]:
    """Run a check with the hooks; return how it ended, and what they heard."""
    shutil.copytree(asking.HOOKS, folder / "asks")
    (folder / "asked").touch()
    ran = subprocess.run(
        command, check=False, timeout=60, capture_output=True,
        env={**os.environ, "PYTHONPATH": str(folder / "asks"), "NODE_OPTIONS": f"--require={folder}/asks/asks.cjs"},
    )  # fmt: skip
    assert (ran.stdout, ran.stderr) == (b"", b"")
    return ran.returncode, (folder / "asked").read_text(encoding="utf-8")


URLLIB = "import sys, urllib.request\ntry: urllib.request.urlopen('http://127.0.0.1:{}{}')\nexcept Exception: sys.exit(1)"
SOCKET = "import socket, sys; sys.exit(bool(socket.socket().connect_ex(('127.0.0.1', {}))))"
HTTP = "require('http').get('http://127.0.0.1:{}{}', r => process.exit(r.statusCode < 300 ? 0 : 1)).on('error', () => process.exit(1))"
FETCH = (
    "fetch('http://127.0.0.1:{}{}').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"
)


def works(python: str) -> bool:
    return not subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode


@pytest.mark.parametrize("python", PYTHONS, ids=os.path.basename)
def test_python_tells_what_a_check_asks_and_gets(python: str, port: int, tmp_path: Path) -> None:
    if not works(python):
        pytest.skip(f"{python} does not start")
    status, said = heard(tmp_path, python, "-c", URLLIB.format(port, "/up"))

    assert status == 1
    assert f"asks http://127.0.0.1:{port}/up\n" in said
    assert "HTTP/1.1 503 Service Unavailable" in said
    assert "the database is away" in said


def test_python_tells_who_refuses_a_check(tmp_path: Path) -> None:
    status, said = heard(tmp_path, sys.executable, "-c", SOCKET.format(number := closed()))

    assert status == 1
    assert said == f"\fasks tcp://127.0.0.1:{number}\n127.0.0.1:{number}: Connection refused\n"


@pytest.mark.skipif(not NODE, reason="there is no node")
@pytest.mark.parametrize("check", [HTTP, FETCH], ids=["http", "fetch"])
def test_node_tells_what_a_check_asks_and_gets(check: str, port: int, tmp_path: Path) -> None:
    status, said = heard(tmp_path, NODE, "-e", check.format(port, "/up"))
    (tmp_path / "closed").mkdir()
    number = closed()
    refused, why = heard(tmp_path / "closed", NODE, "-e", check.format(number, "/up"))

    assert status == refused == 1
    assert f"asks http://127.0.0.1:{port}/up\nHTTP/1.1 503 Service Unavailable" in said
    assert f"ECONNREFUSED 127.0.0.1:{number}" in why


def test_without_its_file_the_hook_does_nothing(tmp_path: Path) -> None:
    shutil.copytree(asking.HOOKS, tmp_path / "asks")
    code = "import socket; assert socket.socket.__name__ == 'socket'"
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "asks")}
    subprocess.run([sys.executable, "-c", code], check=True, env=env)

    assert not (tmp_path / "asked").exists()


CHECK = "node /app/check.js"
TOOLS = {"/usr/bin/node": program(elf())}


def asked(
    monkeypatch: pytest.MonkeyPatch, found: Outcome, check: str = CHECK, output: str = ""
) -> tuple[Case, str, list[Factor]]:
    ran: list[Factor] = []

    def run(_engine: Engine, _of: Case, factor: Factor) -> Outcome:
        ran.append(factor)
        return found

    monkeypatch.setattr(asking, "run", run)
    of = case(**unwell(check, output, files=TOOLS))
    return of, asking.ask(Engine("docker"), of, judge(of).cause), ran


def told(said: str, code: int = 1) -> Outcome:
    return Outcome(alive=True, exit_code=code, text="", read=said)


@pytest.mark.parametrize(
    ("said", "cause", "words"),
    [
        ("asks http://127.0.0.1:8080/up\nHTTP/1.1 503 Busy\n\nnot yet", "check-wrong-path", "requests /up and gets 503: the service itself reports that it is unhealthy; the answer says: not yet"),
        ("asks tcp://127.0.0.1:8080\nasks http://localhost:8080/up\nHTTP/1.1 404 Not Found", "check-wrong-path", "/up and gets 404"),
        ("asks http://127.0.0.1:8080/up\nthe request timed out", "check-timeout", "timed out"),
    ],
)  # fmt: skip
def test_what_a_check_in_code_gets_is_told(
    said: str, cause: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    of, fared, (factor,) = asked(monkeypatch, told(said))
    found = judge(of)

    assert (found.cause, found.verdict) == (cause, "likely"), found
    assert words in found.text
    assert fared.startswith("the health check was run in a copy, and asks http")
    assert factor.asks == ("/bin/sh", "-c", CHECK)
    assert any("NODE_OPTIONS=--require=" in option for option in factor.hears)


def test_a_port_that_code_puts_together_is_known_from_a_copy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused = Outcome(alive=False, exit_code=0, text="asks tcp://[::1]:9999\n[::1]:9999: refused")
    found = judge(asked(monkeypatch, refused)[0])

    assert (found.cause, found.verdict) == ("check-wrong-port", "likely")
    assert "uses port 9999, but the service listens on 8080" in found.text


@pytest.mark.parametrize(
    "found",
    [
        told("asks http://127.0.0.1:8080/up\nHTTP/1.1 200 OK", 0),
        told("something"),
        Outcome(alive=False, exit_code=0, text="asks tcp://127.0.0.1:8080\nrefused"),
        Outcome(alive=False, exit_code=0, text=""),
    ],
    ids=["succeeds", "no-request", "not-up", "silent"],
)
def test_a_copy_that_fares_otherwise_says_nothing(
    found: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    of, _, _ = asked(monkeypatch, found)

    assert of.seen.answer is None
    assert judge(of).cause == "check-broken"


@pytest.mark.parametrize(
    ("check", "output"),
    [("test -f /tmp/alive", ""), (CHECK, "HTTP Error 403: Forbidden"), ("/app/server check", "")],
)
def test_other_checks_and_those_that_tell_are_not_run(
    check: str, output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked(monkeypatch, told(""), check, output)[1:] == ("", [])


@pytest.mark.parametrize(
    "code",
    [
        "'http://localhost:'+process.env.PORT+'/up'",
        "`http://localhost:${process.env.PORT || 8080}/up`",
        "f'http://127.0.0.1:{port}/up'",
    ],
)
def test_a_port_that_code_adds_is_none_that_goes_without_saying(code: str) -> None:
    sources = {"listening": (Socket("0.0.0.0", 3000),)}
    of = case(**unwell(f'node -e "get({code})"', "", sources=sources, files=TOOLS))
    plain = case(
        **unwell("node -e \"get('http://localhost/up')\"", "", sources=sources, files=TOOLS)
    )

    assert of.state.health
    assert of.state.health.log == (Probe(1, ""),)
    assert judge(of).cause == "check-broken"
    assert judge(plain).cause == "check-wrong-port"
