"""`undo` and `--abort`: the way back, with the user's edits kept."""

from pathlib import Path

import pytest
from conftest import MakeService, commit, files, git, state, viscaffold

SEAM = "src/orders/stages/__init__.py"
MANIFEST = "pyproject.toml"
PROBLEMS = "src/orders/stages/api/problems.py"


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def conflict(root: Path) -> None:
    """Let the stage api come into conflict with an edit of the user's."""
    seam = (root / SEAM).read_text(encoding="utf-8")
    (root / SEAM).write_text(seam.replace("= []", "= MINE"), encoding="utf-8")
    commit(root)
    assert viscaffold("add-stage", "api").code == 3


def test_undo_gives_back_files_and_index(service: MakeService) -> None:
    root = service("logging")
    (root / "README.md").chmod(0o600)
    before = state(root)
    viscaffold("add-stage", "auth")
    ran = viscaffold("undo")

    assert ran.code == 0, ran.err
    assert "Took back: viscaffold add-stage auth" in ran.err
    assert state(root) == before
    assert (root / "README.md").stat().st_mode & 0o777 == 0o600
    assert not (root / "src/orders/stages/auth").exists()


def test_operations_are_taken_back_one_after_the_other(service: MakeService) -> None:
    root = service()
    states = []
    steps = [("add-stage", "api"), ("add-stage", "auth"), ("remove-stage", "auth")]
    for step in steps:
        states.append(state(root))
        assert viscaffold(*step).code == 0
    for before in reversed(states):
        assert viscaffold("undo").code == 0
        assert state(root) == before

    assert viscaffold("undo").code == 5


@pytest.mark.parametrize("staged", [True, False])
def test_edits_made_since_stay_where_they_were(service: MakeService, *, staged: bool) -> None:
    root = service()
    viscaffold("add-stage", "api")
    append(root / MANIFEST, "\n[tool.mine]\nkey = 1\n")
    append(root / "src/orders/app.py", "# mine\n")
    if staged:
        git(root, "add", "--all")
    assert viscaffold("undo").code == 0

    here, elsewhere = (["--staged"], []) if staged else ([], ["--staged"])
    assert git(root, "diff", "--name-only", *elsewhere) == ""
    assert git(root, "diff", "--name-only", *here).split() == [MANIFEST, "src/orders/app.py"]
    added = git(root, "diff", *here, "--unified=0", MANIFEST).splitlines()[-3:]
    assert added == ["+", "+[tool.mine]", "+key = 1"]


def test_an_edit_that_is_in_the_way_is_refused_with_the_list(service: MakeService) -> None:
    root = service()
    viscaffold("add-stage", "api")
    append(root / PROBLEMS, "# mine\n")
    before = state(root)
    ran = viscaffold("undo")

    assert ran.code == 5
    assert f"since `viscaffold add-stage api` is in the way of taking it back:\n  {PROBLEMS}" in (
        ran.err
    )
    assert state(root) == before


def test_an_own_file_at_a_path_that_comes_back_is_not_overwritten(service: MakeService) -> None:
    root = service("api")
    viscaffold("remove-stage", "api")
    (root / PROBLEMS).parent.mkdir(parents=True)
    (root / PROBLEMS).write_text("mine\n", encoding="utf-8")
    before = state(root)
    ran = viscaffold("undo")

    assert ran.code == 5
    assert PROBLEMS in ran.err
    assert state(root) == before


def test_what_is_committed_is_not_taken_back(service: MakeService) -> None:
    root = service()
    viscaffold("add-stage", "api")
    commit(root)
    before = state(root)
    ran = viscaffold("undo")

    assert ran.code == 5
    assert "no operation to take back that is not committed" in ran.err
    assert "git revert" in ran.err
    assert state(root) == before


