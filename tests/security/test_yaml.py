"""YAML of others is read as plain values, within bounds, and never ends in an internal error."""

import re
from pathlib import Path

import pytest
from conftest import MakeService, viscaffold
from teams import MakeTeam

from scaffolder import plain_yaml
from scaffolder.plain_yaml import YamlError

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefghi", "bcdefghij", strict=True)
)

ODD = {
    BOMB: "line 2, column 8: it uses an alias",
    "x: !!python/object/apply:os.system [id]\n": "line 1, column 4: it uses a tag",
    "x: !include y\n": "line 1, column 4: it uses a tag",
    "x: !!binary aGk=\n": "line 1, column 4: it uses a tag",
    "x: " + "[" * 30 + "]" * 30: "line 1, column 23: it is more than 20 levels deep",
    "- " * 200_000: "it is more than 20 levels deep",
    "a: 1\nx: 0x_\n": "line 2, column 4: '0x_' is not a usable number",
    "x: 0b_\n": "is not a usable number",
    "x: .inf\n": "is not a usable number",
    "x: 1e999\nnext: 1.0e+999\n": "line 2, column 7: '1.0e+999' is not a usable number",
    "x: 1" + ":59" * 100_000: "is not a usable number",
    "x: " + "9" * 5000: "is not a usable number",
    "x: 2026-13-45\n": "is read as a date",
    "x: 2001-12-14t21:59:43.10-99:99\n": "is read as a date",
    "x: =\n": "is read as a default value",
    "<<: [1]\n": "a key is not read as text",
    "? [a]\n: b\n": "line 1, column 3: a key is not read as text",
    "y: 1\nyes: 2\n": "line 2, column 1: a key is not read as text",
    "a: 1\na: 2\n": "line 2, column 1: 'a' appears twice",
    "a: 1\n---\nb: 2\n": "line 2, column 1: it is not YAML",
    "a: \x00\n": "it is not YAML",
    "a: [\n": "it is not YAML",
    "a: " + "x" * 600_000: "it is larger than 512 KiB",
}


@pytest.mark.parametrize(("text", "words"), ODD.items(), ids=range(len(ODD)))
def test_what_is_no_plain_value_is_an_error_with_its_line(text: str, words: str) -> None:
    with pytest.raises(YamlError, match=re.escape(words)):
        plain_yaml.load(text.encode())


def test_bytes_that_are_no_text_are_an_error() -> None:
    with pytest.raises(YamlError, match="it is not UTF-8"):
        plain_yaml.load(b"a: \xff\n")


def test_plain_values_are_what_they_are_everywhere() -> None:
    text = "a: [1, 1.5, true, ~, text, '1']\nb: {c: {d: []}}\n"

    assert plain_yaml.load(text.encode()) == {
        "a": [1, 1.5, True, None, "text", "1"],
        "b": {"c": {"d": []}},
    }
    assert plain_yaml.load(b"") is None


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_answers_of_others_are_refused(service: MakeService, text: str) -> None:
    root = service()
    with (root / ".copier-answers.yml").open("a", encoding="utf-8") as answers:
        answers.write(text)
    ran = viscaffold("status")

    assert ran.code == 5
    assert ".copier-answers.yml cannot be read: " in ran.err


@pytest.mark.parametrize(
    "answer",
    ["description: [a, b]", "ci: {x: 1}", "description: ~", "stages: {a: 1}", "stages: [1]",
     "stages: '*a'", "_overlays: 7", "_overlays: [{source: 1, digest: 2}]", "name: [x]"],
)  # fmt: skip
def test_an_answer_of_another_kind_is_refused(service: MakeService, answer: str) -> None:
    file = service() / ".copier-answers.yml"
    key = answer.partition(":")[0]
    kept = [x for x in file.read_text(encoding="utf-8").splitlines() if not x.startswith(key)]
    file.write_text("\n".join([*kept, answer, ""]), encoding="utf-8")
    ran = viscaffold("status")

    assert ran.code == 5
    assert ".copier-answers.yml has " in ran.err


def test_copier_never_reads_yaml_that_is_inside_an_answer(service: MakeService) -> None:
    """It parses the text of questions of the type `yaml`, which are computed, not recorded."""
    file = service() / ".copier-answers.yml"
    with file.open("a", encoding="utf-8") as answers:
        answers.write("catalogue: 'a: &a [x]'\nstage: '{api: \"../..\"}'\npackage: os\n")
    ran = viscaffold("status", "--json")

    assert ran.code == 0
    assert ran.json()["modified"] == [".copier-answers.yml"]
    assert ran.json()["missing"] == []


@pytest.mark.usefixtures("new_user")
def test_the_users_own_configuration_is_read_the_same_way(tmp_path: Path) -> None:
    config = tmp_path / ".user/XDG_CONFIG_HOME/viscaffold/config.yml"
    config.parent.mkdir(parents=True)
    config.write_text("template: [&a x, *a]\n", encoding="utf-8")
    ran = viscaffold("new", "orders")

    assert ran.code == 5
    assert f"{config}:1:" in ran.err
    assert "it uses an alias" in ran.err


@pytest.mark.parametrize("file", ["viscaffold.yml", "stages.yml", "removed.yml", "moved.yml"])
@pytest.mark.parametrize("text", ["x: &a [1]\ny: *a\n", "x: !!set {a}\n", "[" * 99])
def test_every_file_of_a_team_is_read_the_same_way(team: MakeTeam, file: str, text: str) -> None:
    root = team({file: text})
    ran = viscaffold("new", "orders", "--template", str(root), "--trust")

    assert ran.code == 5
    assert f"{file}:" in ran.err
