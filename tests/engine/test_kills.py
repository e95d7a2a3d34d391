"""Whatever kills a command at whatever instant, the next one brings back the state before or after.

Every write of every command is met by a kill, by a signal that asks to stop, by a full disk and by
a disk that refuses; then whole process groups are killed at random instants.
"""

import errno
import itertools
import os
import random
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import faulty
import pytest
from conftest import MEMORY, File, Ran, commit, contents, git, viscaffold
from faulty import NOT_REACHED, Fault
from samples import FULL
from teams import write

from scaffolder.engine import journal
from scaffolder.operations import making
from scaffolder.templates import template

pytestmark = pytest.mark.slow

PAGE = "docs/stages/auth.md"
SAVED = "refs/heads/viscaffold/before-rollback-"
LEFT = ("index.lock", "viscaffold/index*", "viscaffold/prepare-*", "viscaffold/running")
DONE = (0, 3)
RECOVER = ("status",)
FAILED = 1
INTERRUPTED = 130

KILLS = 14 if FULL else 6
"""Of each kind."""
EVERY = {
    signal.SIGKILL: 1 if FULL else 24,
    signal.SIGTERM: 1 if FULL else 48,
    errno.ENOSPC: 1 if FULL else 48,
    errno.EROFS: 1 if FULL else 48,
}
"""One write out of so many is met, beginning with any; each takes a third of a second.

`scripts/full` has every write met.
"""
OFTEN = 9
HALFWAY = OFTEN if FULL else 48
"""For what is done to a service that a kill left halfway."""
RARER = 3 * EVERY[signal.SIGKILL]
"""For a kill of what recovers such a service."""


@dataclass(frozen=True)
class Seen:
    """All that there is to see of a service: on disk, in git, and for viscaffold."""

    files: dict[str, File]
    directories: dict[str, int]
    entries: str
    refs: str
    known: dict[str, object]

    def __repr__(self) -> str:
        """Say little: a difference of two is long."""
        return f"<{self.known['operation']}, {len(self.files)} files>"

    def without(self, *paths: str) -> dict[str, File]:
        """Return the files but for some."""
        return {path: file for path, file in self.files.items() if path not in paths}


@dataclass(frozen=True)
class Scene:
    """A service that a command is about to be run in, and what it is before and after that."""

    service: Path
    command: tuple[str, ...]
    before: Seen
    after: Seen

    def copy(self, place: Path) -> Path:
        """Return a copy of the service to be spoilt, in `place` instead of the last one."""
        return copied(self.service, place)


def copied(service: Path, place: Path) -> Path:
    root = place / "orders"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(service, root, symlinks=True)
    os.chdir(root)
    return root


def seen(root: Path) -> Seen:
    """Look at a service, with a command, which first recovers what a killed one left."""
    ran = viscaffold("status", "--json")
    assert ran.code == 0, ran.err
    assert not left(root)
    known = {**ran.json(), "path": ""}
    entries = git(root, "ls-files", "--stage")
    # A rollback that was killed can leave the branch with what it was to save.
    refs = "\n".join(r for r in git(root, "for-each-ref").splitlines() if SAVED not in r)
    return Seen(*contents(root), entries, refs, known)


def left(root: Path) -> list[Path]:
    """Return what only a command that was killed leaves in the repository."""
    return [path for name in LEFT for path in (root / ".git").glob(name)]


def start(root: Path, *stages: str, version: str = "") -> None:
    """Make a service with an edit of the user's own, one that merges."""
    origin = template.carried(version) if version else template.builtin()
    answers = {"name": "orders", "stages": list(stages)}
    making.make(origin, answers, root, commit="Start", within=None)
    os.chdir(root)
    with (root / "README.md").open("a", encoding="utf-8") as readme:
        readme.write("\nMine.\n")
    commit(root)
    (root / "mine.txt").write_text("mine\n", encoding="utf-8")


def conflict(root: Path) -> None:
    """Have a file of the user's in the way of the stage auth, and add it."""
    (root / PAGE).parent.mkdir(exist_ok=True)
    (root / PAGE).write_text("# My own login\n", encoding="utf-8")
    commit(root)
    assert done("add-stage", "auth").code == 3


def done(*args: str) -> Ran:
    ran = viscaffold(*args)
    assert ran.code in (0, 3), ran.err
    return ran


def _adding(root: Path) -> tuple[str, ...]:
    start(root, "api")
    return ("add-stage", "auth")


def _adding_in_conflict(root: Path) -> tuple[str, ...]:
    start(root, "api")
    conflict(root)
    done("add-stage", "--abort")
    return ("add-stage", "auth")


