"""Services made from, grown with and updated to a team's template."""

import os
from pathlib import Path

import pytest
import yaml
from conftest import commit, files, git, state, viscaffold
from teams import STAGE, TEAM, MakeRepository, MakeTeam, tag, write

from scaffolder.overlays import flatten, layers
from scaffolder.overlays.fetch import origin
from scaffolder.overlays.fetch.trust import ALWAYS
from scaffolder.templates import sandbox
from scaffolder.templates.template import builtin

ANSWERS = ".copier-answers.yml"


def new(source: object, *args: str) -> Path:
    ran = viscaffold("new", "orders", "--template", str(source), "--trust", *args)
    assert ran.code == 0, ran.err
    os.chdir("orders")
    return Path.cwd()


def recorded(root: Path) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load((root / ANSWERS).read_bytes())
    return found


def test_a_service_is_the_built_in_one_with_the_teams_files_over_it(
    team: MakeTeam, tmp_path: Path
) -> None:
    viscaffold("new", "plain/orders", "--answer", "ci=none")
    root = new(team(), "--answer", "team=shop")

    plain, made = files(tmp_path / "plain/orders"), files(root)
    assert made.keys() - plain.keys() == {".github/CODEOWNERS"}
    assert plain.keys() <= made.keys()
    assert made[".github/CODEOWNERS"] == b"* @acme/shop\n"
    assert made["docs/incident.md"] == b"# Incident of Acme\n"
    assert b'description = "The orders service of Acme"' in made["pyproject.toml"]
    assert b'# "aiokafka>=0.12",  # kafka' in made["pyproject.toml"]


def test_a_service_without_an_overlay_records_what_it_always_did(
    team: MakeTeam, tmp_path: Path
) -> None:
    viscaffold("new", "plain/orders")
    before = (tmp_path / "plain/orders" / ANSWERS).read_bytes()
    new(team())

    assert b"overlays" not in before
    assert yaml.safe_load(before).keys() == {
        *("_commit", "_src_path", "ci", "description", "directory", "image_digest", "language"),
        *("name", "stages"),
    }


def test_sources_are_recorded_with_version_and_content(repository: MakeRepository) -> None:
    source = repository()
    root = new(f"file://{source}@1.0")

    (entry,) = recorded(root)["_overlays"]  # type: ignore[misc]
    assert entry.keys() == {"commit", "digest", "source", "version"}  # type: ignore[has-type]
    assert entry["source"] == f"file://{source}"  # type: ignore[has-type]
    assert entry["commit"] == git(source, "rev-parse", "1.0^{commit}").strip()  # type: ignore[has-type]
    assert "ci" not in recorded(root)


def test_a_fixed_answer_is_not_taken_from_the_command_line(team: MakeTeam) -> None:
    ran = viscaffold("new", "orders", "-t", str(team()), "--trust", "--answer", "ci=github")

    assert ran.code == 2
    assert "ci is fixed by the team's template: none" in ran.err
    assert not Path("orders").exists()


def test_a_question_without_a_default_needs_an_answer(team: MakeTeam) -> None:
    manifest = TEAM["viscaffold.yml"].replace("    default: pay\n", "    choices: [pay, shop]\n")
    source = str(team({"viscaffold.yml": manifest}))
    ran = viscaffold("new", "orders", "-t", source, "--trust")

    assert ran.code == 2
    assert (
        "team is not answered, and there is no terminal to ask on: Team that owns the service"
        in ran.err
    )
    assert "--answer team=pay" in ran.err
    assert viscaffold("new", "orders", "-t", source, "--answer", "team=shop").code == 0


def test_stages_that_are_always_on_come_and_stay(team: MakeTeam) -> None:
    root = new(team({"viscaffold.yml": TEAM["viscaffold.yml"] + "stages: [kafka]\n"}))
    ran = viscaffold("remove-stage", "logging", "--with-dependents")

    assert set(recorded(root)["stages"]) == {"kafka", "logging"}  # type: ignore[call-overload]
    assert ran.code == 5
    assert "has logging always on" in ran.err


