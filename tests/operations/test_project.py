"""What a service must be like for viscaffold to touch it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import MakeService, commit, git, state, viscaffold

ANSWERS = ".copier-answers.yml"


def test_outside_a_service_the_way_in_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 5
    assert "is not in a service" in ran.err
    assert "viscaffold new NAME" in ran.err


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "does not hold answers"),
        (b"- a\n- b\n", "does not hold answers"),
        (b"{unclosed", "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"!!python/object/apply:os.system ['true']", "cannot be read"),
        (b"_src_path: viscaffold\n", "has no text for '_commit'"),
    ],
)
def test_a_broken_answers_file_is_refused(
    service: MakeService, content: bytes, problem: str
) -> None:
    root = service()
    (root / ANSWERS).write_bytes(content)
    before = state(root)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 5
    assert problem in ran.err
    assert "git checkout .copier-answers.yml" in ran.err
    assert state(root) == before
    assert viscaffold("stages").code == 5


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (("stages: []", "stages: all"), "has no list of names"),
        (("stages: []", "stages: [kafka]"), "does not have: 'kafka'"),
        (("name: orders", "name: ../../etc"), "a name that no service can have"),
        (("_src_path: viscaffold", "_src_path: gh:other/template"), "made with another template"),
        (("_commit: ", "_commit: 99.0.0  # "), "made with template version 99.0.0"),
    ],
)
def test_a_hand_edited_answers_file_is_refused(
    service: MakeService, edit: tuple[str, str], problem: str
) -> None:
    root = service()
    text = (root / ANSWERS).read_text(encoding="utf-8")
    assert edit[0] in text
    (root / ANSWERS).write_text(text.replace(*edit), encoding="utf-8")
    commit(root)
    before = state(root)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 5
    assert problem in ran.err
    assert state(root) == before


def test_an_answer_that_the_template_does_not_take_is_refused(service: MakeService) -> None:
    root = service()
    text = (root / ANSWERS).read_text(encoding="utf-8")
    (root / ANSWERS).write_text(text.replace("ci: github", "ci: jenkins"), encoding="utf-8")
    commit(root)
    before = state(root)
    ran = viscaffold("add-stage", "api")

    assert ran.code in (2, 5)
    assert "ci" in ran.err
    assert state(root) == before


@pytest.fixture
def without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A service in no repository, stepped into."""
    monkeypatch.chdir(tmp_path)
    viscaffold("new", "orders", "--no-git")
    monkeypatch.chdir("orders")
    return tmp_path / "orders"


def test_a_service_in_no_repository_is_refused_with_the_commands_to_make_one(
    without_git: Path,  # noqa: ARG001 - the current directory
) -> None:
    ran = viscaffold("add-stage", "api")

    assert ran.code == 5
    assert "git init" in ran.err


def test_a_service_that_git_does_not_track_is_refused(without_git: Path) -> None:
    git(without_git, "init", "--quiet")
    ran = viscaffold("add-stage", "api")

    assert ran.code == 5
    assert "git does not track" in ran.err


def test_a_service_without_a_commit_yet_can_grow(without_git: Path) -> None:
    git(without_git, "init", "--quiet")
    git(without_git, "add", "--all")
    ran = viscaffold("add-stage", "api")

    assert ran.code == 0, ran.err


def test_a_detached_head_is_no_obstacle(service: MakeService) -> None:
    root = service()
    git(root, "checkout", "--quiet", "--detach")

    assert viscaffold("add-stage", "api").code == 0


def _merge(root: Path) -> None:
    git(root, "checkout", "--quiet", "-b", "other")
    (root / "README.md").write_text("theirs\n", encoding="utf-8")
    commit(root)
    git(root, "checkout", "--quiet", "-")
    (root / "README.md").write_text("mine\n", encoding="utf-8")
    commit(root)
    with pytest.raises(Exception, match="merge"):
        git(root, "merge", "other")


def _merge_settled(root: Path) -> None:
    _merge(root)
    (root / "README.md").write_text("both\n", encoding="utf-8")
    git(root, "add", "README.md")


@pytest.mark.parametrize("under_way", [_merge, _merge_settled])
def test_a_merge_in_progress_is_refused(
    service: MakeService, under_way: Callable[[Path], None]
) -> None:
    root = service()
    under_way(root)
    before = state(root)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 5
    assert "a merge is under way" in ran.err
    assert "git merge --continue" in ran.err
    assert state(root) == before


def test_conflicts_left_in_the_index_are_refused(service: MakeService) -> None:
    root = service()
    _merge(root)
    (root / ".git/MERGE_HEAD").unlink()
    before = state(root)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 5
    assert "git status" in ran.err
    assert state(root) == before
