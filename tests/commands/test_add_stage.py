import pytest
from conftest import ORDERS, STAGES, MakeService, files, git, state, viscaffold


def test_requirements_come_along_and_are_named_as_such(service: MakeService) -> None:
    service()
    ran = viscaffold("add-stage", "auth")

    assert ran.code == 0, ran.err
    assert "Added api (required)" in ran.err
    assert "Added auth:" in ran.err
    assert 'git commit -m "Add api and auth"' in ran.err


def test_new_settings_and_dependencies_are_in_the_next_steps(service: MakeService) -> None:
    service()
    ran = viscaffold("add-stage", "api")

    assert "API_MAX_JSON_VALUES" in ran.err
    assert ".venv/bin/pip install -r requirements/dev.txt" in ran.err


def test_a_stage_that_is_there_is_said_to_be_and_nothing_changes(service: MakeService) -> None:
    root = service("api")
    before = state(root)
    ran = viscaffold("add-stage", "api", "api")
    as_json = viscaffold("add-stage", "api", "--json")

    assert (ran.code, ran.out) == (0, "")
    assert "Already there: api. Nothing to do." in ran.err
    assert as_json.json()["added"] == []
    assert state(root) == before


def test_a_stage_named_twice_is_added_once(service: MakeService) -> None:
    service()
    ran = viscaffold("add-stage", "api", "api", "--json")

    assert ran.json()["added"] == ["api"]


def test_an_unknown_stage_stops_the_known_ones_too(service: MakeService) -> None:
    root = service()
    before = state(root)
    ran = viscaffold("add-stage", "api", "lging")

    assert ran.code == 2
    assert "did you mean logging" in ran.err
    assert state(root) == before


def test_a_stage_must_be_named(service: MakeService) -> None:
    service()

    assert viscaffold("add-stage").code == 2


def test_json_lists_what_was_done(service: MakeService) -> None:
    service()
    done = viscaffold("add-stage", "api", "--json", "--yes").json()

    assert done["stages"] == ["api"]
    assert {"path": "pyproject.toml", "change": "modify"} in done["files"]
    assert {"path": "docs/stages/api.md", "change": "add"} in done["files"]
    assert (done["conflicts"], done["kept_deleted"], done["diff"]) == ([], [], None)


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_any_order_gives_the_same_tree_as_all_at_once(
    service: MakeService, pristine: MakeService, order: tuple[str, ...]
) -> None:
    root = service()
    for name in order:
        ran = viscaffold("add-stage", name)
        assert ran.code == 0, ran.err
        git(root, "commit", "--quiet", "--allow-empty", "--message", f"Add {name}")

    assert files(root) == files(pristine(STAGES))
