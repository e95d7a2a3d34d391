"""Temporary directories: gone afterwards, and after kill -9 when the next command starts."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import viscaffold

from scaffolder import temporary

HOLD = """
import sys
from pathlib import Path
from scaffolder import temporary
print(temporary.lasting(), flush=True)
with temporary.directory() as directory, temporary.beside(Path(sys.argv[1], "orders")) as beside:
    (directory / "secret").write_text("x")
    (beside / "tree").mkdir()
    print("made", flush=True)
    sys.stdin.read()
"""

Held = subprocess.Popen[str]


@pytest.fixture(autouse=True)
def temporaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own place for temporary directories."""
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr("tempfile.tempdir", str(place))
    return place


@pytest.fixture
def work(tmp_path: Path) -> Path:
    place = tmp_path / "work"
    place.mkdir()
    return place


@pytest.fixture
def hold(work: Path) -> Iterator[Callable[[], Held]]:
    """Start a process that has temporary directories, and waits."""
    started: list[Held] = []

    def start() -> Held:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(work)], env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        started.append(process)
        assert process.stdout
        process.stdout.readline()
        assert process.stdout.readline() == "made\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def killed(process: Held) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_nothing_is_left_of_a_run_that_ends(
    hold: Callable[[], Held], temporaries: Path, work: Path
) -> None:
    process = hold()
    there = [*temporaries.iterdir(), *work.iterdir()]
    process.communicate("")

    assert len(there) == 2
    assert list(temporaries.iterdir()) == list(work.iterdir()) == []


def test_the_next_command_removes_what_a_killed_one_left(
    hold: Callable[[], Held], temporaries: Path, work: Path
) -> None:
    killed(hold())
    left = [*temporaries.iterdir(), *work.iterdir()]
    ran = viscaffold("stages")

    assert len(left) == 2
    assert ran.code == 0
    assert list(temporaries.iterdir()) == list(work.iterdir()) == []


def test_what_another_run_is_using_stays(
    hold: Callable[[], Held], temporaries: Path, work: Path
) -> None:
    hold()
    there = {*temporaries.iterdir(), *work.iterdir()}
    temporary.sweep()

    assert {*temporaries.iterdir(), *work.iterdir()} >= there


def test_what_this_run_is_using_stays() -> None:
    with temporary.directory() as directory:
        temporary.sweep()

        assert directory.is_dir()


def test_what_viscaffold_did_not_make_stays(temporaries: Path) -> None:
    """A directory of somebody's that happens to be called so has no lock in it."""
    mine = temporaries / "viscaffold-notes"
    mine.mkdir()
    (mine / "owner").touch()
    temporary.sweep()

    assert (mine / "owner").exists()


def test_a_link_is_not_followed(hold: Callable[[], Held], temporaries: Path, work: Path) -> None:
    killed(hold())
    (home,) = temporaries.iterdir()
    elsewhere = work / "elsewhere"
    home.rename(elsewhere)
    home.symlink_to(elsewhere)
    (beside,) = work.glob(".viscaffold-*")
    temporary.sweep()

    assert (elsewhere / temporary.LOCK).exists()
    assert beside.exists()


def test_a_link_inside_is_removed_and_what_it_leads_to_stays(
    hold: Callable[[], Held], temporaries: Path, work: Path
) -> None:
    killed(hold())
    (home,) = temporaries.iterdir()
    precious = work / "precious"
    precious.mkdir()
    (precious / "file").touch()
    (home / "link").symlink_to(precious)
    temporary.sweep()

    assert not home.exists()
    assert (precious / "file").exists()


def test_a_lock_that_is_a_link_is_not_opened(temporaries: Path, work: Path) -> None:
    home = temporaries / "viscaffold-planted"
    home.mkdir()
    (work / "file").touch()
    (home / temporary.LOCK).symlink_to(work / "file")
    temporary.sweep()

    assert home.is_dir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make what is another user's")
def test_what_is_another_users_stays(hold: Callable[[], Held], temporaries: Path) -> None:
    killed(hold())
    (home,) = temporaries.iterdir()
    os.chown(home, 12345, 12345)
    temporary.sweep()

    assert home.is_dir()


def test_a_killed_new_leaves_nothing_for_long(
    temporaries: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real thing: killed while it renders, its workshop is beside the service to be."""
    script = (
        "import os, signal; from scaffolder import cli; from scaffolder.operations import making;"
        "making.render = lambda *args: os.kill(os.getpid(), signal.SIGKILL);"
        "cli.run(['new', 'orders'])"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    ran = subprocess.run([sys.executable, "-c", script], cwd=work, env=environment, check=False)
    left = list(work.iterdir())
    monkeypatch.chdir(temporaries)
    viscaffold("stages")

    assert ran.returncode == -signal.SIGKILL
    assert len(left) == 1
    assert list(work.iterdir()) == []
