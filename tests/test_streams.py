"""Standard streams that are closed, full or read by nobody."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import MakeService, git

COMMAND = f"{sys.executable} -m scaffolder"
LOST = (">/dev/full", ">&-")
READS = ("stages", "--help", "add-stage api --dry-run", "update --check --json")


def run(command: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """Run `viscaffold COMMAND` by a shell, with redirections in it."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {COMMAND} {command}"],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def staged(root: Path) -> str:
    return git(root, "status", "--porcelain")


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("command", READS)
def test_what_was_asked_for_and_cannot_be_written_is_a_failure(
    service: MakeService, command: str, lost: str
) -> None:
    ran = run(f"{command} {lost}", service())

    assert ran.returncode == 1, ran.stderr
    assert "Error: stdout cannot be written to: " in ran.stderr
    assert "Exception ignored" not in ran.stderr


@pytest.mark.parametrize("command", READS)
def test_a_reader_that_left_is_told_nothing(service: MakeService, command: str) -> None:
    ran = run(f"{command} 2>errors | true", service())

    errors = Path("errors").read_text(encoding="utf-8")
    assert ran.returncode in (0, 1, 10)  # it may have been quicker than the reader
    assert "Error" not in errors
    assert "Exception ignored" not in errors


@pytest.mark.parametrize("lost", ["2>/dev/full", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", "2>&1 | true"])
def test_messages_that_nobody_gets_change_nothing_of_what_is_done(
    service: MakeService, lost: str
) -> None:
    root = service()
    done = run(f"add-stage api {lost}", root)
    added = staged(root)
    again = run("add-stage api", root)

    assert done.returncode == 0
    assert "A  src/orders/stages/api" in added
    assert "Already there" in again.stderr


@pytest.mark.parametrize("lost", [*LOST, ">/dev/full 2>/dev/full", ">&- 2>&-"])
def test_the_exit_code_of_a_change_tells_what_became_of_the_service(
    service: MakeService, lost: str
) -> None:
    root = service()
    done = run(f"add-stage api --json {lost}", root)

    assert done.returncode == 0
    assert "A  src/orders/stages/api" in staged(root)
    if "2>" not in lost:
        assert "It is done, but stdout cannot be written to" in done.stderr


def test_conflicts_are_told_by_the_exit_code_though_nobody_gets_the_report(
    service: MakeService,
) -> None:
    root = service("api")
    stage = root / "src/orders/stages/api"
    for file in stage.rglob("*.py") if stage.is_dir() else [stage.with_suffix(".py")]:
        file.write_text("mine = True\n", encoding="utf-8")
    git(root, "commit", "-qam", "mine")
    ran = run("remove-stage api --json >/dev/full 2>/dev/full", root)

    assert ran.returncode == 3


@pytest.mark.parametrize("lost", ["2>/dev/full", "2>&-"])
def test_a_refusal_that_nobody_gets_is_still_one(tmp_path: Path, lost: str) -> None:
    assert run(f"status {lost}", tmp_path).returncode == 5
    assert run(f"nosuch {lost}", tmp_path).returncode == 2


@pytest.mark.parametrize("closed", ["<&-", "</dev/null"])
def test_without_input_nobody_is_asked(tmp_path: Path, closed: str) -> None:
    ran = run(f"new {closed}", tmp_path)

    assert ran.returncode == 2
    assert "NAME_OR_PATH is missing" in ran.stderr


def test_no_file_takes_the_place_of_a_closed_stream(service: MakeService) -> None:
    """A file opened while stderr is closed would have its number, and get the messages."""
    root = service()
    script = (
        "import os; from scaffolder import streams; streams.prepare();"
        f"file = os.open({str(root / 'README.md')!r}, os.O_RDWR); print(file > 2)"
    )
    ran = subprocess.run(
        ["bash", "-c", f'{sys.executable} -c "$0" <&- 2>&-', script],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert ran.stdout == "True\n"


def test_json_goes_out_whole(service: MakeService) -> None:
    assert json.loads(run("stages --json 2>&-", service()).stdout)["stages"]