def test_a_commit_of_something_else_does_not_end_the_way_back(service: MakeService) -> None:
    root = service()
    viscaffold("add-stage", "api")
    (root / "notes.txt").write_text("mine\n", encoding="utf-8")
    git(root, "add", "notes.txt")
    git(root, "commit", "--quiet", "--message", "notes", "notes.txt")
    assert viscaffold("undo").code == 0

    assert git(root, "status", "--porcelain") == ""
    assert (root / "notes.txt").exists()


def test_a_result_that_was_reset_is_not_taken_back_twice(service: MakeService) -> None:
    root = service()
    viscaffold("add-stage", "api")
    git(root, "stash", "--quiet")
    gone = viscaffold("undo")
    git(root, "stash", "pop", "--index", "--quiet")
    back = viscaffold("undo")

    assert (gone.code, back.code) == (5, 0)
    assert git(root, "status", "--porcelain") == ""


def test_a_result_that_a_mixed_reset_left_on_disk_is_taken_back(service: MakeService) -> None:
    root = service()
    before = state(root)
    viscaffold("add-stage", "api")
    viscaffold("add-stage", "logging")
    append(root / "src/orders/app.py", "# mine\n")
    git(root, "reset", "--quiet")
    assert viscaffold("status").out.count("Not committed: viscaffold add-stage logging") == 1
    assert viscaffold("undo").code == 0
    assert "api" in viscaffold("status").out
    assert viscaffold("undo").code == 0

    assert git(root, "status", "--porcelain") == " M src/orders/app.py\n"
    git(root, "checkout", "src/orders/app.py")
    assert state(root) == before


def test_conflicts_that_a_mixed_reset_made_forget_can_be_given_up(service: MakeService) -> None:
    root = service()
    conflict(root)
    git(root, "reset", "--quiet")
    assert viscaffold("add-stage", "--abort").code == 0

    assert git(root, "status", "--porcelain") == ""


def test_a_commit_that_a_soft_reset_took_back_can_be_undone(service: MakeService) -> None:
    root = service()
    before = state(root)
    viscaffold("add-stage", "api")
    commit(root)
    committed = viscaffold("undo")
    git(root, "reset", "--soft", "HEAD~1")

    assert committed.code == 5
    assert viscaffold("undo").code == 0
    assert state(root) == before


def test_a_result_that_came_along_to_another_branch_is_taken_back_there(
    service: MakeService,
) -> None:
    root = service()
    git(root, "checkout", "--quiet", "-b", "other")
    (root / "notes.txt").write_text("mine\n", encoding="utf-8")
    commit(root)
    before = state(root)
    git(root, "checkout", "--quiet", "-")
    viscaffold("add-stage", "api")
    git(root, "checkout", "--quiet", "other")

    assert viscaffold("undo").code == 0
    assert state(root) == before


@pytest.mark.parametrize(
    "words",
    [
        ("reset", "--hard"),
        ("stash",),
        ("commit", "--amend", "--no-edit"),
        ("checkout", "-f", "-B", "x"),
    ],
    ids=lambda words: words[0],
)
def test_a_result_that_git_took_is_refused_in_words(
    service: MakeService, words: tuple[str, ...]
) -> None:
    root = service()
    viscaffold("add-stage", "api")
    git(root, *words, "--quiet")
    before = state(root)
    ran = viscaffold("undo")

    amended = words[0] == "commit"
    gone = "is neither staged nor on disk any more: git took it away"
    assert ran.code == 5
    assert ("no operation to take back that is not committed" if amended else gone) in ran.err
    assert state(root) == before


def test_contents_that_git_has_thrown_away_come_from_the_record(service: MakeService) -> None:
    root = service()
    (root / MANIFEST).write_text(
        (root / MANIFEST).read_text(encoding="utf-8") + "# only staged\n", encoding="utf-8"
    )
    git(root, "add", MANIFEST)
    before = state(root)
    viscaffold("add-stage", "api")
    git(root, "gc", "--prune=now", "--quiet")

    assert viscaffold("undo").code == 0
    assert state(root) == before


