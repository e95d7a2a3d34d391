"""Cargo.lock follows Cargo.toml, with every operation that changes it; the template has none."""

import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import crates
import pytest
import rust_services
from conftest import Ran, commit, git, state, viscaffold
from teams import IN_RUST, MakeTeam

from scaffolder.overlays.fetch import preferences
from scaffolder.templates import catalogue, template
from scaffolder.templates.render import rendered

LOCK = "Cargo.lock"


def publish(root: Path) -> None:
    """Serve all that services depend on, each in the oldest version that fits."""
    every = list(catalogue.load(template.builtin().root, "rust").stages)
    answers = {"name": "shop", "language": "rust", "stages": every}
    with rendered(template.builtin(), answers) as made:
        named = tomllib.loads((made / "Cargo.toml").read_text(encoding="utf-8"))["dependencies"]
    tables = [{"version": has} if isinstance(has, str) else has for has in named.values()]
    features = {one for has in tables for one in has.get("features", ())}
    oldest = [".".join(f"{has['version']}.0.0".split(".")[:3]) for has in tables]
    found: crates.Crates = {
        name: {version: []} for name, version in zip(named, oldest, strict=True)
    }
    crates.publish(root, {**found, "rdkafka": {"1.0.0": []}, "extra": {"1.0.0": []}}, [*features])


@pytest.fixture
def registry(team: MakeTeam, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Serve all that services depend on, and have operations lock."""
    rust_services.require_cargo()
    team(IN_RUST)
    root = tmp_path / "registry"
    publish(root)
    with crates.serving(root, tmp_path, monkeypatch):
        monkeypatch.setenv(preferences.LOCK_VARIABLE, "1")
        yield root


@pytest.fixture
def locked(registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a service with a lock, and step into it."""
    assert registry.is_dir()
    ran = made("shop")
    assert ran.code == 0, ran.err
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"


def made(path: str, *args: str) -> Ran:
    flags = ("--language", "rust", "--template", str(Path("team").absolute()), "--trust")
    return viscaffold("new", path, *flags, *args)


def versions(root: Path) -> list[str]:
    return crates.versions((root / LOCK).read_text(encoding="utf-8"))


def add(root: Path, line: str) -> None:
    """Add a dependency to the manifest, and stage it."""
    manifest = root / "Cargo.toml"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace("[dependencies]\n", f"[dependencies]\n{line}\n"), "utf-8")
    git(root, "add", "Cargo.toml")


def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crates.use("http://127.0.0.1:9/simple", tmp_path / "elsewhere", monkeypatch)
    monkeypatch.setenv("CARGO_NET_RETRY", "0")


def test_a_new_service_is_locked_in_its_first_commit(locked: Path) -> None:
    assert "actix-web 4.18.0" in versions(locked)
    assert LOCK in git(locked, "ls-tree", "--name-only", "HEAD").splitlines()
    assert viscaffold("status", "--json").json()["modified"] == []
    assert "up to date" in viscaffold("lock").err


@pytest.mark.usefixtures("registry")
def test_a_plan_of_a_new_service_has_the_tree_that_it_gets(tmp_path: Path) -> None:
    planned = made("shop", "--dry-run", "--json").json()
    made("shop")

    assert git(tmp_path / "shop", "rev-parse", "HEAD^{tree}").strip() == planned["tree"]


def test_a_stage_uncomments_its_lines_and_takes_them_out_with_it(locked: Path) -> None:
    before = state(locked)[:2]
    manifest = (locked / "Cargo.toml").read_text(encoding="utf-8")
    planned = viscaffold("add-stage", "kafka", "--dry-run", "--json").json()["tree"]
    ran = viscaffold("add-stage", "kafka")
    tree = git(locked, "write-tree").strip()
    changed = (locked / "Cargo.toml").read_text(encoding="utf-8")
    listed = versions(locked)
    commit(locked)
    viscaffold("remove-stage", "kafka")

    assert ran.code == 0, ran.err
    assert changed == manifest.replace('# rdkafka = "1"  # kafka', 'rdkafka = "1"  # kafka')
    assert "rdkafka 1.0.0" in listed
    assert planned == tree
    assert state(locked)[:2] == before


def test_undo_brings_the_former_lock_back(locked: Path) -> None:
    before = state(locked)
    viscaffold("add-stage", "kafka")
    viscaffold("undo")

    assert state(locked) == before


def test_what_the_user_adds_to_the_manifest_is_locked_on_request(locked: Path) -> None:
    add(locked, 'extra = "1"')
    ran = viscaffold("lock", "--json").json()
    again = viscaffold("lock")

    assert "extra 1.0.0" in versions(locked)
    assert [file["path"] for file in ran["files"]] == [LOCK]
    assert "up to date" in again.err