def test_several_overlays_stack_in_the_order_given(team: MakeTeam) -> None:
    first = team()
    second = team(
        {
            "viscaffold.yml": "name: other\ndefaults: {team: ops}\n",
            "stages.yml": None,
            STAGE + "src/{{package}}/stages/kafka.py": None,
            "template/python/.github/CODEOWNERS.jinja": "* @other/{{ team }}\n",
        },
        "other",
    )
    root = new(first, "--template", str(second))

    assert (root / ".github/CODEOWNERS").read_text(encoding="utf-8") == "* @other/ops\n"
    assert [entry["source"] for entry in recorded(root)["_overlays"]] == [  # type: ignore[attr-defined]
        str(first),
        str(second),
    ]


def test_an_overlay_fixes_what_one_before_it_asks_and_others_follow(team: MakeTeam) -> None:
    first = team()
    second = team({"viscaffold.yml": "name: b\nanswers: {team: ops}\n", "stages.yml": None}, "b")
    third = team({"viscaffold.yml": "name: c\n", "stages.yml": None}, "c")
    for overlay in (second, third):
        (overlay / "template/python/.github/CODEOWNERS.jinja").unlink()
    root = new(first, "-t", str(second), "-t", str(third))

    assert (root / ".github/CODEOWNERS").read_text(encoding="utf-8") == "* @acme/ops\n"


def test_two_overlays_may_fix_an_answer_to_the_same_value(team: MakeTeam) -> None:
    first = team()
    second = team(
        {"viscaffold.yml": "name: other\nanswers: {ci: none}\n", "stages.yml": None}, "other"
    )
    root = new(first, "--template", str(second))

    assert not (root / ".github/workflows").exists()


@pytest.mark.parametrize("how", ["directory", "git"])
def test_a_stage_from_elsewhere_comes_and_goes_without_a_trace(
    repository: MakeRepository, how: str
) -> None:
    source = repository()
    viscaffold("new", "orders", "--stage", "logging")
    os.chdir("orders")
    before = state(Path.cwd())
    text = str(source) if how == "directory" else f"file://{source}@1.0#kafka"
    added = viscaffold("add-stage", text, "--trust", "--json")
    with_stage = files(Path.cwd())
    commit(Path.cwd())
    removed = viscaffold("remove-stage", "kafka", "--json")

    assert added.code == 0, added.err
    assert added.json()["added"] == ["kafka"]
    assert added.json()["overlays"][0]["from"] is None
    assert "src/orders/stages/kafka.py" in with_stage
    assert removed.json()["overlays"][0]["to"] is None
    assert files(Path.cwd()) == before[0]


def test_a_directory_comes_with_a_warning_that_others_cannot_follow(team: MakeTeam) -> None:
    ran = viscaffold("new", "orders", "-t", str(team()), "--trust")

    assert "is a directory, recorded by its content: others cannot follow it" in ran.err


def test_a_stage_can_be_added_twice_and_another_version_is_an_update(
    repository: MakeRepository,
) -> None:
    source = repository()
    new(f"file://{source}@1.0")
    again = viscaffold("add-stage", f"file://{source}@1.0#kafka")
    twice = viscaffold("add-stage", f"file://{source}#kafka")
    tag(source, "1.1")
    other = viscaffold("add-stage", f"file://{source}@1.1#kafka")

    assert again.code == 0, again.err
    assert "Already there" in twice.err
    assert other.code == 5
    assert "viscaffold update --to acme@1.1" in other.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}#kaffka", "did you mean kafka"),
        ("{}#", ""),
        ("./nowhere", "there is no directory './nowhere'"),
        ("ext::sh -c touch% /tmp/x", "not fetched by a helper program"),
        ("ftp://host/x@1.0", "not fetched by 'ftp'"),
        ("--upload-pack=x@1.0", ""),
        ("-x/y@1.0", ""),
    ],
)
def test_a_source_that_is_none_is_refused(team: MakeTeam, text: str, words: str) -> None:
    source = str(team())
    viscaffold("new", "orders")
    os.chdir("orders")
    before = state(Path.cwd())
    ran = viscaffold("add-stage", "--trust", "--", text.format(source))

    if words:
        assert ran.code == 2
        assert words in ran.err
        assert state(Path.cwd()) == before
    else:
        assert ran.code in (0, 2)


