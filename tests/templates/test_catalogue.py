from itertools import permutations
from pathlib import Path

import pytest

from scaffolder.errors import UsageError
from scaffolder.overlays.format import stages as stages_yml
from scaffolder.overlays.format.yaml_document import OverlayError, Page
from scaffolder.templates import catalogue

ROOT = Path(__file__).parents[2]
STAGES = ROOT / "template/stages.yml"
LANGUAGES = ("python",)


@pytest.fixture(scope="module")
def stages() -> catalogue.Catalogue:
    return catalogue.load(ROOT, "python")


def test_the_catalogue_is_as_one_of_a_team_has_to_be() -> None:
    """Keys, dependencies, settings, steps, data; and the order of the stages."""
    found = stages_yml.read(STAGES.read_bytes(), Page("stages.yml"))
    found.check({})

    assert {*found.entries} == {*catalogue.read(ROOT)}


@pytest.mark.parametrize("key", ["requires", "after", "optional"])
def test_a_stage_before_one_that_it_follows_is_refused(key: str) -> None:
    text = STAGES.read_text(encoding="utf-8").replace("  requires: []\n", "", 1)
    added = "requires: []\n  " if key != "requires" else ""
    text = text.replace("logging:\n", f"logging:\n  {added}{key}: [auth]\n", 1)
    found = stages_yml.read(text.encode(), Page("stages.yml"))

    with pytest.raises(OverlayError, match="auth, which comes after it"):
        found.check({})


def test_what_a_stage_keeps_and_must_do_is_known() -> None:
    auth = catalogue.read(ROOT)["auth"]

    assert auth.data.files == ("data/users.json",)
    assert all(stage.verify for stage in catalogue.read(ROOT).values())
    assert auth.is_in("python")
    assert not auth.is_in("zed")


def test_requirements_come_along_and_order_does_not_matter(stages: catalogue.Catalogue) -> None:
    assert stages.closure(["auth"]) == ["api", "auth"]
    for names in permutations(stages.stages):
        assert stages.closure(names) == sorted(stages.stages)


def test_an_unknown_stage_is_refused_with_the_closest_one(stages: catalogue.Catalogue) -> None:
    with pytest.raises(UsageError, match="did you mean logging") as caught:
        stages.closure(["loging"])

    assert caught.value.hint == "viscaffold stages"


def test_a_stage_like_none_is_refused_with_the_list(stages: catalogue.Catalogue) -> None:
    with pytest.raises(UsageError, match=f"known: {', '.join(sorted(stages.stages))}"):
        stages.closure(["xyz"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_stage_has_a_folder_a_docs_page_and_tests(
    stages: catalogue.Catalogue, language: str
) -> None:
    for name, stage in stages.stages.items():
        folder = ROOT / "template" / language / "{{stage.NAME}}".replace("NAME", name)
        assert (folder / f"docs/stages/{name}.md.jinja").is_file()
        assert list(folder.glob("tests/stages/test_*")) or not stage.code, name
        assert (ROOT / f"template/shared/stages/{name}.md").is_file()


def test_no_two_stages_write_the_same_file() -> None:
    seen: dict[str, Path] = {}
    for folder in (ROOT / "template/python").glob("{{stage.*}}"):
        for path in folder.rglob("*"):
            relative = str(path.relative_to(folder)).removesuffix(".jinja")
            if path.is_file() and "__pycache__" not in relative:
                assert relative not in seen, (path, seen.get(relative))
                seen[relative] = path