def _removing(root: Path) -> tuple[str, ...]:
    start(root, "api", "auth")
    return ("remove-stage", "auth")


def _removing_in_conflict(root: Path) -> tuple[str, ...]:
    start(root, "api", "auth")
    with (root / PAGE).open("a", encoding="utf-8") as page:
        page.write("\nMine.\n")
    commit(root)
    return ("remove-stage", "auth")


def _updating(root: Path) -> tuple[str, ...]:
    start(root, "api", "auth", version="0.1.0")
    return ("update",)


def _undoing(root: Path) -> tuple[str, ...]:
    start(root, "api", "auth")
    done("remove-stage", "auth")
    with (root / "README.md").open("a", encoding="utf-8") as readme:
        readme.write("\nSince.\n")
    return ("undo",)


def _undoing_after_a_reset(root: Path) -> tuple[str, ...]:
    start(root, "api")
    done("add-stage", "auth")
    git(root, "reset", "--quiet")
    return ("undo",)


def _turning_files_into_directories(root: Path) -> tuple[str, ...]:
    home = "template/python/"
    team = root.parent / f"{root.name} team"
    write(team, {"viscaffold.yml": "name: acme\n", home + "one": "1\n", home + "two/a": "2\n"})
    done("new", str(team.with_name("orders-of-acme")), "--template", str(team), "--trust")
    team.with_name("orders-of-acme").rename(root)
    os.chdir(root)
    (root / "mine.txt").write_text("mine\n", encoding="utf-8")
    write(team, {home + "one": None, home + "two/a": None})
    (team / home / "two").rmdir()
    write(team, {home + "one/a": "1\n", home + "two": "2\n"})
    return ("update", "--trust")


def _aborting(root: Path) -> tuple[str, ...]:
    start(root, "api")
    conflict(root)
    (root / PAGE).write_text("half settled\n", encoding="utf-8")
    return ("add-stage", "--abort")


def _continuing(root: Path) -> tuple[str, ...]:
    start(root, "api")
    conflict(root)
    (root / PAGE).write_text("settled\n", encoding="utf-8")
    return ("add-stage", "--continue")


def _rolling_back(root: Path) -> tuple[str, ...]:
    start(root, "api")
    done("add-stage", "auth")
    commit(root)
    with (root / "README.md").open("a", encoding="utf-8") as readme:
        readme.write("\nStaged.\n")
    git(root, "add", "README.md")
    (root / "Dockerfile").unlink()
    return ("rollback", "HEAD~1", "--accept-data")


def _rolling_back_edits(root: Path) -> tuple[str, ...]:
    """Have a target that the index has already, in the file that is replaced last, too."""
    start(root, "api")
    for name in (".copier-answers.yml", "README.md", "compose.yaml"):
        with (root / name).open("a", encoding="utf-8") as file:
            file.write("# mine\n")
    return ("rollback", "HEAD")


SCENES: dict[str, Callable[[Path], tuple[str, ...]]] = {
    "add-stage": _adding,
    "add-stage in conflict": _adding_in_conflict,
    "remove-stage": _removing,
    "remove-stage in conflict": _removing_in_conflict,
    "update": _updating,
    "undo": _undoing,
    "undo after a reset": _undoing_after_a_reset,
    "files into directories": _turning_files_into_directories,
    "rollback": _rolling_back,
    "rollback of edits": _rolling_back_edits,
    "--abort": _aborting,
    "--continue": _continuing,
}


@pytest.fixture(scope="module")
def memory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as place:
        yield Path(place)


@pytest.fixture(scope="module")
def scene(memory: Path) -> Callable[[str], Scene]:
    """Make a scene, once."""
    made: dict[str, Scene] = {}

    def make(name: str) -> Scene:
        if name not in made:
            service = memory / name
            command = SCENES[name](service)
            spoilt = copied(service, memory)
            before = seen(spoilt)
            done(*command)
            made[name] = Scene(service, command, before, seen(spoilt))
            assert made[name].before != made[name].after
        return made[name]

    return make


