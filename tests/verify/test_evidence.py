"""Evidence is kept by tree, and what is damaged or forged does not count."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
from conftest import git
from scripted import subject
from verifications import BROKEN, FAILED, MISSING, PASSED, TESTS, TREE, WARNED, verification

from scaffolder.docker import client
from scaffolder.docker.client import EngineError
from scaffolder.engine.git import Repository, repository
from scaffolder.errors import RefusedError
from scaffolder.verify import evidence
from scaffolder.verify.outcome import Level, Result
from scaffolder.verify.verification import verify


class Heard:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def progress(self, label: str) -> None:
        raise AssertionError(label)


@pytest.fixture
def top(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "orders")
    git(tmp_path / "orders", "commit", "--quiet", "--allow-empty", "--message", "Start")
    return tmp_path / "orders"


def opened(path: Path) -> Repository:
    found = repository(path)
    assert found
    return found


def test_what_is_kept_is_found_by_its_tree_alone(top: Path) -> None:
    place = evidence.keep(opened(top), FAILED)

    assert evidence.of(opened(top), TREE) == [FAILED]
    assert evidence.of(opened(top), TREE[::-1]) == []
    assert json.loads(place.read_text(encoding="utf-8"))["predicate"]["result"] == "FAILED"
    assert git(top, "status", "--porcelain") == ""


def test_looking_for_it_writes_nothing(top: Path) -> None:
    assert evidence.of(opened(top), TREE) == []
    assert evidence.trees(opened(top)) == set()
    assert not (top / ".git/viscaffold").exists()


def test_a_later_verification_replaces_that_of_its_level_and_no_other(top: Path) -> None:
    container = verification(level=Level.CONTAINER)
    for one in (FAILED, container, PASSED):
        evidence.keep(opened(top), one)

    assert evidence.of(opened(top), TREE) == [PASSED, container]


def _none() -> NoReturn:
    raise EngineError("neither docker nor podman was found", "install the docker command")


def test_what_passed_before_docker_was_missing_is_verified_on_this_machine(
    top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "find", _none)
    found = replace(subject(tmp_path, steps=()), tree=TREE)
    evidence.keep(opened(top), verify(found, Level.DRILLS))
    kept = evidence.of(opened(top), TREE)

    assert [(one.level, one.result) for one in kept] == [
        (Level.LOCAL, Result.PASSED),
        (Level.DRILLS, Result.WARNED),
    ]
    assert [one.step for one in kept[0].outcomes][-1] == "stop"
    assert evidence.is_verified(kept)
    assert evidence.passed(kept, Level.CONTAINER) is None


def test_what_failed_on_this_machine_passed_nothing_on_the_way(tmp_path: Path) -> None:
    found = verify(subject(tmp_path, {"tests.py": "raise SystemExit(1)"}), Level.DRILLS)

    assert found.within is None


def test_work_trees_share_it_and_a_clone_has_none(top: Path, tmp_path: Path) -> None:
    evidence.keep(opened(top), PASSED)
    git(top, "worktree", "add", "--quiet", str(tmp_path / "other"))
    git(tmp_path, "clone", "--quiet", "--no-local", "orders", "clone")

    assert evidence.of(opened(tmp_path / "other"), TREE) == [PASSED]
    assert evidence.of(opened(tmp_path / "clone"), TREE) == []


def test_it_is_kept_in_a_submodule_and_below_the_top(top: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "fleet")
    allowed = ("-c", "protocol.file.allow=always")
    git(tmp_path / "fleet", *allowed, "submodule", "--quiet", "add", str(top), "orders")
    (tmp_path / "fleet/orders/part").mkdir()
    evidence.keep(opened(tmp_path / "fleet/orders/part"), PASSED)

    assert evidence.of(opened(tmp_path / "fleet/orders"), TREE) == [PASSED]
    assert evidence.of(opened(tmp_path / "fleet"), TREE) == []


def test_garbage_collection_leaves_it_alone(top: Path) -> None:
    evidence.keep(opened(top), PASSED)
    git(top, "gc", "--quiet", "--prune=now", "--aggressive")
    git(top, "fsck", "--strict")

    assert evidence.of(opened(top), TREE) == [PASSED]


def test_the_oldest_go_when_there_are_too_many(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "MOST", 3)
    names = [f"{number:040x}" for number in range(5)]
    for age, name in enumerate(names):
        place = evidence.keep(opened(top), replace(PASSED, tree=name))
        os.utime(place, (age, age))
    evidence.keep(opened(top), replace(PASSED, tree=names[4]))

    assert [name for name in names if evidence.of(opened(top), name)] == names[2:]


def test_a_draft_that_a_killed_process_left_goes(top: Path) -> None:
    home = evidence.keep(opened(top), PASSED).parent
    old, new = home / f".{TREE}.local.json.0000", home / f".{TREE}.local.json.1111"
    for draft in (old, new):
        draft.touch()
    os.utime(old, (0, 0))
    evidence.keep(opened(top), PASSED)

    assert (old.exists(), new.exists()) == (False, True)
    assert evidence.of(opened(top), TREE) == [PASSED]


Damage = Callable[[Path], object]


def _of_another_tree(place: Path) -> None:
    text = place.read_text(encoding="utf-8").replace(TREE, TREE[::-1])
    place.write_text(text, encoding="utf-8")


def _linked(place: Path) -> None:
    shutil.move(place, place.with_suffix(".moved"))
    place.symlink_to(place.with_suffix(".moved"))


def _directory(place: Path) -> None:
    place.unlink()
    place.mkdir()


def _pipe(place: Path) -> None:
    place.unlink()
    os.mkfifo(place)


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda place: place.write_bytes(b""), "Expecting value"),
        (lambda place: place.write_bytes(place.read_bytes()[:200]), "line"),
        (lambda place: place.write_bytes(b"\xff"), "decode"),
        (lambda place: place.write_text("[" * 100_000, encoding="utf-8"), "recursion"),
        (lambda place: place.write_text("[]", encoding="utf-8"), "no statement"),
        (lambda place: place.write_bytes(b" " * (4 << 20) + b"{}"), "larger than 4 MiB"),
        (_of_another_tree, "another tree"),
        (_linked, "symbolic link"),
        (_directory, "Is a directory"),
        (_pipe, "no file"),
    ],
)
def test_damaged_evidence_does_not_count_and_is_named(top: Path, damage: Damage, why: str) -> None:
    place = evidence.keep(opened(top), PASSED)
    damage(place)
    heard = Heard()

    assert evidence.of(opened(top), TREE, heard) == []  # type: ignore[arg-type]
    assert len(heard.notes) == 1
    assert f"The evidence in {place} does not count: " in heard.notes[0]
    assert why in heard.notes[0]
    assert "viscaffold verify --again" in heard.notes[0]


def test_a_link_to_elsewhere_is_not_followed(top: Path, tmp_path: Path) -> None:
    place = evidence.keep(opened(top), PASSED)
    shutil.move(place.parent, tmp_path / "elsewhere")
    place.parent.symlink_to(tmp_path / "elsewhere")
    heard = Heard()

    assert evidence.of(opened(top), TREE, heard) == []  # type: ignore[arg-type]
    assert f"{place.parent} is a link, so viscaffold did not make it" in heard.notes[0]
    with pytest.raises(RefusedError, match="did not make it"):
        evidence.keep(opened(top), replace(FAILED, tree=TREE[::-1]))
    assert len([*(tmp_path / "elsewhere").iterdir()]) == 1


def test_nothing_is_made_behind_a_link(top: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (top / ".git/viscaffold").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(RefusedError, match="did not make it"):
        evidence.keep(opened(top), PASSED)
    assert [*(tmp_path / "elsewhere").iterdir()] == []


@pytest.mark.parametrize("tree", ["../../config", "HEAD", "", "12345", TREE.upper()])
def test_no_name_of_a_tree_leads_elsewhere(top: Path, tree: str) -> None:
    with pytest.raises(ValueError, match="no name of a tree"):
        evidence.keep(opened(top), replace(PASSED, tree=tree))
    with pytest.raises(ValueError, match="no name of a tree"):
        evidence.of(opened(top), tree)


LOCAL, CONTAINER, DRILLS = Level
STEPS = {Result.PASSED: (TESTS,), Result.WARNED: (MISSING,), Result.FAILED: (BROKEN,)}


@pytest.mark.parametrize(
    ("kept", "verified", "decides"),
    [
        ({}, False, None),
        ({LOCAL: Result.WARNED}, False, None),
        ({LOCAL: Result.PASSED}, True, LOCAL),
        ({LOCAL: Result.PASSED, CONTAINER: Result.WARNED}, True, LOCAL),
        ({LOCAL: Result.PASSED, CONTAINER: Result.PASSED}, True, CONTAINER),
        ({LOCAL: Result.PASSED, CONTAINER: Result.FAILED}, False, CONTAINER),
        ({LOCAL: Result.FAILED, CONTAINER: Result.PASSED}, False, LOCAL),
        ({LOCAL: Result.PASSED, DRILLS: Result.FAILED}, False, DRILLS),
    ],
)
def test_a_tree_is_verified_if_it_passed_and_failed_nowhere(
    kept: dict[Level, Result], *, verified: bool, decides: Level | None
) -> None:
    found = [verification(*STEPS[result], level=level) for level, result in kept.items()]
    best = evidence.best(found)

    assert evidence.is_verified(found) is verified
    assert (best.level if best else None) is decides
    assert not evidence.is_verified([WARNED])


@pytest.mark.parametrize(
    ("kept", "level", "decides"),
    [
        ({}, LOCAL, None),
        ({LOCAL: Result.PASSED}, LOCAL, LOCAL),
        ({LOCAL: Result.FAILED}, LOCAL, None),
        ({LOCAL: Result.WARNED}, LOCAL, None),
        ({LOCAL: Result.PASSED}, CONTAINER, None),
        ({CONTAINER: Result.PASSED}, LOCAL, CONTAINER),
        ({CONTAINER: Result.FAILED}, LOCAL, None),
    ],
)
def test_what_passed_more_thoroughly_passed(
    kept: dict[Level, Result], level: Level, decides: Level | None
) -> None:
    found = [verification(*STEPS[result], level=one) for one, result in kept.items()]
    known = evidence.passed(found, level)

    assert (known.level if known else None) is decides
