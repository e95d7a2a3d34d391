"""`status`: what a service has, what differs, what is under way."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import MakeService, commit, files, git, viscaffold

from scaffolder import source

NEWEST = source.builtin().version


def test_an_untouched_service_has_nothing_to_say(service: MakeService) -> None:
    root = service("auth")
    found = viscaffold("status", "--json").json()

    assert found == {
        "path": str(root),
        "name": "orders",
        "language": "python",
        "stages": ["api", "auth"],
        "template": {"version": NEWEST, "newest": NEWEST},
        "overlays": [],
        "modified": [],
        "missing": [],
        "conflicts": [],
        "operation": None,
    }


def test_what_the_user_changed_is_listed_staged_committed_or_not(service: MakeService) -> None:
    root = service("logging")
    for name in ("README.md", "Dockerfile", "compose.yaml"):
        with (root / name).open("a", encoding="utf-8") as file:
            file.write("# mine\n")
    git(root, "commit", "--quiet", "--message", "mine", "README.md")
    git(root, "add", "Dockerfile")
    (root / "src/orders/app.py").chmod(0o755)
    (root / "mine.txt").write_text("mine\n", encoding="utf-8")
    found = viscaffold("status", "--json").json()

    assert found["modified"] == ["Dockerfile", "README.md", "compose.yaml", "src/orders/app.py"]


def test_missing_files_are_named_with_their_stage(service: MakeService) -> None:
    root = service("logging")
    (root / "tests/stages/test_logging.py").unlink()
    (root / "docs/stages/logging.md").unlink()
    (root / "docs/incident.md").unlink()
    commit(root)
    found = viscaffold("status", "--json").json()
    shown = viscaffold("status").out

    assert found["missing"] == [
        {"path": "docs/incident.md", "stage": None},
        {"path": "docs/stages/logging.md", "stage": "logging"},
        {"path": "tests/stages/test_logging.py", "stage": "logging"},
    ]
    assert "  tests/stages/test_logging.py (logging)\n" in shown


def test_what_is_not_committed_can_be_taken_back(service: MakeService) -> None:
    service()
    viscaffold("add-stage", "api")

    assert viscaffold("status", "--json").json()["operation"] == {
        "command": "add-stage api",
        "state": "uncommitted",
    }
    assert "viscaffold undo takes it back" in viscaffold("status").out


def test_conflicts_are_listed_with_what_to_type(service: MakeService) -> None:
    root = service()
    (root / "docs/stages").mkdir()
    (root / "docs/stages/api.md").write_text("mine\n", encoding="utf-8")
    commit(root)
    viscaffold("add-stage", "api")
    found = viscaffold("status", "--json").json()
    shown = viscaffold("status").out

    assert found["conflicts"] == ["docs/stages/api.md"]
    assert found["operation"] == {"command": "add-stage api", "state": "conflicts"}
    assert "In conflict:\n  docs/stages/api.md\n" in shown
    assert "viscaffold add-stage --continue" in shown


def test_a_service_without_a_repository_has_a_status_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "orders"
    viscaffold("new", str(root), "--no-git")
    (root / "README.md").write_text("mine\n", encoding="utf-8")
    monkeypatch.chdir(root)
    found = viscaffold("status", "--json").json()

    assert (found["modified"], found["operation"]) == (["README.md"], None)


def test_outside_of_a_service_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = viscaffold("status")

    assert ran.code == 5
    assert "is not in a service" in ran.err


def test_it_does_not_render_what_it_knows(
    service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service("logging")
    monkeypatch.setitem(sys.modules, "copier", None)  # importing it would fail

    assert viscaffold("status").code == 0


def test_a_damaged_cache_is_as_good_as_none(service: MakeService) -> None:
    root = service("logging")
    for entry in (root / ".git/viscaffold/cache").iterdir():
        content = bytearray(entry.read_bytes())
        content[len(content) // 2] ^= 1
        entry.write_bytes(content)

    assert viscaffold("status", "--json").json()["modified"] == []


def test_a_copy_without_a_cache_is_no_different(
    service: MakeService, pristine: Callable[[tuple[str, ...]], Path]
) -> None:
    root = service()
    shutil.rmtree(root / ".git/viscaffold")
    assert viscaffold("status", "--json").json()["modified"] == []
    assert viscaffold("add-stage", "api").code == 0

    assert files(root) == files(pristine(("api",)))
