"""`update`: from every released version of the template to newer ones, with the user's edits."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import STAGES, commit, files, git, state, viscaffold

from scaffolder import creation, releases, source

NEWEST = source.builtin().version
OLDER = [version for version in releases.digests() if version != NEWEST]
SUBSETS = [subset for size in range(4) for subset in itertools.combinations(STAGES, size)]

MakeOld = Callable[..., Path]


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeOld:
    """Make a service as an earlier viscaffold did, and step into it."""

    def make(version: str, *stages: str) -> Path:
        root = tmp_path / "orders"
        template = source.carried(version)
        answers = {"name": "orders", "stages": sorted(stages)}
        creation.create(template, answers, root, commit="Start", within=None)
        monkeypatch.chdir(root)
        return root

    return make


def closed(subset: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*subset, *(["api"] if "auth" in subset else [])}))


@pytest.mark.parametrize("version", OLDER)
@pytest.mark.parametrize("subset", SUBSETS, ids=lambda subset: "+".join(subset) or "none")
def test_an_untouched_service_becomes_what_new_would_give(
    old: MakeOld,
    pristine: Callable[[tuple[str, ...]], Path],
    version: str,
    subset: tuple[str, ...],
) -> None:
    root = old(version, *closed(subset))
    ran = viscaffold("update")

    assert ran.code == 0, ran.err
    assert f"Updated the template from {version} to {NEWEST}" in ran.err
    assert files(root) == files(pristine(closed(subset)))
    assert git(root, "diff", "--name-only") == ""


@pytest.mark.parametrize("version", OLDER)
@pytest.mark.parametrize("subset", SUBSETS, ids=lambda subset: "+".join(subset) or "none")
def test_edits_survive_an_update(old: MakeOld, version: str, subset: tuple[str, ...]) -> None:
    root = old(version, *closed(subset))
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
        assert b"# last line, mine\n" in after[source_file], source_file
    marked = {path for path, content in after.items() if b"<<<<<<< yours" in content}
    assert bool(marked) == (ran.code == 3)


def test_versions_in_between_are_steps_of_the_same_way(
    old: MakeOld, pristine: Callable[[tuple[str, ...]], Path]
) -> None:
    root = old(OLDER[0], *STAGES)
    for version in [*OLDER[1:], NEWEST]:
        assert viscaffold("update", "--to", version).code == 0
        commit(root, f"Template {version}")

    assert files(root) == files(pristine(STAGES))


@pytest.mark.parametrize("version", OLDER)
def test_an_update_can_be_taken_back(old: MakeOld, version: str) -> None:
    root = old(version, *STAGES)
    before = state(root)
    viscaffold("update")
    changed = state(root)
    assert viscaffold("undo").code == 0

    assert changed != before
    assert state(root) == before


@pytest.mark.parametrize("version", OLDER)
def test_a_service_of_an_older_template_grows_without_an_update(old: MakeOld, version: str) -> None:
    root = old(version)
    before = state(root)
    added = viscaffold("add-stage", "auth", "--json").json()
    removed = viscaffold("remove-stage", "api", "auth")

    assert added["template"] == {"from": version, "to": version}
    assert removed.code == 0
    assert state(root) == before


def test_check_tells_by_its_exit_code(old: MakeOld) -> None:
    root = old(OLDER[0])
    before = state(root)
    behind = viscaffold("update", "--check", "--json")
    unchanged = state(root)
    viscaffold("update")

    assert behind.code == 10
    assert behind.json() == {"from": OLDER[0], "to": NEWEST, "update": True, "overlays": []}
    assert unchanged == before
    assert viscaffold("update", "--check").code == 0
    assert viscaffold("update").err == f"Already at {NEWEST}. Nothing to do.\n"


def test_a_dry_run_names_the_tree_that_comes_of_it(old: MakeOld) -> None:
    root = old(OLDER[0], "api")
    before = state(root)
    dry = viscaffold("update", "--dry-run", "--json").json()
    unchanged = state(root)
    viscaffold("update")

    assert unchanged == before
    assert dry["tree"] == git(root, "write-tree").strip()
    assert dry["template"] == {"from": OLDER[0], "to": NEWEST}


def test_a_conflict_is_labelled_with_the_version(old: MakeOld) -> None:
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


def test_it_only_moves_forwards(old: MakeOld) -> None:
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
def test_a_version_that_is_not_carried_is_refused(old: MakeOld, recorded: str, words: str) -> None:
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


def test_an_unknown_version_to_update_to_is_a_usage_error(old: MakeOld) -> None:
    old(NEWEST)
    ran = viscaffold("update", "--to", "0.33.0")

    assert ran.code == 2
    assert "did you mean" in ran.err
