"""Throw-away containers: what is removed is ours, whatever an image or a container claims."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from containers import IMAGE, docker, require_docker

from scaffolder.diagnose.docker import isolation
from scaffolder.diagnose.evidence.config import Config, Mount
from scaffolder.diagnose.verdict import handed
from scaffolder.docker import throwaway
from scaffolder.docker.client import Engine

KILLED = """
import os, signal
from scaffolder.docker import throwaway
from scaffolder.docker.client import Engine
with throwaway.created(Engine("docker"), "image") as name:
    os.kill(os.getpid(), signal.SIGKILL)
"""
DOCKER = """#!/bin/sh
echo "$@" >> "$TOLD"
case $1 in
create) echo "$5" | cut -d= -f2 > "$TOLD.token"; echo id;;
inspect) [ -e "$TOLD.gone" ] && exit 1; echo "id $(cat "$TOLD.token")";;
rm) [ ! -e "$TOLD.busy" ];;
esac
"""


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A docker that writes down what it is asked for, and a state directory of one's own."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(DOCKER, encoding="utf-8")
    program.chmod(0o755)
    told = tmp_path / "told"
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("TOLD", str(told))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return told


def removed(told: Path) -> list[str]:
    return [line for line in told.read_text("utf-8").splitlines() if line.startswith("rm ")]


def killed() -> None:
    """Make a container in a process that is killed while it has it."""
    ran = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, check=False)
    assert ran.returncode == -signal.SIGKILL, ran.stderr


def test_what_is_made_is_removed_and_no_longer_recorded(told: Path) -> None:
    with throwaway.created(Engine("docker"), "image") as name:
        assert throwaway.recorded() == {name}

    assert removed(told) == ["rm --force --volumes id"]
    assert not throwaway.recorded()


def test_what_a_killed_process_left_is_swept(told: Path) -> None:
    killed()
    assert not removed(told)

    assert len(throwaway.sweep(Engine("docker"))) == 1
    assert removed(told) == ["rm --force --volumes id"]
    assert throwaway.sweep(Engine("docker")) == []


def test_what_a_busy_daemon_does_not_remove_is_swept_later(told: Path) -> None:
    busy = told.with_name("told.busy")
    busy.touch()
    with throwaway.created(Engine("docker"), "image") as name:
        pass
    assert throwaway.sweep(Engine("docker")) == []

    busy.unlink()
    assert throwaway.sweep(Engine("docker")) == [name]


def test_what_a_running_process_has_is_not_swept(told: Path) -> None:
    with throwaway.created(Engine("docker"), "image"):
        assert throwaway.sweep(Engine("docker")) == []
        assert not removed(told)


def test_a_container_with_another_token_is_not_removed(told: Path) -> None:
    killed()
    told.with_name("told.token").write_text("whatever", encoding="utf-8")

    assert throwaway.sweep(Engine("docker")) == []
    assert not removed(told)


def test_a_container_of_another_daemon_is_not_removed(
    told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed()
    monkeypatch.setenv("DOCKER_HOST", "tcp://elsewhere:2375")

    assert throwaway.sweep(Engine("docker")) == []
    assert not removed(told)


def test_what_the_daemon_makes_late_is_swept_later(told: Path) -> None:
    killed()
    gone = told.with_name("told.gone")
    gone.touch()
    assert throwaway.sweep(Engine("docker")) == []

    gone.unlink()
    assert len(throwaway.sweep(Engine("docker"))) == 1


@pytest.mark.parametrize("content", ["", "[]", '{"name": "db", "token": "x", "daemon": "y"}'])
def test_a_record_that_is_none_removes_nothing(told: Path, content: str) -> None:
    home = Path(os.environ["XDG_STATE_HOME"], "viscaffold", "throwaway")
    home.mkdir(parents=True)
    (home / f"{throwaway.PREFIX}1").write_text(content, encoding="utf-8")

    assert throwaway.sweep(Engine("docker")) == []
    assert not told.exists()


def bind(source: Path | str) -> Mount:
    return Mount("bind", str(source), "/data")


def given(*mounts: Mount, is_remote: bool = False) -> isolation.Isolation:
    return isolation.isolate(Config(mounts=mounts), is_remote=is_remote)


def test_a_directory_of_files_is_given_read_only_and_alone(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").touch()
    found = given(bind(tmp_path))

    assert found.left_out == ()
    (option,) = found.options
    assert option.startswith(f"--mount=type=bind,source={tmp_path},target=/data,readonly")
    assert "bind-nonrecursive" in option
    assert "bind-propagation=rprivate" in option


def test_an_odd_path_cannot_add_an_option(tmp_path: Path) -> None:
    odd = tmp_path / "a,readonly=false"
    odd.mkdir()

    assert f'"source={odd}"' in given(bind(odd)).options[0]


def test_what_holds_a_socket_is_kept_from_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("deep/app.sock")
        found = given(bind(tmp_path), bind(tmp_path / "deep/app.sock"))

    assert found.options == ()
    assert found.left_out == ("/data (it holds a socket: app.sock)", "/data (a socket)")


def test_what_holds_a_pipe_is_kept_from_copies(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert given(bind(tmp_path)).left_out == ("/data (it holds a pipe or device: pipe)",)


@pytest.mark.parametrize(
    "source", ["/", "/dev", "/dev/sda", "/proc", "/sys/fs/cgroup", "/run", "/var/run", "/dev/../"]
)
def test_the_hosts_own_directories_are_kept_from_copies(source: str) -> None:
    assert given(bind(source)).options == ()


def test_what_cannot_be_searched_is_kept_from_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "MOST", 3)
    for number in range(5):
        (tmp_path / str(number)).touch()

    assert "too large" in given(bind(tmp_path)).left_out[0]
    assert "searched" in given(bind(tmp_path / "gone")).left_out[0]
    assert "another machine" in given(bind(tmp_path), is_remote=True).left_out[0]
    assert "type npipe" in given(replace(bind(tmp_path), kind="npipe")).left_out[0]


def test_no_secret_is_on_a_command_line_or_on_disk(told: Path, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "docker"
    program.write_text(DOCKER.replace("create)", 'create) cat > "$TOLD.env";'), encoding="utf-8")
    config = Config(env={"API_TOKEN": "hunter2", "DOCKER_HOST": "tcp://evil"}, image="x")
    with handed.environment(config) as env:
        assert not list(tmp_path.glob("**/viscaffold-*"))
        with throwaway.created(Engine("docker"), "x", "--env-file", "/dev/stdin", stdin=env):
            pass

    assert "hunter2" not in told.read_text("utf-8")
    assert told.with_name("told.env").read_text("utf-8") == (
        "API_TOKEN=hunter2\nDOCKER_HOST=tcp://evil\n"
    )


@pytest.fixture
def labelled() -> Iterator[str]:
    """A user's running container of an image with our label."""
    require_docker()
    name = f"viscaffold-test-labelled-{os.getpid()}"
    flags = ("--label", f"{throwaway.LABEL}=whatever", "--network", "none", "--volume", "/data")
    docker("run", "--detach", "--name", name, *flags, IMAGE, "sleep", "60")
    yield name
    with suppress(AssertionError):
        docker("rm", "--force", "--volumes", name)


def test_a_label_makes_nothing_ours(labelled: str) -> None:
    throwaway.sweep(Engine("docker"))

    state = json.loads(docker("inspect", labelled))[0]["State"]
    assert state["Running"]
