"""All of a merge, or nothing: refusals, failures and interrupts leave the service as it was."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from conftest import MakeService, commit, files, git, state, viscaffold

from scaffolder.engine import apply, index, recovery
from scaffolder.engine.git import Repository
from scaffolder.engine.journal import Journal
from scaffolder.engine.records import Record

SEAM = "src/orders/stages/__init__.py"


Late = Callable[[Callable[[], object]], None]


@pytest.fixture
def after_the_last_step(monkeypatch: pytest.MonkeyPatch) -> Late:
    """Have something happen right after a merge was carried out, before the command ends."""
    finish = Journal.finish

    def arrange(action: Callable[[], object]) -> None:
        def late(journal: Journal, record: Record) -> None:
            finish(journal, record)
            action()

        monkeypatch.setattr(Journal, "finish", late)

    return arrange


def no_traces(root: Path) -> bool:
    """Tell whether nothing in the repository waits to be finished or taken back."""
    left = ("index.lock", "viscaffold/prepare-*", "viscaffold/running", "viscaffold/discarded-*")
    return not any(found for name in left for found in (root / ".git").glob(name))


@pytest.mark.parametrize("ignored", [True, False])
def test_an_untracked_file_in_the_way_is_refused(service: MakeService, *, ignored: bool) -> None:
    root = service()
    if ignored:
        with (root / ".gitignore").open("a", encoding="utf-8") as rules:
            rules.write("docs/stages/\n")
        commit(root)
    (root / "docs/stages").mkdir(parents=True)
    (root / "docs/stages/api.md").write_text("not in git\n", encoding="utf-8")
    before = state(root)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 5
    how = "ignored by git" if ignored else "not in the index"
    assert f"docs/stages/api.md (in the way, {how})" in ran.err
    assert ("git add" in ran.err) is not ignored
    assert state(root) == before
    assert no_traces(root)


def test_a_file_where_the_stage_needs_a_directory_is_refused(service: MakeService) -> None:
    root = service()
    (root / "docs").mkdir(exist_ok=True)
    (root / "docs/stages").write_text("a file\n", encoding="utf-8")
    before = state(root)
    untracked = viscaffold("add-stage", "api")
    commit(root)
    tracked = viscaffold("add-stage", "api")

    assert (untracked.code, tracked.code) == (5, 5)
    assert "in the way" in untracked.err
    assert "a file stands where a directory has to be: docs/stages" in tracked.err
    assert files(root) == before[0]


def test_unstaged_changes_to_a_file_that_the_stage_writes_are_refused(
    service: MakeService,
) -> None:
    root = service()
    with (root / SEAM).open("a", encoding="utf-8") as seam:
        seam.write("# not staged\n")
    before = state(root)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 5
    assert f"{SEAM} (changed, not staged)" in ran.err
    assert "git add" in ran.err
    assert state(root) == before


def test_a_change_that_git_was_told_to_overlook_is_refused_too(service: MakeService) -> None:
    root = service()
    git(root, "update-index", "--assume-unchanged", SEAM)
    (root / SEAM).write_text("# hidden from git\n", encoding="utf-8")
    ran = viscaffold("add-stage", "api")

    assert ran.code == 5
    assert (root / SEAM).read_text(encoding="utf-8") == "# hidden from git\n"


def test_a_file_that_was_only_touched_is_no_obstacle(service: MakeService) -> None:
    root = service()
    os.utime(root / SEAM, (1, 1))

    assert viscaffold("add-stage", "api").code == 0


def test_another_git_command_at_work_is_refused(service: MakeService) -> None:
    root = service()
    (root / ".git/index.lock").touch()
    ran = viscaffold("add-stage", "api")

    assert ran.code == 5
    assert "another git command is running" in ran.err
    assert (root / ".git/index.lock").exists()


@pytest.mark.parametrize("nth", [0, 1, 3, 7])
def test_a_failure_while_files_are_replaced_puts_everything_back(
    service: MakeService, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    root = service()
    before = state(root)
    calls = iter(range(1000))
    move = recovery.move

    def fail(source: Path, target: Path) -> None:
        if next(calls) == nth:
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        move(source, target)

    monkeypatch.setattr(recovery, "move", fail)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 1
    assert "No space left on device" in ran.err
    assert state(root) == before
    assert no_traces(root)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("delay", [0.05, 0.3, 0.5, 0.6, 0.7, 0.9])
def test_an_interrupted_command_leaves_nothing_behind(
    service: MakeService, number: signal.Signals, delay: float, tmp_path: Path
) -> None:
    root = service()
    before = state(root)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "scaffolder", "add-stage", "api"],
        cwd=root,
        env={**os.environ, "TMPDIR": str(scratch)},
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(delay)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)

    assert no_traces(root)
    if process.returncode == 0:  # it was done before the signal came
        assert "stages/api" in git(root, "diff", "--staged", "--name-only")
    else:
        # By the signal itself if it came before Python was up; by SIGINT, which a shell shows as
        # 130, too, if it came while Python ran a text with `exec`: it remembers that until its end.
        # Python makes 1 of a SIGINT that comes while it sets itself up: no line of ours has run.
        interrupted = process.returncode == 1 and err.rstrip().endswith("KeyboardInterrupt")
        unborn = interrupted and f"{os.sep}scaffolder{os.sep}" not in err
        assert unborn or process.returncode in (130, -number, -signal.SIGINT), err
        assert state(root) == before
        assert list(scratch.iterdir()) == []


def test_an_interrupt_after_the_last_step_changes_nothing_of_the_outcome(
    service: MakeService, after_the_last_step: Late
) -> None:
    root = service()
    after_the_last_step(lambda: os.kill(os.getpid(), signal.SIGINT))
    ran = viscaffold("add-stage", "api")

    assert ran.code == 0
    assert "Added api" in ran.err
    assert "stages/api" in git(root, "diff", "--staged", "--name-only")


def test_an_interrupt_before_the_last_step_takes_everything_back(
    service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service()
    before = state(root)
    move, calls = recovery.move, iter(range(1000))

    def interrupted(source: Path, target: Path) -> None:
        if next(calls) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        move(source, target)

    monkeypatch.setattr(recovery, "move", interrupted)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 130
    assert state(root) == before
    assert no_traces(root)


def test_the_index_may_not_change_meanwhile(
    service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service()
    locked = index.locked

    def late(repository: Repository) -> AbstractContextManager[None]:
        (root / "late.txt").write_text("late\n", encoding="utf-8")
        git(root, "add", "late.txt")
        return locked(repository)

    monkeypatch.setattr(index, "locked", late)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 5
    assert "the index changed" in ran.err
    assert not (root / "docs/stages/api.md").exists()


def test_a_repository_on_another_file_system_than_its_work_tree_works(
    service: MakeService, small_disk: Callable[[str], Path], pristine: MakeService
) -> None:
    root = service()
    elsewhere = small_disk("size=20m") / "orders.git"
    shutil.move(root / ".git", elsewhere)
    (root / ".git").write_text(f"gitdir: {elsewhere}\n", encoding="utf-8")
    ran = viscaffold("add-stage", "api")
    (root / ".git").unlink()

    assert ran.code == 0, ran.err
    assert files(root) == files(pristine(("api",)))


def test_a_lock_that_another_git_command_takes_right_afterwards_stays_its_own(
    service: MakeService, after_the_last_step: Late
) -> None:
    root = service()
    after_the_last_step(lambda: (root / ".git/index.lock").write_text("theirs", encoding="utf-8"))

    assert viscaffold("add-stage", "api").code == 0
    assert (root / ".git/index.lock").read_text(encoding="utf-8") == "theirs"


def test_a_dry_run_writes_nothing_and_names_the_tree_that_comes_of_it(
    service: MakeService,
) -> None:
    root = service()
    (root / "mine.txt").write_text("mine\n", encoding="utf-8")
    git(root, "add", "mine.txt")
    before = state(root)
    objects = sorted((root / ".git").rglob("*"))
    dry = viscaffold("add-stage", "api", "--dry-run", "--json").json()

    assert state(root) == before
    assert sorted((root / ".git").rglob("*")) == objects
    wet = viscaffold("add-stage", "api", "--json").json()
    assert dry["tree"] == wet["tree"] == git(root, "write-tree").strip()
    assert dry["files"] == wet["files"]


def test_the_diff_of_a_dry_run_applies(service: MakeService, pristine: MakeService) -> None:
    root = service()
    ran = viscaffold("add-stage", "api", "--dry-run")
    git(root, "apply", "--index", "-", stdin=ran.out)

    assert files(root) == files(pristine(("api",)))


def killed(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    """Leave what a command does when it is killed right before the index is replaced."""

    class KilledError(BaseException):
        pass

    def die(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(apply, "_replace_index", die)
        patch.setattr(recovery, "take_back", die)
        with pytest.raises(KilledError):
            viscaffold(*words)


@pytest.mark.parametrize("where", ["src/orders/stages/api", "docs/stages"])
def test_what_has_no_place_any_more_is_said_when_a_kill_is_taken_back(
    service: MakeService, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    root = service("api")
    before = state(root)
    killed(monkeypatch, "remove-stage", "api")
    assert not (root / where).exists()
    (root / where).write_text("mine\n", encoding="utf-8")
    ran = viscaffold("status")

    lost = [path for path in before[0] if path.startswith(f"{where}/")]
    assert lost
    assert ran.code == 0, ran.err
    assert "killed halfway: it is taken back" in ran.err
    assert all(f"! {path}: changed since, left as it is" in ran.err for path in lost)
    assert files(root) == {
        **{path: content for path, content in before[0].items() if path not in lost},
        where: b"mine\n",
    }
    (root / where).unlink()
    git(root, "checkout", "--", *lost)
    assert state(root) == before
    assert no_traces(root)
