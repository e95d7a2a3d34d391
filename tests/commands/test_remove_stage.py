"""`remove-stage`: a stage goes as it came, and what the user made of it stays."""

from pathlib import Path

import pytest
from conftest import ORDERS, STAGES, MakeService, commit, files, git, state, viscaffold

ITEMS = "src/orders/stages/api/items.py"
REQUIRED = {"auth": "api", "jobs": "database"}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("count", [0, len(STAGES) // 2, len(STAGES) - 1])
def test_adding_and_removing_gives_back_the_bytes(
    service: MakeService, stage: str, count: int
) -> None:
    others = [name for name in STAGES if name not in {stage, *REQUIRED}][:count]
    root = service(*others)
    before = state(root)
    assert viscaffold("add-stage", stage).code == 0
    added = [name for name in {REQUIRED.get(stage, stage), stage} if name not in others]
    ran = viscaffold("remove-stage", *added, "--keep-data")

    assert ran.code == 0, ran.err
    assert state(root) == before


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_the_order_of_removing_does_not_matter(
    service: MakeService, pristine: MakeService, order: tuple[str, ...]
) -> None:
    root = service(*STAGES)
    for stage in order:
        assert viscaffold("remove-stage", stage, "--with-dependents", "--keep-data").code == 0

    assert files(root) == files(pristine(()))


def test_dependencies_are_commented_out_again_in_place(service: MakeService) -> None:
    root = service("api")
    manifest = root / "pyproject.toml"
    mine = manifest.read_text(encoding="utf-8").replace('version = "0.1.0"', 'version = "7.0.0"')
    manifest.write_text(mine, encoding="utf-8")
    commit(root)
    viscaffold("remove-stage", "api")

    text = manifest.read_text(encoding="utf-8")
    assert '    # "fastapi' in text
    assert 'version = "7.0.0"' in text


def test_data_that_a_stage_keeps_stays_and_is_named(service: MakeService) -> None:
    root = service("api", "auth")
    users = root / "data/users.json"
    users.parent.mkdir()
    users.write_text("{}", encoding="utf-8")
    ran = viscaffold("remove-stage", "auth")

    assert ran.code == 0, ran.err
    assert "  ! data/users.json: the data of the stage auth stays\n" in ran.err
    assert users.exists()
    assert viscaffold("undo").code == 0
    users.unlink()
    err = viscaffold("remove-stage", "auth").err
    assert "the data of" not in err
    assert "auth_users" not in err, "without the stage database, there is no table"


def test_a_table_that_goes_out_of_reach_is_named(service: MakeService) -> None:
    service("database", "auth", "jobs")
    assert "the table jobs: what the stage jobs may have in it stays" in note("jobs")
    assert "auth_users" not in note("jobs")
    assert "the table auth_users: what the stage auth may have" in note("auth")
    both = note("database", "--with-dependents")
    assert "the table jobs: " in both
    assert "the table auth_users: what the stage auth may have" in both, "users are in a file now"


def test_a_stage_with_a_table_goes_when_it_is_said_what_becomes_of_that(
    service: MakeService,
) -> None:
    root = service("database", "auth", "jobs")
    before = state(root)
    ran = viscaffold("remove-stage", "database", "--with-dependents")

    assert ran.code == 5
    assert "  the table auth_users (stage auth)\n  the table jobs (stage jobs)\n" in ran.err
    assert "Try: the same command with --drop-data --export DIR, " in ran.err
    assert state(root) == before

    kept = viscaffold("remove-stage", "jobs", "--keep-data")
    assert kept.code == 0
    assert "  ! the table jobs: what the stage jobs may have in it stays, out of" in kept.err


def test_undo_says_which_table_stays(service: MakeService) -> None:
    root = service("database")
    assert viscaffold("add-stage", "jobs").code == 0
    assert "the table jobs: what the stage jobs may have in it stays" in viscaffold("undo").err
    assert not (root / "src/orders/stages/jobs").exists()


def note(*removed: str) -> str:
    """Return what is said of a removal."""
    ran = viscaffold("remove-stage", *removed, "--dry-run")
    assert ran.code == 0, ran.err
    return ran.err


def test_what_another_stage_requires_is_refused_with_the_list(service: MakeService) -> None:
    root = service("api", "auth")
    before = state(root)
    ran = viscaffold("remove-stage", "api")

    assert ran.code == 5
    assert "other stages require api:\n  auth\n" in ran.err
    assert "Try: viscaffold remove-stage api --with-dependents" in ran.err
    assert state(root) == before


def test_dependents_go_along_when_asked(service: MakeService, pristine: MakeService) -> None:
    root = service("api", "auth", "logging")
    ran = viscaffold("remove-stage", "api", "--with-dependents", "--json")

    assert ran.json()["removed"] == ["api", "auth"]
    assert ran.json()["stages"] == ["logging"]
    assert files(root) == files(pristine(("logging",)))


def test_a_file_of_the_stage_that_was_edited_stays_as_a_conflict(service: MakeService) -> None:
    root = service("api")
    with (root / ITEMS).open("a", encoding="utf-8") as module:
        module.write("# mine\n")
    mine = (root / ITEMS).read_text(encoding="utf-8")
    commit(root)
    ran = viscaffold("remove-stage", "api")

    assert ran.code == 3
    assert f"C {ITEMS}: it would go, but you changed it; git add it to keep it" in ran.err
    assert (root / ITEMS).read_text(encoding="utf-8") == mine
    assert git(root, "show", f":2:{ITEMS}") == mine
    assert git(root, "status", "--porcelain", ITEMS).startswith("UD ")
    assert not (root / "src/orders/stages/api/pagination.py").exists()


@pytest.mark.parametrize(("command", "kept"), [("add", True), ("rm", False)])
def test_such_a_conflict_is_settled_with_git(
    service: MakeService, command: str, *, kept: bool
) -> None:
    root = service("api")
    with (root / ITEMS).open("a", encoding="utf-8") as module:
        module.write("# mine\n")
    commit(root)
    viscaffold("remove-stage", "api")
    undecided = viscaffold("remove-stage", "--continue")
    git(root, command, ITEMS)
    decided = viscaffold("remove-stage", "--continue")
    commit(root, "Remove api")

    assert undecided.code == 3
    assert f"{ITEMS}: not decided; git add it to keep it as it is" in undecided.err
    assert decided.code == 0, decided.err
    assert (root / ITEMS).exists() is kept
    assert viscaffold("undo").code == 5


def test_a_dry_run_names_the_tree_that_comes_of_it(service: MakeService) -> None:
    root = service("api")
    before = state(root)
    dry = viscaffold("remove-stage", "api", "--dry-run", "--json").json()
    unchanged = state(root)
    wet = viscaffold("remove-stage", "api", "--json").json()

    assert unchanged == before
    assert dry["tree"] == wet["tree"] == git(root, "write-tree").strip()
    assert {**dry, "diff": None} == wet
    assert dry["diff"].count("deleted file mode") == 8


def test_what_is_not_there_is_nothing_to_do(service: MakeService) -> None:
    root = service()
    before = state(root)
    ran = viscaffold("remove-stage", "api")

    assert (ran.code, ran.err) == (0, "Not there: api. Nothing to do.\n")
    assert state(root) == before


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "Missing argument 'NAME...'"),
        (("apis",), "did you mean api?"),
        (("api", "--abort"), "--continue and --abort go alone"),
        (("--continue", "--abort"), "--continue and --abort go alone"),
        (("api", "--keep-data", "--drop-data"), "--keep-data excludes the other options of data"),
        (("api", "--keep-data", "--export", "there"), "--keep-data excludes the other options"),
        (("api", "--export", "there"), "--export and --no-export belong to --drop-data"),
        (("api", "--no-export"), "--export and --no-export belong to --drop-data"),
        (("api", "--drop-data"), "--drop-data needs either --export DIR or --no-export"),
        (
            ("api", "--drop-data", "--export", "there", "--no-export"),
            "--drop-data needs either --export DIR or --no-export",
        ),
    ],
)
def test_what_was_typed_wrongly_is_a_usage_error(
    service: MakeService, args: tuple[str, ...], words: str
) -> None:
    service("api")
    ran = viscaffold("remove-stage", *args)

    assert ran.code == 2
    assert words in ran.err


def test_a_stage_goes_from_a_service_below_the_top_of_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "--quiet")
    root = tmp_path / "services" / "orders"
    viscaffold("new", str(root), "--stage", "auth")
    commit(tmp_path)
    monkeypatch.chdir(root / "src")
    with_api = viscaffold("remove-stage", "auth")
    (tmp_path / "other.txt").write_text("other\n", encoding="utf-8")
    without = viscaffold("remove-stage", "api")

    assert (with_api.code, without.code) == (0, 0)
    assert not (root / "src/orders/stages/api").exists()
    assert git(tmp_path, "ls-files", "--others") == "other.txt\n"