def test_newer_versions_come_on_request_only(locked: Path, registry: Path) -> None:
    crates.publish(registry, {"log": {"0.4.9": []}})
    viscaffold("add-stage", "kafka")
    commit(locked)
    before = versions(locked)
    ran = viscaffold("lock", "--upgrade")

    assert "log 0.4.0" in before
    assert "log 0.4.9" in versions(locked)
    assert "cargo build" in ran.err


def test_without_a_registry_all_goes_on_and_it_is_said(
    locked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = versions(locked)
    offline(tmp_path, monkeypatch)
    added = viscaffold("add-stage", "kafka")
    monkeypatch.chdir(tmp_path)
    other = made("other")

    for ran in (added, other):
        assert ran.code == 0
        assert "its dependencies are not locked: failed to" in ran.err
        assert "viscaffold lock" in ran.err
    assert versions(locked) == before
    assert not (tmp_path / "other" / LOCK).exists()


def test_without_cargo_all_goes_on_and_it_is_said(
    locked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_git = tmp_path / "bin"
    only_git.mkdir()
    (only_git / "git").symlink_to(shutil.which("git") or "")
    monkeypatch.setenv("PATH", str(only_git))
    added = viscaffold("add-stage", "kafka")
    refused = viscaffold("lock")
    current = viscaffold("undo")
    nothing = viscaffold("lock")

    assert added.code == current.code == nothing.code == 0
    assert "cargo, which comes with Rust, was not found; to lock them later" in added.err
    assert refused.code == 5
    assert "the dependencies cannot be locked: cargo, which comes with Rust" in refused.err
    assert "up to date" in nothing.err
    assert locked.is_dir()


def test_a_lock_that_git_does_not_track_is_left_alone(locked: Path) -> None:
    """One who makes a service without cargo has a Cargo.lock from the first build on."""
    git(locked, "rm", "--quiet", "--cached", LOCK)
    commit_index(locked)
    mine = (locked / LOCK).read_bytes()
    added = viscaffold("add-stage", "kafka")
    refused = viscaffold("lock")

    assert added.code == 0, added.err
    assert "git does not track Cargo.lock; git add Cargo.lock" in added.err
    assert refused.code == 5
    assert "git does not track Cargo.lock" in refused.err
    assert (locked / LOCK).read_bytes() == mine
    git(locked, "add", LOCK)
    assert viscaffold("lock").code == 0
    assert "rdkafka 1.0.0" in versions(locked)


def commit_index(root: Path) -> None:
    git(root, "commit", "--quiet", "--message", "mine")


def test_a_service_without_a_lock_gets_one_when_it_is_wanted(
    locked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(preferences.LOCK_VARIABLE, "0")
    monkeypatch.chdir(tmp_path)
    without = made("plain", "--stage", "kafka")
    root = tmp_path / "plain"
    monkeypatch.chdir(root)
    removed = viscaffold("remove-stage", "kafka")
    unlocked = not (root / LOCK).exists()
    ran = viscaffold("lock")

    assert without.code == removed.code == ran.code == 0, ran.err
    assert unlocked
    assert versions(root) == versions(locked)


def test_a_manifest_in_conflict_is_not_locked(locked: Path) -> None:
    manifest = locked / "Cargo.toml"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace("# rdkafka", "# mine: rdkafka"), encoding="utf-8")
    commit(locked)
    before = versions(locked)
    ran = viscaffold("add-stage", "kafka")
    manifest.write_text(text.replace("# rdkafka", "rdkafka"), encoding="utf-8")
    resolved = viscaffold("add-stage", "--continue")

    assert ran.code == 3
    assert "Cargo.toml is in conflict" in ran.err
    assert versions(locked) == before
    assert resolved.code == 0
    needed = "Cargo.lock does not fit Cargo.toml; to lock it anew: viscaffold lock"
    assert needed in resolved.err + resolved.out
    assert viscaffold("lock").code == 0
    assert "rdkafka 1.0.0" in versions(locked)


def test_a_lock_of_another_registry_is_made_anew_from_the_users_own(locked: Path) -> None:
    """It is in a repository that may be anybody's."""
    mine = (locked / LOCK).read_text(encoding="utf-8")
    source = next(line for line in mine.splitlines() if line.startswith("source"))
    hostile = mine.replace(source, 'source = "registry+http://127.0.0.1:9/index"')
    (locked / LOCK).write_text(hostile, encoding="utf-8")
    commit(locked)
    ran = viscaffold("add-stage", "kafka")

    assert ran.code == 0, ran.err
    assert "not locked" not in ran.err
    assert "127.0.0.1:9" not in (locked / LOCK).read_text(encoding="utf-8")
    assert {*versions(locked)} == {*crates.versions(mine), "rdkafka 1.0.0"}
