"""The lock of a service follows its manifest, with every operation that changes it."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import MakeService, commit, git, state, viscaffold
from packaging.requirements import Requirement
from registry import pins, publish, served, use

from scaffolder import operations
from scaffolder.errors import RefusedError
from scaffolder.operations import making
from scaffolder.overlays.fetch import preferences
from scaffolder.templates import template

LOCKS = [f"requirements/{name}.txt" for name in ("build", "dev", "run")]


@pytest.fixture
def registry(
    service: MakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Serve all that services depend on, and have operations lock."""
    manifest = tomllib.loads((service("api", "auth", "logging") / "pyproject.toml").read_text())
    needed = [
        *manifest["project"]["dependencies"],
        *manifest["build-system"]["requires"],
        *manifest["dependency-groups"]["dev"],
        "extra",
    ]
    root = tmp_path / "registry"
    publish(root, {Requirement(text).name: {"99.0": []} for text in needed})
    monkeypatch.chdir(tmp_path)
    with served(root) as address:
        use(address, tmp_path, monkeypatch)
        monkeypatch.setenv(preferences.LOCK_VARIABLE, "1")
        yield root


@pytest.fixture
def locked(registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a service with a lock, and step into it."""
    assert registry.is_dir()
    root = tmp_path / "shop"
    assert viscaffold("new", "shop").code == 0
    monkeypatch.chdir(root)
    return root


def run(root: Path) -> list[str]:
    return pins((root / "requirements/run.txt").read_text(encoding="utf-8"))


def test_a_new_service_is_locked_in_its_first_commit(locked: Path) -> None:
    assert run(locked) == ["starlette==99.0", "uvicorn==99.0"]
    assert set(LOCKS) <= set(git(locked, "ls-tree", "-r", "--name-only", "HEAD").splitlines())
    assert "not locked" not in (locked / "requirements/dev.txt").read_text(encoding="utf-8")
    assert viscaffold("status", "--json").json()["modified"] == []


@pytest.mark.usefixtures("registry")
def test_a_plan_of_a_new_service_has_the_tree_that_it_gets(tmp_path: Path) -> None:
    planned = viscaffold("new", "shop", "--dry-run", "--json").json()
    viscaffold("new", "shop")

    assert git(tmp_path / "shop", "rev-parse", "HEAD^{tree}").strip() == planned["tree"]


def test_a_stage_brings_its_dependencies_and_takes_them_with_it(locked: Path) -> None:
    before = [(locked / path).read_bytes() for path in LOCKS]
    planned = viscaffold("add-stage", "api", "--dry-run", "--json").json()["tree"]
    viscaffold("add-stage", "api")
    with_api = run(locked)
    tree = git(locked, "write-tree").strip()
    commit(locked)
    viscaffold("remove-stage", "api")

    assert with_api == ["fastapi==99.0", "starlette==99.0", "uvicorn==99.0"]
    assert planned == tree
    assert [(locked / path).read_bytes() for path in LOCKS] == before


def test_undo_brings_the_former_lock_back(locked: Path) -> None:
    before = state(locked)
    viscaffold("add-stage", "api")
    viscaffold("undo")

    assert state(locked) == before


def test_what_the_user_adds_to_the_manifest_is_locked_on_request(locked: Path) -> None:
    add(locked, "extra")
    made = viscaffold("lock", "--json").json()
    again = viscaffold("lock")

    assert "extra==99.0" in run(locked)
    assert [file["path"] for file in made["files"]] == LOCKS
    assert "up to date" in again.err


def test_a_manifest_that_is_not_staged_is_not_taken_for_locked(locked: Path) -> None:
    add(locked, "extra")
    git(locked, "reset", "--quiet")
    before = state(locked)
    ran = viscaffold("lock")

    assert ran.code == 5
    assert "pyproject.toml has changes that are not staged" in ran.err
    assert "git add pyproject.toml" in ran.err
    assert state(locked) == before
    git(locked, "rm", "--quiet", "--cached", "pyproject.toml")
    assert "git does not track pyproject.toml" in viscaffold("lock").err


def add(root: Path, requirement: str) -> None:
    """Add a dependency to the manifest, and stage it."""
    manifest = root / "pyproject.toml"
    text = manifest.read_text(encoding="utf-8")
    line = 'dependencies = [\n    "'
    manifest.write_text(text.replace(line, f'{line}{requirement}",\n    "', 1), encoding="utf-8")
    git(root, "add", "pyproject.toml")


def test_newer_versions_come_on_request_only(locked: Path, registry: Path) -> None:
    publish(registry, {"uvicorn": {"99.1": []}})
    viscaffold("add-stage", "api")
    commit(locked)
    before = run(locked)
    viscaffold("lock", "--upgrade")

    assert "uvicorn==99.0" in before
    assert "uvicorn==99.1" in run(locked)


def test_without_a_registry_all_goes_on_and_it_is_said(
    locked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = run(locked)
    use("http://127.0.0.1:9/simple", tmp_path / "elsewhere", monkeypatch)
    added = viscaffold("add-stage", "api")
    made = viscaffold("new", "../other")

    for ran in (added, made):
        assert ran.code == 0
        assert "not locked" in ran.err
        assert "viscaffold lock" in ran.err
    assert run(locked) == before
    assert "fastapi" not in (tmp_path / "other/requirements/run.txt").read_text(encoding="utf-8")
    assert "starlette>=" in (tmp_path / "other/requirements/run.txt").read_text(encoding="utf-8")


def test_without_a_registry_lock_fails_and_changes_nothing(
    locked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use("http://127.0.0.1:9/simple", tmp_path / "elsewhere", monkeypatch)
    add(locked, "extra")
    before = state(locked)
    ran = viscaffold("lock")

    assert ran.code == 5
    assert "the dependencies cannot be locked" in ran.err
    assert state(locked) == before


def test_a_lock_that_goes_stale_where_locking_is_off_is_named(
    locked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(preferences.LOCK_VARIABLE, "0")
    brings = viscaffold("add-stage", "api")
    viscaffold("undo")
    unlocked = viscaffold("new", "../other")

    assert "locking is turned off" in brings.err
    assert "fastapi==99.0" not in run(locked)
    assert "locked" not in unlocked.err


def test_a_manifest_in_conflict_is_not_locked(locked: Path) -> None:
    manifest = locked / "pyproject.toml"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace('# "fastapi', '# mine: "fastapi'), encoding="utf-8")
    commit(locked)
    before = run(locked)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 3
    assert "pyproject.toml is in conflict" in ran.err
    assert run(locked) == before


def test_requirements_of_the_user_are_left_alone(locked: Path) -> None:
    mine = locked / "requirements/run.txt"
    mine.write_text("starlette\n", encoding="utf-8")
    commit(locked)
    ran = viscaffold("add-stage", "logging")

    assert ran.code == 0
    assert "requirements/run.txt is not viscaffold's" in ran.err
    assert mine.read_text(encoding="utf-8") == "starlette\n"


def test_a_lock_that_the_user_deleted_comes_back_on_request_only(locked: Path) -> None:
    git(locked, "rm", "--quiet", "-r", "requirements")
    commit(locked)
    ran = viscaffold("add-stage", "api")
    after = (locked / "requirements").exists()
    commit(locked)
    viscaffold("lock")

    assert ran.code == 0, ran.err
    assert not after
    assert "fastapi==99.0" in run(locked)


def test_a_service_without_a_lock_gets_one_when_it_is_wanted(
    locked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(preferences.LOCK_VARIABLE, "0")
    viscaffold("new", "../plain", "--stage", "api")
    monkeypatch.chdir(locked.parent / "plain")
    viscaffold("remove-stage", "api")
    commit(Path())
    unlocked = Path("requirements/run.txt").read_text(encoding="utf-8")
    ran = viscaffold("lock")

    assert "fastapi" not in unlocked
    assert "--hash" not in unlocked
    assert ran.code == 0
    assert run(Path()) == ["starlette==99.0", "uvicorn==99.0"]


@pytest.mark.usefixtures("registry")
def test_an_update_locks_a_service_from_before_there_were_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = template.carried("0.5.0")
    root = tmp_path / "old"
    making.make(old, {"name": "old", "stages": []}, root, commit="Start", within=None)
    monkeypatch.chdir(root)
    with pytest.raises(RefusedError, match="has no locks"):
        operations.lock(root)
    ran = viscaffold("update")

    assert ran.code == 0, ran.err
    assert "pip install -r requirements/dev.txt" in ran.err
    assert run(root) == ["starlette==99.0", "uvicorn==99.0"]


@pytest.mark.parametrize(
    ("words", "wanted"), [("lock: false", False), ("lock: true", True), ("", True)]
)
def test_the_configuration_file_says_whether_locks_are_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, *, wanted: bool
) -> None:
    monkeypatch.delenv(preferences.LOCK_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "viscaffold").mkdir()
    (tmp_path / "viscaffold/config.yml").write_text(f"{words}\n", encoding="utf-8")

    assert preferences.locks() is wanted
    (tmp_path / "viscaffold/config.yml").write_text("lock: maybe\n", encoding="utf-8")
    with pytest.raises(RefusedError, match="true or false"):
        preferences.locks()


def test_a_lock_is_an_operation_like_others(locked: Path, registry: Path) -> None:
    before = state(locked)
    publish(registry, {"uvicorn": {"99.1": []}})
    viscaffold("lock", "--upgrade")
    pending = viscaffold("status").err + viscaffold("status").out
    viscaffold("undo")
    undone = state(locked)
    viscaffold("lock", "--upgrade")
    commit(locked)
    added = viscaffold("add-stage", "api")
    viscaffold("undo")
    nothing = viscaffold("undo")

    assert "Not committed: viscaffold lock --upgrade" in pending
    assert undone == before
    assert added.code == 0, added.err
    assert "uvicorn==99.1" in run(locked)
    assert nothing.code == 5
