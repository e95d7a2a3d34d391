"""Locks in shared volumes that a running container waits for, and who holds them."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from recorded import NOW, case

from examples import DATA, EXAMPLES, INDEX, RUNNING, unwell, up
from scaffolder.diagnose.docker import locks
from scaffolder.diagnose.evidence.config import Image, Port
from scaffolder.diagnose.evidence.facts import Health, Locked, Process, Socket
from scaffolder.diagnose.verdict.judge import judge

KEPT = Locked("/data/jobs.db", "i" * 64)
AWAITED = replace(KEPT, is_awaited=True)
THEIRS = Locked("/var/lib/index/jobs.db", "i" * 64, is_open=False)
RUNS = (Process(7, 1, "S", "/app/server", 60),)
HERE = {"running": RUNS, "around": (INDEX,), "kept_locked": (KEPT,), "listening": ()}


def waiting(source: dict[str, Any], mount: Any = DATA) -> dict[str, Any]:  # noqa: ANN401 - a mount
    sources = {**HERE, **source}
    return unwell("/app/server --check", "not ready", sources=sources, config={"mounts": (mount,)})


@pytest.mark.parametrize(
    ("source", "is_named"),
    [
        ({}, True),
        ({"kept_locked": (replace(KEPT, path="/run/own.pid"), KEPT)}, True),
        ({"kept_locked": (replace(KEPT, holder="x" * 64),)}, False),
        ({"kept_locked": (replace(KEPT, path="/else/jobs.db"),)}, False),
        ({"kept_locked": (THEIRS,)}, False),
        ({"kept_locked": ()}, False),
        ({"listening": (Socket("0.0.0.0", 8080),)}, False),
        ({"listening": (Socket("0.0.0.0", 8080),), "kept_locked": (AWAITED,)}, True),
        ({"around": (replace(INDEX, status="exited"),)}, False),
    ],
    ids=[
        "held",
        "several",
        "by a stranger",
        "elsewhere",
        "nobody asks",
        "free",
        "listens",
        "listens and waits",
        "by the dead",
    ],
)
def test_the_holder_of_a_lock_that_a_service_waits_for_is_named(
    source: dict[str, Any], *, is_named: bool
) -> None:
    found = judge(case(**waiting(source)))

    assert (found.cause == "volume-in-use") == is_named, found
    assert found.verdict == "likely"
    if is_named:
        assert KEPT.path in found.text
        assert INDEX.name in found.text


@pytest.mark.parametrize(
    ("env", "place", "is_named"),
    [
        ({"LOCK": "/data/jobs.db"}, "/var/lib/index", True),
        ({"LOCK": "/data/other.db"}, "/var/lib/index", False),
        ({"LOCK": "/data/jobs.db"}, "/var/lib/other", False),
    ],
)
def test_a_file_that_is_opened_anew_each_time_is_known_by_its_name(
    env: dict[str, str], place: str, *, is_named: bool
) -> None:
    other = replace(INDEX, mounts=(replace(DATA, destination=place),))
    example = waiting({"kept_locked": (THEIRS,), "around": (other,)})
    example["config"] |= {"env": env}
    found = judge(case(**example))

    assert (found.cause == "volume-in-use") == is_named, found
    assert ("a lock on /data/jobs.db" in found.text) == is_named


@pytest.mark.parametrize(
    ("example", "is_named"),
    [
        (up(sources=HERE), True),
        (up(sources=HERE | {"listening": (Socket("0.0.0.0", 8080),)}), False),
        (up(sources=HERE, config={"published": ()}), False),
    ],
    ids=["no port", "serves", "a worker"],
)
def test_a_container_that_does_its_work_waits_for_nothing(
    example: dict[str, Any], *, is_named: bool
) -> None:
    example["config"] |= {"mounts": (DATA,)}

    assert (judge(case(**example)).cause == "volume-in-use") == is_named


@pytest.mark.parametrize(
    ("log", "source", "is_named"),
    [
        ("", {}, True),
        ("waits for the lock of the leader", {}, False),
        ("", {"kept_locked": (KEPT,)}, False),
        ("", {"listening": (Socket("0.0.0.0", 8080),)}, False),
        ("", {"beside": ("unix /run/app.sock",)}, False),
        ("", {"running": (*RUNS, Process(9, 7, "S", "/usr/bin/flock /data/jobs.db work"))}, False),
        ("", {"running": (*RUNS, Process(9, 7, "R", "work"))}, False),
    ],
    ids=["says nothing", "a standby", "is not listed", "serves", "a socket", "in turns", "works"],
)
def test_what_has_no_port_waits_for_a_lock_in_vain_if_it_never_said_anything(
    log: str, source: dict[str, Any], *, is_named: bool
) -> None:
    sources = {**HERE, "kept_locked": (AWAITED,), **source}
    found = judge(case(**up(sources=sources, config={"published": (), "mounts": (DATA,)}, log=log)))

    assert (found.cause == "volume-in-use") == is_named, found
    assert ("let it log" in found.fix) == is_named


def test_a_container_whose_check_succeeds_waits_for_nothing() -> None:
    healthy = {**RUNNING, "health": Health("healthy")}

    assert judge(case(**waiting({}) | {"state": healthy})).cause != "volume-in-use"


@pytest.mark.parametrize(
    ("listed", "is_kept"),
    [
        ("1: FLOCK  ADVISORY  WRITE 1 {0} 0 EOF", True),
        ("1: POSIX  ADVISORY  WRITE 1 {0} 128 128", True),
        ("1: FLOCK  ADVISORY  READ 1 {0} 0 EOF\n1: -> FLOCK  ADVISORY  WRITE {1} {0} 0 EOF", True),
        ("1: POSIX  ADVISORY  WRITE 1 {0} 1 1\n2: POSIX  ADVISORY  READ {1} {0} 4 4", False),
        ("1: FLOCK  ADVISORY  READ 1 {0} 0 EOF", False),
        ("1: FLOCK  ADVISORY  WRITE {1} {0} 0 EOF", False),
        ("1: FLOCK  ADVISORY  WRITE 1 00:00:1 0 EOF", False),
        ("1: -> FLOCK  ADVISORY  WRITE 1 {0} 0 EOF", False),
        ("", False),
    ],
    ids=[
        "held", "a part", "waited for", "both have one", "shared", "its own", "another file",
        "another one waits", "none",
    ],
)  # fmt: skip
def test_a_file_is_kept_from_who_has_it_open_and_no_lock_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listed: str, *, is_kept: bool
) -> None:
    file, known = tmp_path / "jobs.db", tmp_path / "locks"
    with file.open("w"):
        found = file.stat()
        device = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}"
        known.write_text(f"{listed.format(f'{device}:{found.st_ino}', os.getpid())}\n")
        monkeypatch.setattr(locks, "LOCKS", known)
        monkeypatch.setattr(locks, "_container", lambda pid: "i" * 64 if pid == 1 else "")

        kept = (Locked(str(file), "i" * 64, is_awaited="->" in listed),) if is_kept else ()
        assert locks.locked([os.getpid()]) == kept
    assert locks.locked([os.getpid()]) == ()


def test_a_lock_is_held_by_who_has_the_file_open_after_the_one_that_took_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with `exec 9>FILE` and `flock 9` in a script: flock is gone, and its lock is not."""
    file = tmp_path / "jobs.db"
    take = [sys.executable, "-c", "import fcntl, sys; fcntl.flock(int(sys.argv[1]), fcntl.LOCK_EX)"]
    with file.open("w") as held:
        number = held.fileno()
        subprocess.run([*take, str(number)], pass_fds=[number], check=True)
        holder = subprocess.Popen(["sleep", "60"], pass_fds=[number])
    with holder, file.open():
        theirs = "i" * 64
        monkeypatch.setattr(locks, "_container", lambda pid: theirs if pid == holder.pid else "")
        kept = locks.locked([os.getpid()])
        known = locks.holders(str(file))
        holder.kill()

    assert kept == (Locked(str(file), theirs),)
    assert known == (theirs,)


