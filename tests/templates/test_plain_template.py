"""The template without the tool: plain `copier copy`, through pytest-copie."""

from pathlib import Path

import pytest
from conftest import STAGES, Pristine, files
from pytest_copie.plugin import Copie

# In a checkout with changes, Copier says that it renders them, too.
pytestmark = pytest.mark.filterwarnings("ignore::copier.errors.DirtyLocalWarning")


def copy(copie: Copie, **answers: object) -> dict[str, bytes]:
    """Copy the template; return the files of the service `orders`, but for its answers."""
    copied = copie.copy(extra_answers={"name": "orders", **answers})
    assert copied.exception is None
    assert copied.project_dir is not None
    found = files(copied.project_dir)
    del found[".copier-answers.yml"]
    return found


@pytest.mark.parametrize(
    "stages", [(), ("logging",), ("auth",), ("kubernetes",), STAGES], ids="-".join
)
@pytest.mark.parametrize("language", ["python", "rust"])
def test_a_plain_copy_is_what_new_gives(
    copie: Copie, pristine: Pristine, language: str, stages: tuple[str, ...]
) -> None:
    expected = files(pristine(stages, language))
    del expected[".copier-answers.yml"]

    assert copy(copie, language=language, stages=list(stages)) == expected


def test_what_viscaffold_knows_of_a_language_is_no_part_of_a_service(copie: Copie) -> None:
    assert not any(path.endswith("language.yml") for path in copy(copie))


def test_a_bad_name_is_refused_by_the_template_itself(copie: Copie) -> None:
    copied = copie.copy(extra_answers={"name": "../x"})

    assert copied.exit_code != 0
    assert "a name starts with a lower-case letter" in str(copied.exception)


def test_a_folder_named_for_a_stage_overlays_the_root_or_vanishes(copie: Copie) -> None:
    without, chosen = copy(copie), copy(copie, stages=["auth"])

    assert "docs/stages/auth.md" not in without
    assert {"docs/stages/auth.md", "docs/stages/api.md"} <= chosen.keys()
    assert not any("stage" in path.split("/")[0] for path in chosen)


def test_the_template_needs_no_trust(copie: Copie) -> None:
    from scaffolder.templates.catalogue import read_yaml

    config = read_yaml(Path(__file__).parents[2] / "copier.yml")
    assert not {"_tasks", "_migrations", "_jinja_extensions"} & config.keys()
    assert copy(copie)
