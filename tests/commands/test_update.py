"""`update`: from every released version of the template to newer ones, with the user's edits."""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import MakeService, commit, files, git, state, viscaffold

from scaffolder.templates import catalogue, moved, releases, template
from scaffolder.testkit import combinations

NEWEST = template.builtin().version
OLDER = [version for version in releases.digests() if version != NEWEST]
MOVED = {old: new[0] for old, new in moved.load(template.builtin().root, "orders").items()}


def known(version: str) -> catalogue.Catalogue:
    """Return the stages that a version of the template has."""
    return catalogue.load(template.carried(version).root, "python")


def sets(version: str) -> list[tuple[str, ...]]:
    """Return all sets of stages for the first and the last version, and the largest for others."""
    every = combinations.all_sets(known(version))
    return every if version in (OLDER[0], OLDER[-1]) else every[-1:]


SETS = [
    pytest.param(version, stages, id=f"{'+'.join(stages) or 'none'}-{version}")
    for version in OLDER
    for stages in sets(version)
]


@pytest.mark.parametrize(("version", "stages"), SETS)
def test_an_untouched_service_becomes_what_new_would_give(
    old: MakeService,
    pristine: Callable[[tuple[str, ...]], Path],
    version: str,
    stages: tuple[str, ...],
) -> None:
    root = old(version, *stages)
    ran = viscaffold("update")

    assert ran.code == 0, ran.err
    assert f"Updated the template from {version} to {NEWEST}" in ran.err
    assert files(root) == files(pristine(stages))
    assert git(root, "diff", "--name-only") == ""


@pytest.mark.parametrize(("version", "stages"), SETS)
def test_edits_survive_an_update(old: MakeService, version: str, stages: tuple[str, ...]) -> None:
    root = old(version, *stages)
    manifest = root / "pyproject.toml"
    text = manifest.read_text(encoding="utf-8").replace('version = "0.1.0"', 'version = "7.0.0"')
    manifest.write_text(text, encoding="utf-8")
    (root / "src/orders/app.py").write_text("# all mine\n", encoding="utf-8")
    (root / "src/orders/mine.py").write_text("MINE = 1\n", encoding="utf-8")
    (root / "docs/incident.md").unlink()
    for path in root.glob("src/orders/**/*.py"):
        with path.open("a", encoding="utf-8") as module:
            module.write("# last line, mine\n")
    commit(root)
    ran = viscaffold("update")

    after = files(root)
    assert ran.code in (0, 3), ran.err
    assert b'version = "7.0.0"' in after["pyproject.toml"]
    assert after["src/orders/app.py"] == b"# all mine\n# last line, mine\n"
    assert after["src/orders/mine.py"] == b"MINE = 1\n# last line, mine\n"
    assert "docs/incident.md" not in after
    for source_file in git(root, "ls-tree", "-r", "--name-only", "HEAD", "src").split():
        place = source_file if source_file in after else MOVED[source_file]
        assert b"# last line, mine\n" in after[place], source_file
    marked = {path for path, content in after.items() if b"<<<<<<< yours" in content}
    unmerged = set(git(root, "diff", "--name-only", "--diff-filter=U").split())
    assert marked <= unmerged, "what the template took away and the user edited has no markers"
    assert bool(unmerged) == (ran.code == 3)


def test_versions_in_between_are_steps_of_the_same_way(
    old: MakeService, pristine: Callable[[tuple[str, ...]], Path]
) -> None:
    stages = tuple(known(OLDER[0]).stages)
    root = old(OLDER[0], *stages)
    for version in [*OLDER[1:], NEWEST]:
        assert viscaffold("update", "--to", version).code == 0
        commit(root, f"Template {version}")

    assert files(root) == files(pristine(stages))


@pytest.mark.parametrize("version", OLDER)
def test_an_update_can_be_taken_back(old: MakeService, version: str) -> None:
    root = old(version, *known(version).stages)
    before = state(root)
    viscaffold("update")
    changed = state(root)
    assert viscaffold("undo").code == 0

    assert changed != before
    assert state(root) == before


@pytest.mark.parametrize("version", OLDER)
def test_a_service_of_an_older_template_grows_without_an_update(
    old: MakeService, version: str
) -> None:
    root = old(version)
    before = state(root)
    added = viscaffold("add-stage", "auth", "--json").json()
    removed = viscaffold("remove-stage", "api", "auth")

    assert added["template"] == {"from": version, "to": version}
    assert removed.code == 0
    assert state(root) == before