@pytest.fixture(autouse=True)
def _back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the directories that go, at the end."""
    monkeypatch.chdir(Path.cwd())


def moments(
    scene: Scene,
    place: Path,
    fault: Fault,
    *,
    step: int = 0,
    counts: Callable[[Path], bool] = Path.exists,
) -> Iterator[tuple[Path, int, int]]:
    """Have the fault at one write after the other; return the service, the number and the exit.

    There is at least one that counts, however few writes that takes; others are left out.
    """
    step, met = step or EVERY[fault], 0
    while not met:
        assert step, "no write counts"
        for nth in itertools.count(random.randrange(step), step):
            root = scene.copy(place)
            code = faulty.run(scene.command, root, nth, fault)
            if code == NOT_REACHED:
                break
            if counts(root):
                met += 1
                yield root, nth, code
        step //= 2


@pytest.mark.parametrize("name", SCENES)
def test_a_kill_at_any_write_leaves_the_state_before_or_after(
    name: str, scene: Callable[[str], Scene], memory: Path
) -> None:
    played = scene(name)
    for root, nth, code in moments(played, memory, signal.SIGKILL):
        assert code == -signal.SIGKILL
        assert seen(root) in (played.before, played.after), f"killed at write {nth}"


@pytest.mark.parametrize("name", SCENES)
def test_a_signal_at_any_write_leaves_the_state_that_the_exit_code_says(
    name: str, scene: Callable[[str], Scene], memory: Path
) -> None:
    played = scene(name)
    for root, nth, code in moments(played, memory, signal.SIGTERM):
        expected = played.before if code == INTERRUPTED else played.after
        assert not left(root)
        assert seen(root) == expected, f"interrupted at write {nth}, exit {code}"


@pytest.mark.parametrize("name", SCENES)
def test_a_full_disk_at_any_write_leaves_the_state_that_the_exit_code_says(
    name: str, scene: Callable[[str], Scene], memory: Path
) -> None:
    played = scene(name)
    for root, nth, code in moments(played, memory, errno.ENOSPC):
        assert code in (*DONE, FAILED), f"failed at write {nth}"
        expected = played.before if code == FAILED else played.after
        assert code in DONE or not left(root)
        assert seen(root) == expected, f"failed at write {nth}, exit {code}"


@pytest.mark.parametrize("name", ["add-stage", "remove-stage", "update", "undo", "--abort"])
def test_a_disk_with_too_little_room_for_a_command_stays_as_it_was(
    name: str, scene: Callable[[str], Scene], small_disk: Callable[[str], Path]
) -> None:
    played = scene(name)
    disk = small_disk("size=8m")
    for pages in itertools.count(0, 2 if FULL else 7):
        root = played.copy(disk)
        about = os.statvfs(disk)
        filler = disk / "filler"
        filler.write_bytes(bytes((about.f_bavail - pages) * about.f_frsize))
        ran = viscaffold(*played.command)
        if ran.code in DONE:
            break
        assert re.search(r"No space left|make room", ran.err), ran.err
        assert seen(root) == played.before, f"with {pages} pages free"
        filler.unlink()
    assert pages > 5
    assert seen(root) == played.after


@pytest.mark.parametrize("name", SCENES)
def test_a_disk_that_takes_no_writes_from_an_instant_on_leaves_the_state_before_or_after(
    name: str, scene: Callable[[str], Scene], memory: Path
) -> None:
    played = scene(name)
    for root, nth, code in moments(played, memory, errno.EROFS):
        assert code in (*DONE, FAILED), f"failed at write {nth}"
        expected = [played.before, played.after] if code == FAILED else [played.after]
        assert seen(root) in expected, f"failed from write {nth} on, exit {code}"


def halfway(scene: Scene, place: Path, step: int = HALFWAY) -> Iterator[Path]:
    """Return copies of the service that a kill left in the middle of replacing files."""

    def is_halfway(root: Path) -> bool:
        return (root / ".git/viscaffold/running").exists()

    for root, _, _ in moments(scene, place, signal.SIGKILL, step=step, counts=is_halfway):
        yield root


@pytest.mark.parametrize("name", ["add-stage", "remove-stage in conflict", "--abort"])
def test_a_kill_of_the_command_that_recovers_changes_nothing_of_the_outcome(
    name: str, scene: Callable[[str], Scene], memory: Path
) -> None:
    played = scene(name)
    for number, root in enumerate(halfway(played, memory)):
        spoilt = replace(played, service=root.rename(memory / f"{name} {number}"), command=RECOVER)
        for again, nth, _ in moments(spoilt, memory, signal.SIGKILL, step=RARER):
            assert seen(again) in (played.before, played.after), f"killed at write {nth}"


def stage_all(root: Path) -> None:
    (root / ".git/index.lock").unlink(missing_ok=True)
    git(root, "add", "--all")


def commit_all(root: Path) -> None:
    stage_all(root)
    git(root, "commit", "--quiet", "--allow-empty", "--message", "as it is")


@pytest.mark.parametrize("act", [stage_all, commit_all])
@pytest.mark.parametrize("name", ["add-stage", "remove-stage", "update"])
def test_what_a_user_stages_or_commits_of_a_half_done_operation_is_no_obstacle(
    name: str, act: Callable[[Path], None], scene: Callable[[str], Scene], memory: Path
) -> None:
    played = scene(name)
    for root in halfway(played, memory):
        act(root)
        assert seen(root).files in (played.before.files, played.after.files)


@pytest.mark.parametrize("name", ["add-stage", "remove-stage", "update"])
def test_what_a_user_edits_of_a_half_done_operation_stays(
    name: str, scene: Callable[[str], Scene], memory: Path
) -> None:
    played = scene(name)
    for root in halfway(played, memory):
        with (root / "README.md").open("a", encoding="utf-8") as readme:
            readme.write("\nMeanwhile.\n")
        edited = (root / "README.md").read_bytes()
        (root / "compose.yaml").unlink()
        found = seen(root)
        touched = ("README.md", "compose.yaml")
        assert found.files["README.md"][2] == edited
        assert "compose.yaml" not in found.files
        assert found.without(*touched) in [
            side.without(*touched) for side in (played.before, played.after)
        ]


@pytest.mark.parametrize("whole_group", [True, False])
@pytest.mark.parametrize("name", ["add-stage", "remove-stage in conflict", "update", "--abort"])
def test_a_kill_at_a_random_instant_leaves_the_state_before_or_after(
    name: str, *, whole_group: bool, scene: Callable[[str], Scene], memory: Path
) -> None:
    played = scene(name)
    began = time.monotonic()
    faulty.start(played.command, played.copy(memory)).join()
    duration = time.monotonic() - began
    for _ in range(KILLS):
        root = played.copy(memory)
        process = faulty.start(played.command, root)
        delay = random.uniform(0, duration)
        time.sleep(delay)
        if whole_group:
            with suppress(ProcessLookupError):  # it ended, or has no group of its own yet
                os.killpg(process.pid or 0, signal.SIGKILL)
        process.kill()
        process.join()
        assert seen(root) in (played.before, played.after), f"killed after {delay} s"


def test_two_commands_at_once_come_to_the_same_as_one_after_the_other(
    scene: Callable[[str], Scene], memory: Path
) -> None:
    root = scene("add-stage").copy(memory)
    faulty.start(("add-stage", "auth"), root).join()
    faulty.start(("add-stage", "logging"), root).join()
    expected = contents(root), git(root, "ls-files", "--stage")
    for _ in range(5):
        root = scene("add-stage").copy(memory)
        both = [faulty.start(("add-stage", name), root) for name in ("auth", "logging")]
        for process in both:
            process.join()
        assert [process.exitcode for process in both] == [0, 0]
        assert (contents(root), git(root, "ls-files", "--stage")) == expected


def test_a_command_waits_for_another_and_goes_on_when_that_is_killed(
    scene: Callable[[str], Scene], memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = scene("add-stage")
    root = played.copy(memory)
    other = faulty.start(played.command, root, 25, signal.SIGSTOP)
    lock = root / ".git/viscaffold/lock"
    deadline = time.monotonic() + 30
    while "T" not in stopped(other.pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    monkeypatch.setattr(journal, "WAIT_SECONDS", 0.3)
    ran = viscaffold("add-stage", "logging")

    assert ran.code == 5
    assert f"Waiting for another viscaffold, process {other.pid}" in ran.err
    assert "is running in this repository" in ran.err
    other.kill()
    other.join()
    assert lock.exists()
    assert seen(root) in (played.before, played.after)
    assert viscaffold("add-stage", "logging").code == 0


def stopped(pid: int | None) -> str:
    """Return the state of a process, as the kernel names it."""
    about = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    return about.rpartition(")")[2].split()[0]


def test_the_command_that_recovers_says_what_it_found_and_did(
    scene: Callable[[str], Scene], memory: Path
) -> None:
    played = scene("add-stage")
    said = "".join(viscaffold("status").err for _ in halfway(played, memory, OFTEN))
    assert "`viscaffold add-stage auth` was killed halfway: it is taken back" in said


def test_a_command_that_was_killed_after_its_last_step_counts_as_finished(
    scene: Callable[[str], Scene], memory: Path
) -> None:
    played = scene("add-stage")
    root = played.copy(memory)
    faulty.start(played.command, root).join()
    (done,) = (root / ".git/viscaffold/done").glob("*/1")
    done.rename(root / ".git/viscaffold/running")

    assert "was killed after its last step: it is finished" in viscaffold("status").err
    assert seen(root) == played.after