CHANGED = {"template/python/.github/CODEOWNERS.jinja": "* @acme/{{ team }} @acme/all\n"}


@pytest.mark.parametrize("how", ["directory", "git"])
def test_an_update_follows_the_source_and_can_be_taken_back(
    repository: MakeRepository, how: str
) -> None:
    source = repository()
    root = new(source if how == "directory" else f"file://{source}@1.0", "--stage", "kafka")
    with (root / "src/orders/app.py").open("a", encoding="utf-8") as module:
        module.write("# mine\n")
    commit(root)
    before = state(root)
    assert viscaffold("update", "--check").code == 0
    tag(source, "1.1", CHANGED)
    agreed = ["--trust"] if how == "directory" else []  # whose content has changed
    checked = viscaffold("update", "--check", "--json", *agreed)
    unchanged = state(root)
    ran = viscaffold("update", "--json")
    updated = files(root)
    back = viscaffold("undo")

    assert checked.code == 10
    assert checked.json()["overlays"][0]["to"] != checked.json()["overlays"][0]["from"]
    assert unchanged == before
    assert ran.code == 0, ran.err
    assert updated[".github/CODEOWNERS"] == b"* @acme/pay @acme/all\n"
    assert updated["src/orders/app.py"].endswith(b"# mine\n")
    assert {file["path"] for file in ran.json()["files"]} == {ANSWERS, ".github/CODEOWNERS"}
    assert back.code == 0
    assert state(root) == before


def test_an_update_to_a_version_moves_only_what_it_names(repository: MakeRepository) -> None:
    source = repository()
    root = new(f"file://{source}@1.0")
    tag(source, "1.1", CHANGED)
    tag(source, "2.0rc1")
    tag(source, "not-a-version")
    wrong = viscaffold("update", "--to", "acmee@1.1")
    missing = viscaffold("update", "--to", "acme@7.0")
    ran = viscaffold("update", "--to", "acme@1.1")
    again = viscaffold("update")
    commit(root)
    older = viscaffold("update", "--to", "acme@1.0")

    assert wrong.code == 2
    assert "did you mean acme" in wrong.err
    assert missing.code == 5
    assert "has no tag 7.0; it has 1.0, 1.1, 2.0rc1" in missing.err
    assert "Updated acme from 1.0 to 1.1" in ran.err
    assert 'git commit -m "Update to template acme@1.1"' in ran.err
    assert "Nothing to do" in again.err
    assert older.code == 5
    assert "it only moves forwards" in older.err


def test_versions_are_ordered_as_versions(repository: MakeRepository) -> None:
    source = repository()
    for version in ("v1.9", "v1.10", "v1.2"):
        tag(source, version)
    root = new(f"file://{source}")

    assert recorded(root)["_overlays"][0]["version"] == "v1.10"  # type: ignore[index]


def test_both_sides_of_a_change_become_a_conflict(repository: MakeRepository) -> None:
    source = repository()
    root = new(f"file://{source}@1.0")
    write(root, {".github/CODEOWNERS": "* @mine\n"})
    commit(root)
    tag(source, "1.1", CHANGED)
    ran = viscaffold("update")

    assert ran.code == 3
    assert ">>>>>>> template/acme@1.1" in (root / ".github/CODEOWNERS").read_text(encoding="utf-8")
    assert viscaffold("update", "--abort").code == 0
    assert git(root, "status", "--porcelain") == ""


def test_a_stage_that_is_renamed_or_removed_follows(repository: MakeRepository) -> None:
    source = repository()
    root = new(f"file://{source}@1.0", "--stage", "kafka")
    renamed = TEAM["stages.yml"].replace("kafka:", "events:", 1) + "  formerly: [kafka]\n"
    git(source, "mv", STAGE, "template/python/{{stage.events}}")
    git(
        source, "mv",
        "template/python/{{stage.events}}/src/{{package}}/stages/kafka.py",
        "template/python/{{stage.events}}/src/{{package}}/stages/events.py",
    )  # fmt: skip
    tag(source, "1.1", {"stages.yml": renamed})
    ran = viscaffold("update")

    assert ran.code == 0, ran.err
    assert "the stage kafka is called events now" in ran.err
    assert set(recorded(root)["stages"]) == {"events", "logging"}  # type: ignore[call-overload]
    commit(root)
    git(source, "rm", "-rq", "template/python/{{stage.events}}")
    tag(source, "1.2", {"stages.yml": None, "removed.yml": "events: the platform does it\n"})
    ran = viscaffold("update")

    assert "the stage events goes: the platform does it" in ran.err
    assert recorded(root)["stages"] == ["logging"]