def test_check_tells_by_its_exit_code(old: MakeService) -> None:
    root = old(OLDER[0])
    before = state(root)
    behind = viscaffold("update", "--check", "--json")
    unchanged = state(root)
    viscaffold("update")

    assert behind.code == 10
    told = {"from": OLDER[0], "to": NEWEST, "update": True, "overlays": [], "notices": []}
    assert behind.json() == {**told, "changes": []}
    assert unchanged == before
    assert viscaffold("update", "--check").code == 0
    assert viscaffold("update").err == f"Already at {NEWEST}. Nothing to do.\n"


def test_a_dry_run_names_the_tree_that_comes_of_it(old: MakeService) -> None:
    root = old(OLDER[0], "api")
    before = state(root)
    dry = viscaffold("update", "--dry-run", "--json").json()
    unchanged = state(root)
    viscaffold("update")

    assert unchanged == before
    assert dry["tree"] == git(root, "write-tree").strip()
    assert dry["template"] == {"from": OLDER[0], "to": NEWEST}


def test_a_conflict_is_labelled_with_the_version(old: MakeService) -> None:
    root = old(OLDER[0], "api")
    page = root / "docs/stages/api.md"
    page.write_text(
        "".join(
            f"mine {line}" for line in page.read_text(encoding="utf-8").splitlines(keepends=True)
        ),
        encoding="utf-8",
    )
    commit(root)
    ran = viscaffold("update")

    assert ran.code == 3
    assert f">>>>>>> template/{NEWEST}\n" in page.read_text(encoding="utf-8")
    assert "viscaffold update --continue" in ran.err
    assert viscaffold("update", "--abort").code == 0
    assert git(root, "status", "--porcelain") == ""


def test_it_only_moves_forwards(old: MakeService) -> None:
    root = old(NEWEST)
    before = state(root)
    ran = viscaffold("update", "--to", OLDER[0])

    assert ran.code == 5
    assert "it only moves forwards" in ran.err
    assert state(root) == before


@pytest.mark.parametrize(
    ("recorded", "words"),
    [
        ("99.0.0", "newer than this viscaffold"),
        ("0.0.7", "there is no template version 0.0.7"),
        ("nonsense", "there is no template version nonsense"),
        ("0.3.0+dev.12345678", "under development"),
    ],
)
def test_a_version_that_is_not_carried_is_refused(
    old: MakeService, recorded: str, words: str
) -> None:
    root = old(NEWEST)
    answers = root / ".copier-answers.yml"
    text = answers.read_text(encoding="utf-8").replace(f"_commit: {NEWEST}", f"_commit: {recorded}")
    answers.write_text(text, encoding="utf-8")
    commit(root)
    before = state(root)

    for command in (["update"], ["update", "--check"], ["status"], ["add-stage", "api"]):
        ran = viscaffold(*command)
        assert ran.code == 5
        assert words in ran.err
    assert state(root) == before


def test_an_unknown_version_to_update_to_is_a_usage_error(old: MakeService) -> None:
    old(NEWEST)
    ran = viscaffold("update", "--to", "0.33.0")

    assert ran.code == 2
    assert "did you mean" in ran.err


def test_an_answer_is_given_another_way_at_the_same_version(service: MakeService) -> None:
    root = service()
    before = files(root)
    (root / "README.md").write_text("mine\n", encoding="utf-8")
    commit(root)
    ran = viscaffold("update", "--answer", "ci=gitlab")

    assert ran.code == 0, ran.err
    assert "Updated ci=gitlab" in ran.err
    assert 'git commit -m "Update the answers to the template"' in ran.err
    assert (root / ".gitlab-ci.yml").is_file()
    assert not (root / ".github").exists()
    assert (root / "README.md").read_text(encoding="utf-8") == "mine\n"
    assert "Nothing to do" in viscaffold("update", "--answer", "ci=gitlab").err
    assert "Took back: viscaffold update --answer ci=gitlab" in viscaffold("undo").err
    assert files(root) == {**before, "README.md": b"mine\n"}


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("language=rust", "orders is written in python: an update translates nothing"),
        ("nope=1", "there is no question 'nope'"),
        ("directory=../other", "a directory is a path below the top"),
        ("directory=a b", "a directory is a path below the top"),
        ("directory=a\n", "a directory is a path below the top"),
    ],
)
def test_an_answer_that_cannot_be_changes_nothing(
    service: MakeService, answer: str, says: str
) -> None:
    root = service()
    before = state(root)
    ran = viscaffold("update", "--answer", answer)

    assert ran.code in (2, 5)
    assert says in " ".join(ran.err.split())
    assert state(root) == before
