"""What adding a stage does with what the user did: every situation, compared byte by byte."""

import os
import subprocess
from pathlib import Path

import pytest
from conftest import MakeService, commit, files, git, state, viscaffold

MANIFEST = "pyproject.toml"
SEAM = "src/orders/stages/__init__.py"


def only_stage_changed(before: dict[str, bytes], root: Path) -> None:
    """Assert that the stage wrote its own files and the shared ones, and nothing else."""
    after = files(root)
    changed = {path for path in before if before[path] != after.get(path)}
    shared = {".copier-answers.yml", MANIFEST, SEAM, "README.md", "compose.yaml", ".env.example"}
    shared |= {"requirements/dev.txt", "requirements/run.txt"}
    assert changed <= shared, changed
    added = {path for path in after.keys() - before.keys() if "api" not in path}
    assert added == {"src/orders/runtime/json_limit.py"}


def test_an_untouched_service_gets_what_new_would_have_given(
    service: MakeService, pristine: MakeService
) -> None:
    root = service()
    ran = viscaffold("add-stage", "api")

    assert ran.code == 0, ran.err
    assert files(root) == files(pristine(("api",)))


def test_the_change_is_staged_and_nothing_else(service: MakeService) -> None:
    root = service()
    viscaffold("add-stage", "api")

    assert git(root, "diff", "--name-only") == ""
    assert git(root, "ls-files", "--others", "--exclude-standard") == ""
    assert "src/orders/stages/api" in git(root, "diff", "--staged", "--name-only")


def test_lines_of_the_user_survive_in_a_file_that_the_stage_changes(service: MakeService) -> None:
    root = service()
    manifest = root / MANIFEST
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(
        text.replace('version = "0.1.0"', 'version = "7.0.0"') + "\n[tool.mine]\nkey = 1\n",
        encoding="utf-8",
    )
    commit(root)
    ran = viscaffold("add-stage", "api")

    merged = manifest.read_text(encoding="utf-8")
    assert ran.code == 0, ran.err
    assert 'version = "7.0.0"' in merged
    assert merged.endswith("\n[tool.mine]\nkey = 1\n")
    assert '\n    "fastapi' in merged


def test_an_edit_stays_in_the_one_of_several_equal_blocks_that_it_was_made_in(
    service: MakeService,
) -> None:
    root = service()
    block = "# a block\n# that stands\n# several times\n\n"
    manifest = root / MANIFEST
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text + 2 * block + block.replace("several", "MINE") + block, "utf-8")
    commit(root)
    viscaffold("add-stage", "api")

    assert manifest.read_text(encoding="utf-8").endswith(
        2 * block + block.replace("several", "MINE") + block
    )