def test_an_older_built_in_template_takes_an_overlay_too(team: MakeTeam) -> None:
    from scaffolder.operations import making
    from scaffolder.templates.template import builtin, carried

    answers = {"name": "orders", "stages": []}
    making.make(carried("0.1.0"), answers, Path("orders").absolute(),
                    commit="Start", within=None)  # fmt: skip
    os.chdir("orders")
    added = viscaffold("add-stage", str(team()), "--trust")
    commit(Path.cwd())
    ran = viscaffold("update")

    assert added.code == 0, added.err
    assert recorded(Path.cwd())["_commit"] == builtin().version
    assert ran.code == 0, ran.err
    assert "Updated the template from 0.1.0" in ran.err


@pytest.mark.parametrize("how", ["variable", "file", "list"])
def test_a_default_is_used_where_none_is_given(
    team: MakeTeam, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    source = team()
    config = Path(os.environ["XDG_CONFIG_HOME"]) / "viscaffold/config.yml"
    if how == "variable":
        monkeypatch.setenv("VISCAFFOLD_TEMPLATE", str(source))
    else:
        value = f"[{source}]" if how == "list" else str(source)
        write(config.parent, {"config.yml": f"template: {value}\n"})
    made = viscaffold("new", "orders", "--trust")
    plain = viscaffold("new", "other", "--template", "viscaffold")

    assert made.code == 0, made.err
    assert Path("orders/.github/CODEOWNERS").exists()
    assert plain.code == 0
    assert not Path("other/.github/CODEOWNERS").exists()


@pytest.mark.usefixtures("new_user")
def test_a_broken_configuration_is_named(tmp_path: Path) -> None:
    config = Path(os.environ["XDG_CONFIG_HOME"]) / "viscaffold"
    write(config, {"config.yml": "templat: x\n"})
    ran = viscaffold("new", "orders")

    assert ran.code == 5
    assert f"{config}/config.yml:1:1: there is no key 'templat'" in ran.err
    assert "did you mean template?" in ran.err
    assert not (tmp_path / "orders").exists()


def test_status_names_the_sources(repository: MakeRepository) -> None:
    source = repository()
    new(f"file://{source}@1.0")
    plain, document = viscaffold("status"), viscaffold("status", "--json").json()

    assert f"  file://{source}: 1.0" in plain.out
    assert document["overlays"][0]["version"] == "1.0"


def test_the_files_of_a_template_are_on_the_disk_where_it_is_rendered_and_no_sooner(
    team: MakeTeam,
) -> None:
    overlay = layers.given(origin.parse(str(team())), ALWAYS)
    laid = flatten.compose(builtin(), [overlay])
    settings = set(files(laid.root))
    page = "template/shared/incident.md"

    assert {"copier.yml", "template/stages.yml", "template/python/language.yml"} <= settings
    assert page not in settings
    assert (laid.whole() / page).read_text(encoding="utf-8") == TEAM[page]
    assert not laid.rest


def test_a_file_of_an_overlays_stage_that_is_missing_is_said_to_be_of_it(
    team: MakeTeam, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = new(team(), "--stage", "kafka")
    path = "src/orders/stages/kafka.py"
    (root / path).unlink()
    monkeypatch.setattr(flatten, "_roots", {})  # as in another process

    missing = viscaffold("status", "--json").json()["missing"]
    assert missing == [{"path": path, "stage": "kafka"}]


def test_a_render_with_a_stage_of_an_overlay_is_known_afterwards(
    team: MakeTeam, monkeypatch: pytest.MonkeyPatch
) -> None:
    new(team(), "--stage", "kafka")
    monkeypatch.setattr(sandbox, "render", None)  # rendering would fail

    assert viscaffold("status", "--json").json()["stages"] == ["kafka", "logging"]