TAKES = "import fcntl, sys; f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX); print(flush=True)"


@pytest.mark.parametrize("is_child", [True, False])
def test_a_lock_that_the_parent_of_the_waiter_holds_is_told_from_that_of_a_stranger(
    tmp_path: Path, *, is_child: bool
) -> None:
    file = tmp_path / "deploy.lock"
    starts = f"{TAKES}; import subprocess; subprocess.run([sys.executable, '-c', {TAKES!r}, sys.argv[1]])"
    waits = f"{TAKES}; import time; time.sleep(60)"
    first = [sys.executable, "-c", starts if is_child else waits, str(file)]
    with subprocess.Popen(first, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        other = None if is_child else subprocess.Popen([sys.executable, "-c", TAKES, str(file)])
        waiter = other.pid if other else 0
        deadline = time.monotonic() + 20
        while not (waiting := _waits_for(file)):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        known = locks.locked([holder.pid, *waiting])
        for pid in (*waiting, holder.pid):
            os.kill(pid, signal.SIGKILL)
        if other:
            other.wait()

    assert waiter in (0, *waiting)
    expected = Locked(str(file), "", is_awaited=True, between=(waiting[0], holder.pid))
    assert [x for x in known if x.path == str(file)] == ([expected] if is_child else [])


def _waits_for(file: Path) -> list[int]:
    number = f":{file.stat().st_ino} "
    rows = Path("/proc/locks").read_text().splitlines()
    return [int(row.split()[5]) for row in rows if "->" in row and number in row]


@pytest.mark.parametrize(
    ("changes", "is_told"),
    [
        ({}, True),
        ({"listening": (Socket("0.0.0.0", 8080),)}, False),
        ({"running": (Process(7, 1, "S", "deploy", 60), Process(8, 7, "S", "flock 9", 1))}, False),
    ],
    ids=["for a minute", "serves", "since a moment"],
)
def test_a_script_that_waits_for_its_own_lock_is_told(
    changes: dict[str, Any], *, is_told: bool
) -> None:
    example = EXAMPLES["own-lock"]
    found = judge(case(**example | {"sources": example["sources"] | changes}))

    assert (found.cause == "own-lock") == is_told


def test_a_container_that_waits_for_a_lock_and_is_well_is_told_that_it_does() -> None:
    sources = {**HERE, "kept_locked": (AWAITED,)}
    found = judge(
        case(**up(sources=sources, log="up\n", config={"mounts": (DATA,), "published": ()}))
    )

    assert found.verdict == "healthy"
    assert f"waits for a lock on {KEPT.path}, which {INDEX.name} holds" in found.text


@pytest.mark.parametrize(
    ("lived", "last", "busy", "answer"),
    [
        (30, 0, 0, "check-too-early"),
        (900, 0, 0, "not-listening"),
        (900, 899, 0, "check-too-early"),
        (900, 0, 900, "check-too-early"),
        (900, 0, 1, "not-listening"),
    ],
    ids=["young", "long up", "goes on", "computes", "is checked"],
)
def test_a_service_that_has_been_up_for_long_is_not_about_to_start(
    lived: float, last: float, busy: int, answer: str
) -> None:
    began = NOW - timedelta(seconds=lived)
    of = unwell("/app/server --check", "not ready", log="starts")
    of["state"] |= {"started": began}
    of["sources"] = {
        "listening": (),
        "timed": ((began + timedelta(seconds=last)).isoformat(),),
        "running": (
            Process(7, 1, "S", "/app/server", int(lived)),
            *((Process(9, 7, "R", "/app/work", busy),) if busy else ()),
        ),
    }
    found = judge(case(**of))

    assert found.cause == answer, found
    if answer == "check-too-early":
        period = found.fix.partition("--start-period=")[2].partition("s")[0]
        assert int(period) > lived


@pytest.mark.parametrize(
    ("ports", "answer"), [((), "check-broken"), ((Port(8080),), "check-too-early")]
)
def test_what_has_no_port_is_not_waited_for_to_listen(ports: tuple[Port, ...], answer: str) -> None:
    example = unwell("test -e /run/done", "", sources={"listening": (), "running": RUNS})
    example["config"] |= {"exposed": ports}

    assert judge(case(**example, image=Image(command=("/app/server",)))).cause == answer


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        ((AWAITED,), "waits for a lock on /data/jobs.db, which index holds"),
        ((KEPT,), "has /data/jobs.db open, on which index holds a lock: it may wait for that"),
        ((KEPT, AWAITED), "waits for a lock on /data/jobs.db"),
        ((THEIRS,), ""),
        ((), ""),
    ],
    ids=["awaited", "asked for again and again", "both", "not open", "none"],
)
def test_a_lock_of_another_one_is_told_of_what_runs_and_is_no_fault(
    kept: tuple[Locked, ...], words: str
) -> None:
    sources = {**HERE, "kept_locked": kept}
    config = {"mounts": (DATA,), "published": ()}
    found = judge(case(**up(sources=sources, config=config, log="opening the queue")))

    assert found.verdict == "healthy"
    assert words in found.text
    assert ("/data/jobs.db" in found.text) == bool(words)
