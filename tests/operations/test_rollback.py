"""`rollback`: the last tree that was verified, with nothing of the present lost."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import MakeService, commit, contents, git, state, viscaffold
from verifications import BROKEN, TESTS, verification

from scaffolder.engine.git import Repository, repository
from scaffolder.operations import saving
from scaffolder.verify import evidence
from scaffolder.verify.outcome import Outcome

APP = "src/orders/app.py"
ANSWERS = ".copier-answers.yml"
LEFT = ("index.lock", "viscaffold/index*", "viscaffold/prepare-*", "viscaffold/running")


def tree(root: Path, revision: str = "HEAD") -> str:
    prefix = git(root, "rev-parse", "--show-prefix").strip().rstrip("/")
    return git(root, "rev-parse", f"{revision}:{prefix}").strip()


def verified(root: Path, revision: str = "HEAD", *outcomes: Outcome) -> str:
    """Say that a commit of the service was verified; return its tree."""
    found = repository(root)
    assert found
    name = tree(root, revision)
    evidence.keep(found, verification(*(outcomes or (TESTS,)), tree=name))
    return name


def edit(root: Path, text: str = "raise RuntimeError('broken')\n") -> None:
    with (root / APP).open("a", encoding="utf-8") as file:
        file.write(text)


def branches(root: Path) -> list[str]:
    listed = git(root, "for-each-ref", "--format=%(refname:short)", "refs/heads/viscaffold")
    return listed.split()


def mess(root: Path) -> None:
    """Edit in every way that git knows: committed, staged, on disk, new, deleted, moved."""
    edit(root)
    commit(root, "Break it")
    (root / "README.md").write_text("staged\n", encoding="utf-8")
    git(root, "add", "README.md")
    (root / "README.md").write_text("on disk\n", encoding="utf-8")
    (root / "Dockerfile").unlink()
    git(root, "mv", "AGENTS.md", "MINE.md")
    (root / "new/of mine").mkdir(parents=True)
    (root / "new/of mine/ü\n.bin").write_bytes(bytes(range(256)))
    (root / "new/run").write_text("#!/bin/sh\n", encoding="utf-8")
    (root / "new/run").chmod(0o755)
    (root / "link").symlink_to("new/run")
    (root / ".env").write_text("SECRET=1\n", encoding="utf-8")


def test_index_and_files_are_those_of_the_last_verified_commit(service: MakeService) -> None:
    root = service("api")
    before = contents(root)
    good = verified(root)
    mess(root)
    ran = viscaffold("rollback")

    assert ran.code == 0, ran.err
    assert git(root, "write-tree").strip() == good
    assert git(root, "status", "--porcelain", "--untracked-files=all") == git(
        root, "diff", "--staged", "--name-status"
    ).replace("\t", "  ")
    files, directories = contents(root)
    assert files.pop(".env")[2] == b"SECRET=1\n"
    assert (files, directories) == before
    assert "PASSED (local) on 2026-11-27 at 01:30 UTC" in ran.err
    assert "viscaffold verify" not in ran.err


def test_everything_that_was_there_is_on_the_branch(service: MakeService, tmp_path: Path) -> None:
    root = service("api")
    verified(root)
    mess(root)
    files, _ = contents(root)
    head = git(root, "rev-parse", "HEAD")
    assert viscaffold("rollback").code == 0
    (branch,) = branches(root)
    git(root, "gc", "--quiet", "--prune=now")
    git(root, "worktree", "add", "--quiet", str(tmp_path / "saved"), branch)
    saved, _ = contents(tmp_path / "saved")

    assert branch.startswith("viscaffold/before-rollback-2")
    assert saved == {path: file for path, file in files.items() if path != ".env"}
    assert git(root, "show", f"{branch}~1:README.md") == "staged\n"
    assert git(root, "rev-parse", f"{branch}~2") == head


def test_undo_gives_back_every_byte(service: MakeService) -> None:
    root = service("api")
    verified(root)
    mess(root)
    before = contents(root)
    assert viscaffold("rollback").code == 0
    ran = viscaffold("undo")

    assert ran.code == 0, ran.err
    assert "Took back: viscaffold rollback" in ran.err
    assert contents(root) == before


def _index(root: Path) -> str:
    return git(root, "ls-files", "--stage", "-v") + git(root, "status", "--porcelain=v2")


def test_undo_leaves_what_was_not_staged_unstaged(service: MakeService) -> None:
    root = service("api")
    verified(root)
    (root / "mine.py").write_text("1\n", encoding="utf-8")
    (root / "README.md").write_text("on disk alone\n", encoding="utf-8")
    before = _index(root)
    assert viscaffold("rollback").code == 0
    assert viscaffold("undo").code == 0

    assert " .M N... " in before
    assert _index(root) == before


def test_undo_gives_back_the_index_of_every_kind_of_edit(service: MakeService) -> None:
    root = service("api")
    verified(root)
    mess(root)
    before = _index(root)
    assert viscaffold("rollback").code == 0
    assert viscaffold("undo").code == 0

    assert _index(root) == before


def test_undo_gives_back_a_conflict(service: MakeService) -> None:
    root = service()
    verified(root)
    _conflict(root)
    before = contents(root), _index(root)
    assert viscaffold("rollback").code == 0
    assert viscaffold("undo").code == 0

    assert "\nu AA " in f"\n{before[1]}"
    assert (contents(root), _index(root)) == before


def test_undo_keeps_what_was_staged_since(service: MakeService) -> None:
    root = service("api")
    verified(root)
    (root / "README.md").write_text("on disk alone\n", encoding="utf-8")
    before = _index(root).splitlines()
    assert viscaffold("rollback").code == 0
    (root / "since.txt").write_text("since\n", encoding="utf-8")
    git(root, "add", "since.txt")
    assert viscaffold("undo").code == 0

    assert {line for line in _index(root).splitlines() if "since.txt" not in line} == {*before}
    assert git(root, "diff", "--staged", "--name-only").split() == ["since.txt"]


def test_it_says_first_what_it_does_and_a_dry_run_does_no_more(service: MakeService) -> None:
    root = service("api")
    verified(root)
    mess(root)
    before = state(root)
    ran = viscaffold("rollback", "--dry-run")

    assert ran.code == 0, ran.err
    assert "Would go back to " in ran.err
    assert "would be saved on the branch viscaffold/before-rollback-" in ran.err
    assert "-raise RuntimeError('broken')" in ran.out
    assert state(root) == before


def test_what_failed_or_was_never_verified_is_passed_over(service: MakeService) -> None:
    root = service("api")
    good = verified(root)
    edit(root, "# one\n")
    commit(root)
    verified(root, "HEAD", TESTS, BROKEN)
    edit(root, "# two\n")
    commit(root)
    found = viscaffold("rollback", "--json").json()

    assert found["to"]["tree"] == good
    assert found["files"] == [{"path": APP, "change": "modify"}]
    assert git(root, "write-tree").strip() == good


def test_what_is_staged_and_verified_is_nearer_than_a_commit(service: MakeService) -> None:
    root = service()
    verified(root)
    edit(root, "# fine\n")
    git(root, "add", "--all")
    found = repository(root)
    assert found
    evidence.keep(found, verification(tree=git(root, "write-tree").strip()))
    staged = (root / APP).read_bytes()
    edit(root)
    ran = viscaffold("rollback")

    assert ran.code == 0, ran.err
    assert "Went back to what is staged" in ran.err
    assert (root / APP).read_bytes() == staged


def test_at_the_last_verified_state_there_is_nothing_to_do(service: MakeService) -> None:
    root = service()
    verified(root)
    before = state(root)
    ran = viscaffold("rollback")

    assert ran.code == 0
    assert "Nothing to do" in ran.err
    assert "viscaffold rollback HEAD~1" in ran.err
    assert state(root) == before


def test_without_evidence_it_is_refused_and_a_named_commit_is_not(service: MakeService) -> None:
    root = service()
    before = state(root)
    good = tree(root)
    edit(root)
    commit(root)
    refused = viscaffold("rollback")
    ran = viscaffold("rollback", "HEAD~1")

    assert refused.code == 5
    assert "has been verified here" in refused.err
    assert "viscaffold verify HEAD~1" in refused.err
    assert ran.code == 0, ran.err
    assert "not verified here" in ran.err
    assert git(root, "write-tree").strip() == good
    assert state(root)[:2] == before[:2]


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("nowhere", 2, "no commit or tree 'nowhere'"),
        ("--output=/tmp/x", 2, "No such option"),
        ("HEAD:src", 5, "is no service"),
    ],
)
def test_what_is_no_revision_of_the_service_is_refused(
    service: MakeService, name: str, code: int, words: str
) -> None:
    root = service()
    before = state(root)
    ran = viscaffold("rollback", name)

    assert ran.code == code
    assert words in ran.err
    assert state(root) == before


def _conflict(root: Path) -> None:
    page = root / "docs/stages/api.md"
    page.parent.mkdir(exist_ok=True)
    page.write_text("# Mine\n", encoding="utf-8")
    git(root, "add", "--all")
    assert viscaffold("add-stage", "api").code == 3


def _file_for_directory(root: Path) -> None:
    shutil.rmtree(root / "src")
    (root / "src").write_text("", encoding="utf-8")


def _directory_for_file(root: Path) -> None:
    (root / APP).unlink()
    (root / APP).mkdir()


def _link_for_file(root: Path) -> None:
    (root / APP).unlink()
    (root / APP).symlink_to("/etc/passwd")


def _overlooked(root: Path) -> None:
    git(root, "update-index", "--assume-unchanged", APP)
    edit(root)


@pytest.mark.parametrize(
    "broken",
    [
        _conflict,
        lambda root: (root / ANSWERS).unlink(),
        lambda root: (root / ANSWERS).write_text("<<<<<<< mine\n", encoding="utf-8"),
        lambda root: git(root, "rm", "-r", "--quiet", "."),
        lambda root: shutil.rmtree(root / "src"),
        _file_for_directory,
        _directory_for_file,
        _link_for_file,
        _overlooked,
    ],
)
def test_whatever_state_the_service_is_in(
    service: MakeService, broken: Callable[[Path], object]
) -> None:
    root = service()
    good = verified(root)
    before = contents(root)
    broken(root)
    os.chdir(root)
    ran = viscaffold("rollback")

    assert ran.code == 0, ran.err
    assert git(root, "write-tree").strip() == good
    assert contents(root) == before


def test_a_committed_link_in_the_place_of_a_directory_is_said_to_be_in_the_way(
    service: MakeService, tmp_path: Path
) -> None:
    root = service()
    good = verified(root)
    shutil.move(root / "src", tmp_path / "elsewhere")
    (root / "src").symlink_to(tmp_path / "elsewhere")
    commit(root, "Link it")
    elsewhere = contents(tmp_path / "elsewhere")
    ran = viscaffold("rollback")

    assert ran.code == 5
    assert "src (a symbolic link, which is not followed)" in ran.err
    assert "unlink PATH" in ran.err
    assert "index" not in ran.err
    (root / "src").unlink()
    assert viscaffold("rollback").code == 0
    assert git(root, "write-tree").strip() == good
    assert contents(tmp_path / "elsewhere") == elsewhere


def test_an_ignored_file_in_the_way_is_kept_aside(service: MakeService) -> None:
    root = service()
    (root / "local.toml").write_text("verified\n", encoding="utf-8")
    commit(root)
    verified(root)
    git(root, "rm", "--quiet", "local.toml")
    with (root / ".gitignore").open("a", encoding="utf-8") as file:
        file.write("local.toml\n")
    commit(root)
    (root / "local.toml").write_text("hunter2\n", encoding="utf-8")
    ran = viscaffold("rollback", "--json")

    assert ran.code == 0, ran.err
    (kept,) = ran.json()["kept_aside"]
    assert Path(kept["copy"]).read_text(encoding="utf-8") == "hunter2\n"
    assert (root / "local.toml").read_text(encoding="utf-8") == "verified\n"
    assert "hunter2" not in git(root, "log", "--all", "-p")


def test_data_that_does_not_go_back_is_named_and_refused(service: MakeService) -> None:
    root = service()
    good = verified(root)
    assert viscaffold("add-stage", "auth").code == 0
    (root / "migrations").mkdir()
    (root / "migrations/0001_users.sql").write_text("create table users ();\n", encoding="utf-8")
    commit(root)
    before = state(root)
    refused = viscaffold("rollback")

    assert refused.code == 5
    assert "the file data/users.json (stage auth)" in refused.err
    assert "auth_users" not in refused.err, "without the stage database, there is no table"
    assert "the migration migrations/0001_users.sql" in refused.err
    assert state(root) == before
    assert "data/users.json" in str(viscaffold("rollback", "--dry-run", "--json").json()["data"])
    assert state(root) == before
    assert viscaffold("rollback", "--accept-data").code == 0
    assert git(root, "write-tree").strip() == good


def test_a_service_below_the_top_leaves_what_is_around_it_alone(
    service: MakeService, tmp_path: Path
) -> None:
    made = service()
    shutil.rmtree(made / ".git")
    root = tmp_path / "fleet/services/orders"
    shutil.copytree(made, root, symlinks=True)
    git(tmp_path / "fleet", "init", "--quiet")
    (tmp_path / "fleet/other.txt").write_text("one\n", encoding="utf-8")
    commit(tmp_path / "fleet")
    os.chdir(root)
    good = verified(root)
    edit(root)
    commit(tmp_path / "fleet")
    (root / "new.txt").write_text("mine\n", encoding="utf-8")
    (tmp_path / "fleet/other.txt").write_text("two\n", encoding="utf-8")
    git(tmp_path / "fleet", "add", "other.txt")
    ran = viscaffold("rollback")

    assert ran.code == 0, ran.err
    assert git(root, "write-tree", "--prefix=services/orders/").strip() == good
    assert git(tmp_path / "fleet", "show", ":other.txt") == "two\n"
    (branch,) = branches(root)
    assert git(root, "show", f"{branch}:services/orders/new.txt") == "mine\n"
    assert git(root, "show", f"{branch}:other.txt") == "one\n"


def test_a_service_that_is_a_submodule(service: MakeService, tmp_path: Path) -> None:
    made = service()
    git(tmp_path, "init", "--quiet", "fleet")
    allowed = ("-c", "protocol.file.allow=always")
    git(tmp_path / "fleet", *allowed, "submodule", "--quiet", "add", str(made), "orders")
    root = tmp_path / "fleet/orders"
    os.chdir(root)
    good = verified(root)
    mess(root)
    ran = viscaffold("rollback")

    assert ran.code == 0, ran.err
    assert git(root, "write-tree").strip() == good
    assert branches(root)
    assert not branches(tmp_path / "fleet")


def test_a_submodule_of_the_service_is_pointed_back_and_said_to_stay(
    service: MakeService, tmp_path: Path
) -> None:
    root = service()
    verified(root)
    git(tmp_path, "init", "--quiet", "library")
    git(tmp_path / "library", "commit", "--quiet", "--allow-empty", "--message", "Start")
    allowed = ("-c", "protocol.file.allow=always")
    git(root, *allowed, "submodule", "--quiet", "add", str(tmp_path / "library"), "library")
    commit(root)
    edit(root)
    ran = viscaffold("rollback")

    assert ran.code == 0, ran.err
    assert "library is a repository of its own" in ran.err
    assert git(root, "write-tree").strip() == tree(root, "HEAD~1")
    assert (root / "library/.git").exists()


def test_an_edit_made_meanwhile_is_not_lost(
    service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service()
    verified(root)
    edit(root)
    named = saving.branch

    def branch(found: Repository) -> str:
        edit(root, "# meanwhile\n")
        return named(found)

    monkeypatch.setattr(saving, "branch", branch)
    ran = viscaffold("rollback")

    assert ran.code == 5
    assert f"{APP} changed while the operation was prepared" in ran.err
    assert (root / APP).read_text(encoding="utf-8").endswith("# meanwhile\n")
    assert branches(root) == []


@pytest.mark.parametrize("under_way", ["merge", "rebase"])
def test_what_git_is_in_the_middle_of_is_to_be_given_up_first(
    service: MakeService, under_way: str
) -> None:
    root = service()
    verified(root)
    git(root, "switch", "--quiet", "--create", "theirs")
    edit(root, "# theirs\n")
    commit(root)
    git(root, "switch", "--quiet", "-")
    edit(root, "# mine\n")
    commit(root)
    with pytest.raises(Exception, match="returned non-zero"):
        git(root, under_way, "theirs")
    before = state(root)
    ran = viscaffold("rollback")

    assert ran.code == 5
    assert f"git {under_way} --abort" in ran.err
    assert state(root) == before


def test_a_user_that_git_does_not_know_is_saved_too(
    service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service()
    verified(root)
    edit(root)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.useConfigOnly")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    ran = viscaffold("rollback")

    assert ran.code == 0, ran.err
    (branch,) = branches(root)
    assert git(root, "log", "-1", "--format=%an", branch) == "viscaffold\n"


def test_a_linked_work_tree_and_other_hashes(
    service: MakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = service()
    shutil.rmtree(made / ".git")
    git(made, "init", "--quiet", "--object-format=sha256")
    commit(made)
    good = verified(made)
    git(made, "worktree", "add", "--quiet", str(tmp_path / "linked"))
    root = tmp_path / "linked"
    monkeypatch.chdir(root)
    before = contents(made)
    edit(root)
    commit(root)
    (root / "new.txt").write_text("mine\n", encoding="utf-8")
    ran = viscaffold("rollback")

    assert ran.code == 0, ran.err
    assert len(good) == 64
    assert git(root, "write-tree").strip() == good
    (branch,) = branches(made)
    assert git(made, "show", f"{branch}:new.txt") == "mine\n"
    assert contents(made) == before
