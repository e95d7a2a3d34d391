"""Podman is asked as Docker is: what it says differently is read all the same."""

import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator

import pytest
from conftest import Ran, viscaffold
from recorded import NOW, case

from scaffolder.diagnose.docker import events, processes, targets
from scaffolder.diagnose.evidence.config import Host
from scaffolder.diagnose.evidence.facts import Event
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.report.answer import document
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.docker import process
from scaffolder.docker.client import Engine

CREATED = {"status": "created", "exit_code": 0, "started": None, "finished": None}
CLEANUP = Event(NOW.timestamp(), "cleanup")


def test_the_time_of_an_event_is_a_date() -> None:
    died = {"ID": "a", "Status": "died", "ContainerExitCode": 3, "Attributes": {},
            "Time": "2026-11-28T01:37:30.412074896Z", "Type": "container"}  # fmt: skip
    ((name, event),) = events.read([died])

    assert (name, event.action, event.exit_code) == ("a", "died", 3)
    assert round(event.time, 3) == 1795829850.412


def test_it_is_asked_for_the_events_that_there_are() -> None:
    asked = Asked("podman")
    events.events(asked, "a")

    assert "--stream=false" in asked.words
    assert "--until" not in asked.words


class Asked(Engine):
    """An engine that keeps what it was asked, and has nothing to say."""

    words: tuple[str, ...] = ()

    def run(self, *args: str, **_more: object) -> process.Ran:
        self.words = args
        return process.Ran(0, b"", b"")


@pytest.mark.parametrize(
    ("state", "is_unwell"),
    [("Exited (3) 2 minutes ago", True), ("Exited (0) 2 minutes ago", False), ("Created", True),
     ("Up 2 minutes", False), ("Paused", True)],
)  # fmt: skip
def test_its_state_is_the_status(state: str, *, is_unwell: bool) -> None:
    row = {"name": "a", "status": state, "state": state, "labels": None}

    assert targets.is_unwell(row) is is_unwell


def test_a_start_that_failed_leaves_only_a_cleanup() -> None:
    made = {"command": "/app/sever", "state": CREATED}
    failed = case(**made, sources={"happened": (CLEANUP,)})  # type: ignore[arg-type]

    assert case(**made).phase == Phase.CREATED  # type: ignore[arg-type]
    assert failed.phase == Phase.START
    assert judge(failed).cause == "binary-not-found"


@pytest.mark.parametrize(
    ("engine", "command", "phase"),
    [("podman", "/app/sever", Phase.START), ("podman", "/bin/sh", Phase.CREATED),
     ("docker", "/app/sever", Phase.CREATED)],
)  # fmt: skip
def test_a_start_of_which_nothing_is_left_is_known_by_a_program_that_cannot_start(
    engine: str, command: str, phase: Phase
) -> None:
    assert case(command, state=CREATED, host=Host(engine=engine)).phase == phase


def test_commands_name_the_engine_that_is_there() -> None:
    here = case(log="KeyError: 'API_KEY'", host=Host(engine="podman"))
    found = document(here, judge(here), 0)

    assert found["evidence"][0]["command"].startswith("podman logs ")
    assert found["fix"]["commands"] == ["podman run -e API_KEY=... orders"]
    assert "docker" not in found["fix"]["text"].replace("compose", "")


class Listing(Engine):
    """A podman whose containers have no ps."""

    def run(self, *args: str, **_more: object) -> process.Ran:
        if "-eo" in args:
            return process.Ran(125, b"", b'exec: "ps": executable file not found in $PATH')
        rows = b"PID PPID STATE ELAPSED COMMAND\n1 0 S 1h2m3.5s sleep 300\n7 1 Z 20.1s [sh]\n"
        return process.Ran(0, rows, b"")


def test_processes_are_listed_without_a_ps_in_the_container() -> None:
    first, child = processes.processes(Listing("podman"), "a") or ()

    assert (first.pid, first.parent, first.command, first.seconds) == (1, 0, "sleep 300", 3723)
    assert (child.state, child.seconds) == ("Z", 20)


# The real program


CONFIG = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "none"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
STORAGE = '[storage]\ndriver = "vfs"\ngraphroot = "{home}/root"\nrunroot = "{home}/run"\n'


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Return the environment of a podman with an image `box`; no docker is in its PATH."""
    tools = {name: shutil.which(name) for name in ("podman", "busybox", "runc", "conmon")}
    if not all(tools.values()):
        pytest.skip(f"not installed: {[name for name, path in tools.items() if not path]}")
    home = tmp_path_factory.mktemp("podman")
    (home / "bin").mkdir()
    for name in ("podman", "runc", "conmon", "sh", "mount"):
        (home / "bin" / name).symlink_to(shutil.which(name) or name)
    (home / "containers.conf").write_text(f'{CONFIG}runtime = "runc"\n', "utf-8")
    (home / "storage.conf").write_text(STORAGE.format(home=home), "utf-8")
    environment = {
        "CONTAINERS_CONF": f"{home}/containers.conf", "PATH": f"{home}/bin",
        "CONTAINERS_STORAGE_CONF": f"{home}/storage.conf",
    }  # fmt: skip
    with tarfile.open(home / "box.tar", "w") as archive:
        archive.add(tools["busybox"] or "", "bin/busybox")
        for name in ("sh", "sleep", "cat"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link, io.BytesIO())
    ran = run(environment, "import", f"{home}/box.tar", "box")
    ran = run(environment, "run", "--name", "trial", "box", "sh", "-c", "exit 3") or ran
    if ran.returncode != 3:
        pytest.skip(f"podman does not run here: {ran.stderr[-200:]}")
    yield environment
    run(environment, "rm", "--force", "--all", "--time", "0")


def run(environment: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["podman", *words], env={**os.environ, **environment}, timeout=60, check=False,
        capture_output=True, text=True,
    )  # fmt: skip


def diagnosed(podman: dict[str, str], monkeypatch: pytest.MonkeyPatch, *args: str) -> Ran:
    for name, value in podman.items():
        monkeypatch.setenv(name, value)
    return viscaffold("diagnose", *args)


def test_containers_of_the_real_podman_are_diagnosed(
    podman: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "echo \"KeyError: 'API_KEY'\" >&2; exit 1"
    run(podman, "run", "--name", "words", "box", "sh", "-c", said)
    run(podman, "run", "--name", "missing", "box", "/app/sever")
    run(podman, "run", "--detach", "--name", "well", "box", "sleep", "300")
    words = diagnosed(podman, monkeypatch, "words")
    missing = diagnosed(podman, monkeypatch, "missing")
    well = diagnosed(podman, monkeypatch, "well")
    listed = diagnosed(podman, monkeypatch)

    assert words.out.startswith("words: Proven: the environment variable API_KEY is not set")
    assert "$ podman logs --tail 50 words" in words.out
    assert "/app/sever" in missing.out.splitlines()[0]
    assert missing.code == 10
    assert well.code == 0
    assert "Could not be read" not in well.out
    assert all(name in listed.err for name in ("words", "missing", "trial"))
    assert "well" not in listed.err.replace("unwell", "")
