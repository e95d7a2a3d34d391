"""The answers file of a service: what changes in it, and all that does not."""

import json
from pathlib import Path

import pytest
import yaml
from conftest import MakeService, commit, state, viscaffold
from hypothesis import given
from hypothesis import strategies as st

from scaffolder.engine import answers, yaml_text

ANSWERS = ".copier-answers.yml"
TEXT = """\
# Ours: see the wiki.
_commit: "0.5.0"  # pinned
_src_path: viscaffold

# What it does
description: 'The orders service'   # short
name: orders
stages:  # in the order of their coming
  - logging
  - api  # for the shop
# of another tool
renovate: {automerge: true}
"""


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("_commit: 0.5.0", "_commit: '1.10'", {'"0.5.0"': '"1.10"'}),
        ("description: x", "description: It's", {"'The orders service'": "'It''s'"}),
        (
            "stages: [logging, api]",
            "stages: [logging, api, auth]",
            {"- api  # for the shop\n": "- api  # for the shop\n  - auth\n"},
        ),
        ("stages: [logging, api]", "stages: [api]", {"  - logging\n": ""}),
        (
            "stages: [logging, api]",
            "stages: []",
            {
                "stages:  # in the order of their coming\n  - logging\n"
                "  - api  # for the shop\n": "stages: []\n"
            },
        ),
        ("{}", "ci: none", {"\n# What it does": "ci: none\n\n# What it does"}),
        ("name: orders", "{}", {"name: orders\n": ""}),
        (
            "{}",
            "_overlays: [{source: a, version: '1'}]",
            {"# pinned\n": "# pinned\n_overlays:\n- source: a\n  version: '1'\n"},
        ),
    ],
)
def test_only_what_the_template_changes_is_written(
    old: str, new: str, changes: dict[str, str], eol: str
) -> None:
    expected = TEXT
    for before, after in changes.items():
        assert before in TEXT
        expected = expected.replace(before, after)
    mine = TEXT.replace("\n", eol).encode()
    found = answers.fit(mine, old.encode(), new.encode())

    assert found == expected.replace("\n", eol).encode()


def test_an_untouched_file_becomes_what_the_template_gives() -> None:
    assert answers.fit(b"a: 1\n", b"a: 1\n", b"# new\na: 2\n") == b"# new\na: 2\n"


@pytest.mark.parametrize(
    "mine",
    [
        "a: &x 1\nmine: *x\n",
        "{a: 1, mine: 2}\n",
        "? a\n: 1\n",
        "a: 1\na: 1\nmine: {1: 2}\n",
        "a: |\n  1\nmine: |\n  x\n",
        "a: 1",
        "\ufeffa: 1\n",
    ],
)
def test_whatever_the_file_looks_like_it_holds_the_right_answers(mine: str) -> None:
    found = answers.fit(mine.encode(), b"a: 1\n", b"a: 2\nb: new\n").decode()
    own = yaml_text.load(mine) or {}

    assert yaml.safe_load(found) == {**own, "a": 2, "b": "new"}


@pytest.mark.parametrize("text", ["x\x85y", "x\u2028y", "x\u2029y", "\ufeffx"])
def test_no_letter_is_written_that_is_read_as_another(text: str) -> None:
    theirs = json.dumps({"a": text}).encode()
    found = answers.fit(b"a: 1  # mine\n", b"a: 1\n", theirs)

    assert found.endswith(b"  # mine\n")
    assert yaml.safe_load(found) == {"a": text}


def test_what_is_no_mapping_is_written_anew() -> None:
    for mine in (b"\xff", b"- a", b"a: [", b"a: &x [*x]"):
        assert answers.fit(mine, b"a: 1\n", b"a: 2\n") == b"a: 2\n"


scalars = st.one_of(st.text(max_size=8), st.integers(), st.booleans(), st.none())
values = st.one_of(scalars, st.lists(st.text(max_size=5), max_size=4))
keys = st.from_regex(r"[a-z_]{1,6}", fullmatch=True)
files = st.dictionaries(keys, values, min_size=1, max_size=6)


@given(mine=files, base=files, theirs=files, style=st.sampled_from([None, False, True]))
def test_the_result_holds_what_a_merge_of_values_comes_to(
    mine: dict[str, object],
    base: dict[str, object],
    theirs: dict[str, object],
    style: bool | None,  # noqa: FBT001 - drawn
) -> None:
    texts = [
        yaml.safe_dump(side, default_flow_style=flow, allow_unicode=True).encode()
        for side, flow in ((mine, style), (base, False), (theirs, False))
    ]
    # PyYAML writes some texts (U+0085) so that nobody reads them back.
    mine, base, theirs = (yaml.safe_load(text) for text in texts)
    found = yaml.safe_load(answers.fit(*texts)) or {}

    changed = {key: theirs[key] for key in theirs if key not in base or base[key] != theirs[key]}
    gone = base.keys() - theirs.keys()
    expected = {**{key: mine[key] for key in mine if key not in gone}, **changed}
    assert found == (theirs if texts[0] == texts[1] else expected)


def test_comments_and_other_keys_stay_through_every_operation(service: MakeService) -> None:
    root = service("logging")
    text = (root / ANSWERS).read_text(encoding="utf-8")
    mine = "# ours\n" + text.replace("- logging", "- logging  # always") + "renovate: on  # bot\n"
    (root / ANSWERS).write_text(mine, encoding="utf-8")
    commit(root)
    before = state(root)
    added = viscaffold("add-stage", "auth")
    with_auth = (root / ANSWERS).read_text(encoding="utf-8")
    removed = viscaffold("remove-stage", "auth", "api")

    assert (added.code, removed.code) == (0, 0)
    assert with_auth == mine.replace("  # always\n", "  # always\n- api\n- auth\n")
    assert state(root) == before
    assert viscaffold("status").code == 0


def test_a_key_of_another_tool_is_no_obstacle_to_an_update(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scaffolder.operations import making
    from scaffolder.templates.template import builtin, carried

    root = tmp_path / "orders"
    template = carried("0.3.0")
    making.make(template, {"name": "orders", "stages": []}, root, commit="Start", within=None)
    monkeypatch.chdir(root)
    mine = "# mine\n" + (root / ANSWERS).read_text(encoding="utf-8") + "other: 1\n"
    (root / ANSWERS).write_text(mine, encoding="utf-8")
    commit(root)
    assert viscaffold("update").code == 0

    newest = builtin().version
    expected = mine.replace("_commit: 0.3.0", f"_commit: {newest}")
    new = "directory: ''\nimage_digest: ''\n"  # the questions that there are since
    expected = expected.replace("language:", f"{new}language:")
    assert (root / ANSWERS).read_text(encoding="utf-8") == expected