def test_the_plan_to_undo_is_shown_and_not_carried_out(service: MakeService) -> None:
    root = service()
    tree = git(root, "write-tree").strip()
    viscaffold("add-stage", "api")
    before = state(root)
    dry = viscaffold("undo", "--dry-run", "--json").json()

    assert dry["tree"] == tree
    assert dry["removed"] == ["api"]
    assert "deleted file mode" in dry["diff"]
    assert state(root) == before


def test_abort_gives_back_what_was_before(service: MakeService) -> None:
    root = service()
    conflict(root)
    ran = viscaffold("add-stage", "--abort")

    assert ran.code == 0, ran.err
    assert git(root, "status", "--porcelain") == ""
    assert "= MINE" in (root / SEAM).read_text(encoding="utf-8")


def test_abort_puts_half_settled_files_aside(service: MakeService) -> None:
    root = service()
    conflict(root)
    half = (root / SEAM).read_text(encoding="utf-8").replace("= MINE", "= MINE + MORE")
    (root / SEAM).write_text(half, encoding="utf-8")
    append(root / "README.md", "mine\n")
    done = viscaffold("add-stage", "--abort", "--json").json()

    (aside,) = done["kept_aside"]
    assert aside["path"] == SEAM
    assert Path(aside["copy"]).read_text(encoding="utf-8") == half
    assert git(root, "status", "--porcelain") == " M README.md\n"
    assert (root / "README.md").read_text(encoding="utf-8").endswith("mine\n")


def test_abort_is_for_conflicts(service: MakeService) -> None:
    root = service()
    viscaffold("add-stage", "api")
    before = state(root)
    ran = viscaffold("add-stage", "--abort")

    assert ran.code == 5
    assert "viscaffold undo" in ran.err
    assert state(root) == before


def test_continue_stages_what_has_no_markers_left(service: MakeService) -> None:
    root = service()
    conflict(root)
    unsettled = viscaffold("add-stage", "--continue", "--json")
    (root / SEAM).write_text("STAGES = []\n", encoding="utf-8")
    planned = viscaffold("add-stage", "--continue", "--dry-run")
    still = git(root, "ls-files", "--unmerged")
    settled = viscaffold("add-stage", "--continue")

    assert unsettled.code == 3
    assert [found["path"] for found in unsettled.json()["conflicts"]] == [SEAM]
    assert (planned.code, bool(still)) == (0, True)
    assert settled.code == 0, settled.err
    assert 'git commit -m "Add api"' in settled.err
    assert git(root, "ls-files", "--unmerged") == ""
    assert git(root, "show", f":{SEAM}") == "STAGES = []\n"


@pytest.mark.parametrize("settle", ["nothing", "half", "all"])
def test_conflicts_can_be_settled_and_given_up_after_git_has_tidied_up(
    service: MakeService, settle: str
) -> None:
    root = service()
    conflict(root)
    before = git(root, "rev-parse", "HEAD^{tree}")
    git(root, "prune", "--expire=now")
    text = (root / SEAM).read_text(encoding="utf-8")
    if settle != "nothing":
        (root / SEAM).write_text("STAGES = []\n" if settle == "all" else text + "# more\n", "utf-8")
    unsettled = viscaffold("add-stage", "--continue")

    assert unsettled.code == 3
    assert SEAM in unsettled.err
    assert viscaffold("add-stage", "--abort").code == 0
    assert git(root, "write-tree") == before
    assert git(root, "status", "--porcelain") == ""


def test_another_operation_waits_until_conflicts_are_settled(service: MakeService) -> None:
    root = service()
    conflict(root)
    before = files(root)
    ran = viscaffold("add-stage", "logging")

    assert ran.code == 5
    assert f"conflicts to resolve first:\n  {SEAM}" in ran.err
    assert files(root) == before


def test_without_anything_under_way_there_is_nothing_to_continue(service: MakeService) -> None:
    service()

    assert viscaffold("add-stage", "--continue").code == 5
    assert viscaffold("update", "--abort").code == 5
