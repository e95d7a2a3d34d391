"""Credentials of a URL are on no command line, in no file and in no message; nothing asks."""

import os
import threading
import time
from pathlib import Path

import pytest
import servers
from conftest import git, viscaffold
from running import command_lines
from teams import MakeRepository

pytestmark = pytest.mark.slow

SECRET = "s3cr3t%2Fpart"
PLAIN = "s3cr3t/part"


@pytest.fixture
def team(repository: MakeRepository, tmp_path: Path) -> Path:
    servers.bare(repository(), tmp_path / "srv/team.git")
    return tmp_path / "srv"


def everything_that_runs(stop: threading.Event, seen: set[str]) -> None:
    while not stop.is_set():
        seen |= command_lines()
        time.sleep(0.01)


def test_they_work_and_are_seen_by_nobody(team: Path, tmp_path: Path) -> None:
    stop, seen = threading.Event(), set[str]()
    watcher = threading.Thread(target=everything_that_runs, args=(stop, seen))
    with servers.http(team, f"ada:{PLAIN}") as base:
        url = base.replace("//", f"//ada:{SECRET}@")
        watcher.start()
        try:
            ran = viscaffold("new", "orders", "-t", f"{url}/team.git@1.0", "--trust")
        finally:
            stop.set()
            watcher.join()
        wrong = viscaffold("new", "other", "-t", f"{url}x/team.git@1.0", "--trust")

    assert ran.code == 0, ran.err
    assert any("remote-http" in line for line in seen)
    assert not [line for line in seen if "s3cr3t" in line]
    assert "s3cr3t" not in ran.err + ran.out + wrong.err + wrong.out
    for folder in (tmp_path / "orders", tmp_path / ".user"):
        assert not [p for p in folder.rglob("*") if p.is_file() and b"s3cr3t" in p.read_bytes()]


@pytest.mark.parametrize("way", ["GIT_ASKPASS", "core.askPass", "helper"])
def test_what_the_user_configured_answers(
    team: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    program = tmp_path / "answer"
    program.write_text(
        "#!/bin/sh\ncase $1 in\nUser*) echo ada;;\nget) echo username=ada; echo password=pw;;\n"
        "*) echo pw;;\nesac\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    if way == "GIT_ASKPASS":
        monkeypatch.setenv(way, str(program))
    else:
        key = {"core.askPass": way, "helper": "credential.helper"}[way]
        monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
        monkeypatch.setenv("GIT_CONFIG_KEY_0", key)
        monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(program))
    with servers.http(team, "ada:pw") as base:
        ran = viscaffold("new", "orders", "-t", f"{base}/team.git@1.0", "--trust")

    assert ran.code == 0, ran.err


def test_one_that_never_answers_is_ended(
    team: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "ask"
    program.write_text(f"#!/bin/sh\nsleep 1000; : {tmp_path}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("GIT_ASKPASS", str(program))
    monkeypatch.setenv("VISCAFFOLD_GIT_SECONDS", "3")
    with servers.http(team, "ada:pw") as base:
        ran = viscaffold("new", "orders", "-t", f"{base}/team.git@1.0", "--trust")
    left = command_lines()

    assert ran.code == 5
    assert "did not answer within 3 s" in ran.err
    assert not [line for line in left if str(program) in line]


def test_a_window_of_the_desktop_is_not_opened(
    team: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "asked"
    program = tmp_path / "window"
    program.write_text(f"#!/bin/sh\ntouch {mark}\necho pw\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("SSH_ASKPASS", str(program))
    monkeypatch.setenv("GIT_TERMINAL_PROMPT", "1")
    with servers.http(team, "ada:pw") as base:
        ran = viscaffold("new", "orders", "-t", f"{base}/team.git@1.0", "--trust")

    assert ran.code == 5
    assert "it asks for credentials" in ran.err
    assert not mark.exists()
    assert os.environ["SSH_ASKPASS"] == str(program)


def test_a_service_in_a_fleet_records_none(team: Path, tmp_path: Path) -> None:
    with servers.http(team, f"ada:{PLAIN}") as base:
        url = base.replace("//", f"//ada:{SECRET}@")
        viscaffold("new", "one", "-t", f"{url}/team.git@1.0", "--trust")
        servers.bare(Path("one"), team / "one.git")
        ran = viscaffold("fleet", "update", "--push", f"{url}/one.git", "--json")

    assert "s3cr3t" not in ran.out + ran.err
    assert git(tmp_path / "one", "log", "--format=%an")
    kept = (tmp_path / ".user").rglob("*")
    assert not [p for p in kept if p.is_file() and b"s3cr3t" in p.read_bytes()]
