from itertools import permutations
from pathlib import Path

import pytest

from scaffolder import catalogue
from scaffolder.errors import UsageError

ROOT = Path(__file__).parent.parent
LANGUAGES = ("python",)


@pytest.fixture(scope="module")
def stages() -> catalogue.Catalogue:
    return catalogue.load(ROOT)


def test_a_stage_comes_after_those_that_it_requires(stages: catalogue.Catalogue) -> None:
    seen: set[str] = set()
    for stage in stages.stages.values():
        assert seen.issuperset(stage.requires), stage.name
        seen.add(stage.name)


def test_requirements_come_along_and_order_does_not_matter(stages: catalogue.Catalogue) -> None:
    assert stages.closure(["auth"]) == ["api", "auth"]
    for names in permutations(stages.stages):
        assert stages.closure(names) == sorted(stages.stages)


def test_an_unknown_stage_is_refused_with_the_closest_one(stages: catalogue.Catalogue) -> None:
    with pytest.raises(UsageError, match="did you mean logging") as caught:
        stages.closure(["loging"])

    assert caught.value.hint == "viscaffold stages"


def test_a_stage_like_none_is_refused_with_the_list(stages: catalogue.Catalogue) -> None:
    with pytest.raises(UsageError, match="known: api, auth, logging"):
        stages.closure(["xyz"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_stage_has_a_folder_a_docs_page_and_tests(
    stages: catalogue.Catalogue, language: str
) -> None:
    for name in stages.stages:
        folder = ROOT / "template" / language / "{{stage.NAME}}".replace("NAME", name)
        assert (folder / f"docs/stages/{name}.md.jinja").is_file()
        assert list(folder.glob("tests/stages/test_*")), name
        assert (ROOT / f"template/shared/stages/{name}.md").is_file()


def test_no_two_stages_write_the_same_file() -> None:
    seen: dict[str, Path] = {}
    for folder in (ROOT / "template/python").glob("{{stage.*}}"):
        for path in folder.rglob("*"):
            relative = str(path.relative_to(folder)).removesuffix(".jinja")
            if path.is_file() and "__pycache__" not in relative:
                assert relative not in seen, (path, seen.get(relative))
                seen[relative] = path