def test_files_that_the_stage_does_not_concern_keep_their_bytes(service: MakeService) -> None:
    root = service()
    (root / "src/orders/app.py").write_bytes(b"# mine\r\n\xff\xfe no text\x00")
    (root / "logo.png").write_bytes(bytes(range(256)))
    (root / "run.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    (root / "run.sh").chmod(0o755)
    (root / "link").symlink_to("/etc/hostname")
    (root / "tests/test_health.py").unlink()
    commit(root)
    before = files(root)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 0, ran.err
    only_stage_changed(before, root)
    assert os.access(root / "run.sh", os.X_OK)
    assert git(root, "ls-files", "--stage", "run.sh").startswith("100755")
    assert (root / "link").is_symlink()


def test_staged_changes_of_the_user_stay_staged(service: MakeService) -> None:
    root = service()
    (root / "mine.txt").write_text("mine\n", encoding="utf-8")
    git(root, "add", "mine.txt")
    viscaffold("add-stage", "api")

    assert "A  mine.txt" in git(root, "status", "--short")
    assert git(root, "show", ":mine.txt") == "mine\n"


def test_unrelated_dirt_is_left_alone(service: MakeService) -> None:
    root = service()
    (root / "src/orders/app.py").write_text("# not staged\n", encoding="utf-8")
    (root / "untracked").write_text("not in git\n", encoding="utf-8")
    ran = viscaffold("add-stage", "api")

    assert ran.code == 0, ran.err
    assert (root / "src/orders/app.py").read_text(encoding="utf-8") == "# not staged\n"
    status = git(root, "status", "--short")
    assert " M src/orders/app.py" in status
    assert "?? untracked" in status


def test_a_file_that_the_user_deleted_stays_deleted_and_is_reported(service: MakeService) -> None:
    root = service()
    git(root, "rm", "--quiet", MANIFEST)
    commit(root)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 0
    assert not (root / MANIFEST).exists()
    assert git(root, "ls-files", MANIFEST) == ""
    assert f"{MANIFEST}: you deleted it, and it stays deleted" in ran.err


def test_a_file_that_the_user_renamed_gets_the_change(service: MakeService) -> None:
    root = service()
    git(root, "mv", ".env.example", "env.sample")
    commit(root)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 0, ran.err
    assert not (root / ".env.example").exists()
    assert "API_MAX_JSON_VALUES" in (root / "env.sample").read_text(encoding="utf-8")


def test_in_a_directory_that_the_user_renamed_new_files_go_along_with_a_note(
    service: MakeService,
) -> None:
    root = service()
    git(root, "mv", "src/orders", "src/shop")
    commit(root)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 0, ran.err
    assert (root / "src/shop/stages/api/__init__.py").exists()
    assert not (root / "src/orders").exists()
    assert "you moved src/orders/stages to src/shop/stages: its new files go along" in ran.err


def test_changes_to_the_same_lines_conflict_with_markers_and_index_stages(
    service: MakeService,
) -> None:
    root = service()
    seam = root / SEAM
    text = seam.read_text(encoding="utf-8")
    mine = text.replace("STAGES: list[Stage] = []", "STAGES: list[Stage] = MINE")
    seam.write_text(mine, encoding="utf-8")
    commit(root)
    ran = viscaffold("add-stage", "api")

    conflicted = seam.read_text(encoding="utf-8")
    assert ran.code == 3
    assert f"C {SEAM}: you and the template changed the same lines" in ran.err
    assert "edit it between its markers, then git add it" in ran.err
    assert "viscaffold add-stage --continue" in ran.err
    assert "<<<<<<< yours\nSTAGES: list[Stage] = MINE\n=======\n" in conflicted
    assert ">>>>>>> stage/api\n" in conflicted
    assert git(root, "show", f":2:{SEAM}") == mine
    assert [line.split()[2] for line in git(root, "ls-files", "-u").splitlines()] == ["1", "2", "3"]
    git(root, "checkout", "--ours", SEAM)
    assert seam.read_text(encoding="utf-8") == mine


def test_a_conflict_can_be_taken_back_with_the_command_that_is_printed(
    service: MakeService,
) -> None:
    root = service()
    seam = root / SEAM
    seam.write_text(seam.read_text(encoding="utf-8").replace("= []", "= MINE"), encoding="utf-8")
    commit(root)
    before = state(root)
    ran = viscaffold("add-stage", "api")
    command = ran.err.strip().rsplit("committed: ", 1)[1]

    assert command == "viscaffold add-stage --abort"
    assert viscaffold(*command.split()[1:]).code == 0
    assert state(root) == before


def test_taking_back_keeps_what_was_staged_before(service: MakeService) -> None:
    root = service()
    (root / "mine.txt").write_text("mine\n", encoding="utf-8")
    git(root, "add", "mine.txt")
    before = state(root)
    ran = viscaffold("add-stage", "api")
    command = ran.err.strip().rsplit("committed: ", 1)[1]

    assert command == "viscaffold undo"
    assert viscaffold(*command.split()[1:]).code == 0
    assert state(root) == before


def test_the_same_path_added_on_both_sides_conflicts(service: MakeService) -> None:
    root = service()
    (root / "docs/stages").mkdir(parents=True)
    (root / "docs/stages/api.md").write_text("My notes on the API\n", encoding="utf-8")
    commit(root)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 3
    assert "docs/stages/api.md: you and the template added it, with different contents" in ran.err
    assert "My notes on the API\n" in (root / "docs/stages/api.md").read_text(encoding="utf-8")


def test_a_binary_of_the_user_at_a_path_of_the_stage_stays_and_conflicts(
    service: MakeService,
) -> None:
    root = service()
    (root / "docs/stages").mkdir(parents=True)
    content = b"\x00\x01binary\xff"
    (root / "docs/stages/api.md").write_bytes(content)
    commit(root)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 3
    assert "docs/stages/api.md: it is binary; yours stays in place" in ran.err
    assert (root / "docs/stages/api.md").read_bytes() == content
    assert "docs/stages/api.md" in git(root, "ls-files", "-u")


def test_a_shared_file_that_the_user_made_binary_stays_and_conflicts(service: MakeService) -> None:
    root = service()
    (root / MANIFEST).write_bytes(b"\x00binary\xff")
    commit(root)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 3
    assert (root / MANIFEST).read_bytes() == b"\x00binary\xff"


def test_an_exec_bit_on_a_file_that_the_stage_changes_is_kept(service: MakeService) -> None:
    root = service()
    (root / SEAM).chmod(0o755)
    commit(root)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 0, ran.err
    assert os.access(root / SEAM, os.X_OK)
    assert git(root, "ls-files", "--stage", SEAM).startswith("100755")


def test_a_shared_file_that_the_user_made_a_symlink_conflicts_and_its_target_is_kept(
    service: MakeService, tmp_path: Path
) -> None:
    root = service()
    target = tmp_path / "outside.toml"
    target.write_text("outside\n", encoding="utf-8")
    (root / MANIFEST).unlink()
    (root / MANIFEST).symlink_to(target)
    commit(root)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 3
    assert target.read_text(encoding="utf-8") == "outside\n"


@pytest.mark.parametrize("tracked", [True, False])
def test_a_symlinked_directory_is_never_written_through(
    service: MakeService, tmp_path: Path, *, tracked: bool
) -> None:
    root = service()
    outside = tmp_path / "outside"
    outside.mkdir()
    git(root, "rm", "-r", "--quiet", "docs")
    (root / "docs").symlink_to(outside)
    if tracked:
        commit(root)
    else:
        git(root, "commit", "--quiet", "--message", "mine")
    before = state(root)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 5
    assert "docs" in ran.err
    assert state(root) == before
    assert list(outside.iterdir()) == []


def test_a_file_with_crlf_keeps_its_line_endings_and_gets_the_change(service: MakeService) -> None:
    root = service()
    manifest = root / MANIFEST
    manifest.write_bytes(manifest.read_bytes().replace(b"\n", b"\r\n") + b"# mine\r\n")
    commit(root)
    ran = viscaffold("add-stage", "api")

    merged = manifest.read_bytes()
    assert ran.code == 0, ran.err
    assert merged.count(b"\n") == merged.count(b"\r\n")
    assert b'\r\n    "fastapi' in merged
    assert merged.endswith(b"# mine\r\n")


def test_with_autocrlf_files_are_checked_out_with_crlf_and_clean(service: MakeService) -> None:
    root = service()
    git(root, "config", "core.autocrlf", "true")
    git(root, "rm", "--quiet", "--cached", "-r", ".")
    git(root, "reset", "--quiet", "--hard")
    ran = viscaffold("add-stage", "api")

    assert ran.code == 0, ran.err
    assert b"\r\n" in (root / "docs/stages/api.md").read_bytes()
    assert b"\r\n" not in git(root, "show", ":docs/stages/api.md").encode()
    assert git(root, "diff", "--name-only") == ""


def test_a_service_in_a_directory_of_a_larger_repository_grows_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "README").write_text("of the whole\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert viscaffold("new", "services/orders").code == 0
    commit(tmp_path)
    monkeypatch.chdir(tmp_path / "services/orders/src")
    ran = viscaffold("add-stage", "api")

    assert ran.code == 0, ran.err
    staged = git(tmp_path, "diff", "--staged", "--name-only").splitlines()
    assert all(path.startswith("services/orders/") for path in staged)
    assert "services/orders/src/orders/stages/api/__init__.py" in staged
    assert "1. cd .." in ran.err
    assert git(tmp_path, "status", "--short", "README") == ""


def test_a_linked_worktree_grows_by_itself(service: MakeService, tmp_path: Path) -> None:
    root = service()
    linked = tmp_path / "linked"
    git(root, "worktree", "add", "--quiet", str(linked))
    before = state(root)[0]
    os.chdir(linked)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 0, ran.err
    assert (linked / "docs/stages/api.md").exists()
    assert files(root) == before


def test_a_submodule_grows_by_itself(
    service: MakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service()
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "--quiet")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(root), "sub")
    commit(outer)
    monkeypatch.chdir(outer / "sub")
    ran = viscaffold("add-stage", "api")

    assert ran.code == 0, ran.err
    assert "src/orders/stages/api/__init__.py" in git(
        outer / "sub", "diff", "--staged", "--name-only"
    )
    assert git(outer, "diff", "--staged", "--name-only") == ""


