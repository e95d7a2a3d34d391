"""`viscaffold verify`: what it says of what works, of what fails, and of what is no service."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest
from conftest import MakeService, Pristine, git, viscaffold
from test_docs import schema

APP = "src/orders/app.py"


@pytest.fixture(scope="module")
def shared(pristine: Pristine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One service with a stage, and few tests of its own: what it needs is installed once."""
    root = tmp_path_factory.mktemp("shared") / "orders"
    shutil.copytree(pristine(("logging",)), root, symlinks=True)
    for path in (root / "tests").rglob("test_*.py"):
        if path.name != "test_app.py":
            path.unlink()
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "fewer tests")
    return root


@pytest.fixture
def root(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    git(shared, "reset", "--quiet", "--hard")
    monkeypatch.chdir(shared)
    return shared


def broken(root: Path) -> None:
    with (root / APP).open("a", encoding="utf-8") as file:
        file.write("raise RuntimeError('password=hunter2hunter2')\n")


@pytest.mark.slow
def test_each_step_is_told_with_its_time_and_a_second_run_ends_at_once(root: Path) -> None:
    first = viscaffold("verify")
    start = time.monotonic()
    second = viscaffold("verify", "--json")
    seconds = time.monotonic() - start

    assert first.code == 0, first.err
    lines = first.err.splitlines()
    assert lines[0].startswith("  ok    environment  (")
    assert lines[-2].startswith("  ok    stop  (")
    assert lines[-1].startswith("orders (")
    assert "works on this machine: 9 steps in" in lines[-1]
    assert "verified already on this machine" in second.err
    assert seconds < 5
    jsonschema.validate(second.json(), schema("verification"))
    assert second.json()["known"] is True
    assert git(root, "status", "--porcelain") == ""


@pytest.mark.slow
def test_what_is_not_staged_takes_no_part_and_what_is_fails_with_all_that_is_known(
    root: Path,
) -> None:
    broken(root)
    assert viscaffold("verify").code == 0
    git(root, "add", "--all")
    ran = viscaffold("verify", "--json")

    assert ran.code == 4
    assert "  FAIL  tests  (" in ran.err
    assert "        expected: its tests pass\n        found:    exit status " in ran.err
    assert f"        | {APP}:" in ran.err
    assert "hunter2" not in ran.err + ran.out
    jsonschema.validate(ran.json(), schema("verification"))
    log = Path(ran.json()["log"])
    assert f"The whole log: {log}" in ran.err
    assert "hunter2" not in log.read_text(encoding="utf-8")
    assert viscaffold("verify", "HEAD").code == 0


@pytest.mark.slow
def test_two_at_once_do_not_meet(root: Path) -> None:
    command = [sys.executable, "-m", "scaffolder", "verify", "--again"]
    processes = [
        subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for process in processes:
        _, err = process.communicate()
        assert process.returncode == 0, err


def test_a_commit_that_is_not_there_is_named(service: MakeService) -> None:
    service()
    ran = viscaffold("verify", "no-such-commit")

    assert ran.code == 2
    assert "there is no commit 'no-such-commit'" in ran.err


def test_an_option_of_git_is_no_commit(service: MakeService) -> None:
    service()
    assert viscaffold("verify", "--", "--all").code == 2


def test_a_commit_without_the_service_is_refused(service: MakeService) -> None:
    root = service()
    git(root, "rm", "--quiet", "--cached", ".copier-answers.yml")
    git(root, "commit", "--quiet", "--message", "none")
    ran = viscaffold("verify", "HEAD")

    assert ran.code == 5
    assert "it has no .copier-answers.yml" in ran.err


def test_what_has_conflicts_is_refused(service: MakeService) -> None:
    root = service()
    blob = git(root, "hash-object", "-w", "--stdin", stdin="x").strip()
    git(root, "update-index", "--index-info",
        stdin=f"0 {'0' * 40}\t{APP}\n100644 {blob} 1\t{APP}\n100644 {blob} 2\t{APP}\n")  # fmt: skip
    ran = viscaffold("verify")

    assert ran.code == 5
    assert f"what has conflicts cannot be verified:\n  {APP}" in ran.err


def test_a_directory_without_a_repository_is_refused(new_user: None) -> None:  # noqa: ARG001 - whose it is
    assert viscaffold("new", "orders", "--no-git").code == 0
    ran = subprocess.run(
        [sys.executable, "-m", "scaffolder", "verify"],
        cwd="orders",
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 5
    assert "is not in a git repository" in ran.stderr
