"""`status`: what a service has, what differs, what is under way."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import MakeService, commit, files, git, viscaffold
from verifications import BROKEN, TESTS, verification

from scaffolder import paths
from scaffolder.engine.git import repository
from scaffolder.templates import template
from scaffolder.verify import evidence

NEWEST = template.builtin().version


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
        "changes": [],
        "notices": [],
        "verified": [],
    }


def test_what_is_verified_is_said_of_head_and_of_what_is_staged(service: MakeService) -> None:
    root = service()
    found = repository(root)
    assert found
    assert "Verified: neither HEAD nor what is staged (viscaffold verify)" in (
        viscaffold("status").out
    )
    evidence.keep(found, verification(tree=git(root, "write-tree").strip()))
    (root / "README.md").write_text("staged\n", encoding="utf-8")
    git(root, "add", "README.md")
    assert "Verified: HEAD, local: PASSED (2026-11-27 01:30 UTC, 2 s)" in viscaffold("status").out
    evidence.keep(found, verification(TESTS, BROKEN, tree=git(root, "write-tree").strip()))
    said = viscaffold("status")

    assert "Verified: what is staged, local: FAILED: start (2026-11-27 01:30 UTC, 3 s)" in said.out
    assert [
        (entry["what"], entry["result"], entry["failed"])
        for entry in viscaffold("status", "--json").json()["verified"]
    ] == [("HEAD", "PASSED", None), ("what is staged", "FAILED", "start")]
    next((root / ".git/viscaffold/evidence").iterdir()).write_bytes(b"\0")
    assert "does not count" in viscaffold("status").err


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


def test_what_is_no_file_is_changed_and_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "orders"
    viscaffold("new", str(root), "--no-git")
    monkeypatch.chdir(root)
    odd = ["Dockerfile", "README.md", "compose.yaml"]
    for name in odd:
        (root / name).unlink()
    (root / "Dockerfile").mkdir()
    os.mkfifo(root / "README.md")
    (root / "compose.yaml").symlink_to("/dev/zero")

    assert viscaffold("status", "--json").json()["modified"] == odd


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


def test_it_imports_nothing_that_it_does_not_use(service: MakeService) -> None:
    service("logging")
    unused = {"concurrent", "importlib.metadata", "packaging", "tomllib", "uv", "copier"}
    unused |= {f"scaffolder.{name}" for name in ("engine.apply", "languages.rust")}
    script = "import sys; from scaffolder import cli; cli.run(['status']); print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    imported = set(ran.stdout.splitlines()[-1].split())

    assert "scaffolder.operations.comparison" in imported
    assert not imported & unused


def test_a_damaged_cache_is_as_good_as_none(service: MakeService) -> None:
    service("logging")
    for entry in (paths.cache() / "renders").iterdir():
        content = bytearray(entry.read_bytes())
        content[len(content) // 2] ^= 1
        entry.write_bytes(content)

    assert viscaffold("status", "--json").json()["modified"] == []


def test_a_copy_without_a_cache_is_no_different(
    service: MakeService, pristine: Callable[[tuple[str, ...]], Path]
) -> None:
    root = service()
    shutil.rmtree(paths.cache() / "renders")
    assert viscaffold("status", "--json").json()["modified"] == []
    assert viscaffold("add-stage", "api").code == 0

    assert files(root) == files(pristine(("api",)))
