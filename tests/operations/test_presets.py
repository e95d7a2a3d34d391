"""What a new service begins with: a preset in YAML, or another service."""

from pathlib import Path

import pytest
from conftest import Pristine, viscaffold
from teams import MakeTeam

from scaffolder import operations
from scaffolder.errors import ScaffoldError
from scaffolder.operations import Preset, presets


@pytest.fixture(autouse=True)
def here(new_user: None, tmp_path: Path) -> Path:  # noqa: ARG001 - whose presets are read
    """An empty directory, of a user without presets."""
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


WEB = """\
language: rust
stages: [api, logging]
answers: {ci: gitlab, description: Ours}
template: ./acme
"""


def test_a_preset_has_language_stages_answers_and_a_template_beside_it(here: Path) -> None:
    write(here / "team/web.yml", WEB)

    assert presets.read("team/web.yml") == Preset(
        ("api", "logging"),
        {"language": "rust", "ci": "gitlab", "description": "Ours"},
        ("team/acme",),
    )


def test_a_preset_of_a_name_is_in_the_folder_of_the_user() -> None:
    write(presets.folder() / "web.yml", "stages: [api]\n")

    assert presets.named() == ["web"]
    assert presets.read("web").stages == ("api",)


def test_what_is_typed_outweighs_a_preset_and_stages_add_up() -> None:
    one = Preset(("api",), {"ci": "gitlab", "language": "rust"}, ("acme",))

    assert one.overlaid((), {}, ()) == one
    assert one.overlaid(("jobs", "api"), {"ci": "none"}, ("other",)) == Preset(
        ("api", "jobs"), {"ci": "none", "language": "rust"}, ("other",)
    )


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("stage: [api]\n", "web.yml:1:1: there is no key 'stage'", "did you mean stages?"),
        ("stages: api\n", "web.yml:1:9: stages has to be a list", "[one, other]"),
        ("stages: [Hunter2]\n", "web.yml:1:10: this is no name of a stage", "viscaffold stages"),
        ("stages: [[api]]\n", "what is in stages has to be text", ""),
        ("answers: [ci]\n", "answers has to be `key: value` lines", ""),
        ("answers: {ci: [none]}\n", "ci has to be text, a number, true or false", ""),
        ("language: 3\n", "language has to be text", ""),
        ("- api\n", "a preset has to be `key: value` lines", ""),
        ("stages: &a [api]\nanswers: *a\n", "it uses an alias", "write the value out"),
        ('template: "a\\eb"\n', "template is one line of text", ""),
        ("#" * (513 << 10), "it is larger than 512 KiB", ""),
    ],
)
def test_a_preset_that_is_wrong_is_refused_with_its_line(
    here: Path, text: str, said: str, hint: str
) -> None:
    write(here / "web.yml", text)
    with pytest.raises(ScaffoldError) as refused:
        presets.read("web.yml")

    assert said in refused.value.message
    assert hint in refused.value.hint
    assert refused.value.exit_code == 5


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("answers:\n  ci: x\n", (), "web.yml:2:3: ci is one of github, gitlab, none, not 'x'"),
        ("stages: [api]\nlanguage: go\n", (), "web.yml:2:1: language is one of"),
        ("answers: {nope: 1}\n", (), "web.yml:1:11: there is no question 'nope'"),
        ("answers: {ci: x}\n", ("-a", "ci=y"), "Error: ci is one of github, gitlab, none, not 'y'"),
    ],
)
def test_an_answer_that_its_question_does_not_take_is_named_where_it_stands(
    here: Path, text: str, words: tuple[str, ...], said: str
) -> None:
    write(here / "web.yml", text)
    ran = viscaffold("new", "orders", "--preset", "web.yml", *words)

    assert ran.code == 2
    assert said in " ".join(ran.err.split())
    assert not (here / "orders").exists()


def test_where_there_are_no_presets_it_is_told_where_one_goes() -> None:
    err = viscaffold("new", "orders", "--preset", "web").err

    assert "there is no preset 'web'\n" in err
    assert f"Try: write one: {presets.folder()}/web.yml" in err


def test_what_is_no_preset_is_told_with_the_closest_name(here: Path) -> None:
    write(presets.folder() / "web.yml", "")
    (here / "folder.yml").mkdir()
    for text, said in (
        ("wep", "there is no preset 'wep'; did you mean web?"),
        ("./missing", "there is no file 'missing'"),
        ("folder.yml", "there is no file 'folder.yml'"),
    ):
        ran = viscaffold("new", "orders", "--preset", text)

        assert (ran.code, said in ran.err) == (2, True), ran.err
        assert not (here / "orders").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stages: [apy]\n", "there is no stage 'apy'; did you mean api?"),
        ("answers: {cii: none}\n", "there is no question 'cii'; did you mean ci?"),
        ("language: go\n", "language is one of python, rust, not 'go'"),
    ],
)
def test_what_a_preset_asks_for_has_to_be_there(here: Path, text: str, said: str) -> None:
    write(here / "web.yml", text)
    ran = viscaffold("new", "orders", "--preset", "web.yml")

    assert ran.code == 2
    assert said in ran.err
    assert not (here / "orders").exists()


def test_a_service_like_another_has_all_but_its_name(here: Path) -> None:
    flags = ("--stage", "logging", "-a", "ci=none", "--no-git")
    assert viscaffold("new", "orders", *flags).code == 0
    write(here / "orders/.env", "SECRET=s3cret\n")
    ran = viscaffold("new", "shop", "--like", "orders", "--stage", "api", "--json", "--no-git")
    made = ran.json()

    assert (made["name"], made["description"]) == ("shop", "The shop service")
    assert (made["stages"], made["ci"]) == (["logging", "api"], "none")
    assert not (here / "shop/.env").exists()


def test_a_service_like_another_keeps_what_somebody_wrote(
    pristine: Pristine, tmp_path: Path
) -> None:
    made = operations.create(
        tmp_path / "orders",
        answers={"description": "All the orders", "directory": "services/orders"},
        git=False,
    )

    assert presets.like(made.path, operations.NEVER).answers["description"] == "All the orders"
    assert "directory" not in presets.like(made.path, operations.NEVER).answers
    assert "description" not in presets.like(pristine(()), operations.NEVER).answers


def test_no_service_is_made_like_one_that_is_not_there(here: Path) -> None:
    (here / "empty").mkdir()
    ran = viscaffold("new", "shop", "--like", "empty")

    assert (ran.code, "there is no service in 'empty'" in ran.err) == (5, True)
    assert "exclude each other" in viscaffold("new", "x", "--like", "a", "--preset", "b").err


def test_the_template_of_a_service_comes_along(here: Path, team: MakeTeam) -> None:
    root = team()
    ran = viscaffold("new", "orders", "-t", "team", "--trust", "--no-git", "-a", "team=core")
    assert ran.code == 0, ran.err
    preset = presets.like(here / "orders", operations.NEVER)

    assert preset.templates == (str(root),)
    assert preset.answers == {"team": "core"}