def test_a_repository_with_sha256_objects_works(
    service: MakeService,
) -> None:
    root = service()
    subprocess.run(["rm", "-rf", root / ".git"], check=True)
    git(root, "init", "--quiet", "--object-format=sha256")
    commit(root)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 0, ran.err
    assert len(git(root, "write-tree").strip()) == 64


def test_in_a_repository_with_sha256_objects_conflicts_work_too(
    service: MakeService,
) -> None:
    root = service()
    subprocess.run(["rm", "-rf", root / ".git"], check=True)
    (root / "docs/stages").mkdir()
    (root / "docs/stages/api.md").write_text("My notes\n", encoding="utf-8")
    git(root, "init", "--quiet", "--object-format=sha256")
    commit(root)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 3, ran.err
    unmerged = git(root, "ls-files", "-u").splitlines()
    assert [line.split()[2] for line in unmerged] == ["2", "3"]
    assert "My notes\n" in (root / "docs/stages/api.md").read_text(encoding="utf-8")


def test_in_a_repository_with_sha256_objects_what_was_deleted_stays_so(
    service: MakeService,
) -> None:
    root = service()
    subprocess.run(["rm", "-rf", root / ".git"], check=True)
    git(root, "init", "--quiet", "--object-format=sha256")
    commit(root)
    git(root, "rm", "--quiet", MANIFEST)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 0, ran.err
    assert not (root / MANIFEST).exists()
    assert f"{MANIFEST}: you deleted it" in ran.err


def test_the_environment_of_a_git_hook_does_not_mislead(
    service: MakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service()
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "no-index"))
    ran = viscaffold("add-stage", "api")
    monkeypatch.undo()

    assert ran.code == 0, ran.err
    assert "src/orders/stages/api/__init__.py" in git(root, "diff", "--staged", "--name-only")
