"""The code of others runs only where somebody has agreed to that."""

from pathlib import Path

import pytest
from conftest import MakeService, commit, git, viscaffold

from scaffolder.overlays.fetch import preferences

pytestmark = pytest.mark.slow


@pytest.fixture
def marker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return what is there once the tests of the service have run; changes are verified here."""
    monkeypatch.setenv(preferences.VERIFY_VARIABLE, "local")
    return tmp_path / "ran"


def infect(root: Path, marker: Path) -> None:
    """Have the tests of a service do more than to test."""
    test = f"from pathlib import Path\n\nPath({str(marker)!r}).touch()\n"
    (root / "tests/test_more.py").write_text(test, encoding="utf-8")
    commit(root)


def test_a_fleet_runs_the_code_of_its_repositories_only_with_trust(
    old: MakeService, marker: Path
) -> None:
    root = old("0.8.0")
    infect(root, marker)
    without = viscaffold("fleet", "update", str(root), "--to", "0.9.0", "--verify", "local")
    untouched = not marker.exists()
    git(root, "branch", "-D", "viscaffold/update-0.9.0")
    trusted = viscaffold("fleet", "update", str(root), "--to", "0.9.0", "--trust")

    assert without.code == trusted.code == 0, trusted.err
    assert "not verified: that runs the code in it, which needs --trust" in without.out
    assert untouched
    assert marker.exists()


def test_a_service_is_not_run_where_that_is_not_wanted(
    service: MakeService, marker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service()
    infect(root, marker)
    planned = viscaffold("add-stage", "logging", "--dry-run")
    without = viscaffold("add-stage", "logging", "--no-verify")
    viscaffold("undo")
    monkeypatch.setenv(preferences.VERIFY_VARIABLE, "no")
    preferred = viscaffold("add-stage", "logging")
    viscaffold("undo")
    untouched = not marker.exists()
    monkeypatch.setenv(preferences.VERIFY_VARIABLE, "local")
    wanted = viscaffold("add-stage", "logging")

    assert [planned.code, without.code, preferred.code, wanted.code] == [0, 0, 0, 0], wanted.err
    assert untouched
    assert marker.exists()
