import json
import keyword
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffolder import catalogue, names
from scaffolder.errors import UsageError

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", ["a", "orders", "order-api-2", "x" * names.LONGEST])
def test_a_plain_name_is_taken(name: str) -> None:
    names.check(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            " ",
            "-a",
            "a-",
            "a--b",
            "a_b",
            "A",
            "2fast",
            "a.b",
            "a/b",
            "..",
            "über",
            "a b",
            "a\n",
        ),
        *('a"b', "a'b", "$(id)", "a;b", "🚀", "x" * 41, "x" * 300, "a\x00b", "a\x1b[2J"),
    ],
)
def test_any_other_name_is_refused_with_the_rule_and_a_name_to_try(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        names.check(name)

    assert caught.value.exit_code == 2
    assert "starts with a lower-case letter" in caught.value.message
    assert "\x1b" not in caught.value.message
    assert len(caught.value.message) < 300
    names.check(caught.value.hint.removeprefix("viscaffold new "))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("class", "a keyword of Python"),
        ("match", "a keyword of Python"),
        ("json", "a module of Python's standard library"),
        ("starlette", "a module that the service uses"),
        ("tests", "a module that the service uses"),
    ],
)
def test_a_name_that_would_break_the_service_is_refused(name: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        names.check(name)

    assert caught.value.hint == f"viscaffold new {name}-service"


def test_a_service_named_like_a_dependency_of_any_stage_is_refused() -> None:
    for stage in catalogue.load(ROOT).stages.values():
        for dependency in stage.dependencies("python"):
            distribution = dependency.split(">")[0]
            assert distribution in names.TAKEN, distribution


@given(st.text())
def test_a_name_is_taken_or_refused_with_a_valid_suggestion(name: str) -> None:
    try:
        names.check(name)
    except UsageError as error:
        suggested = error.hint.removeprefix("viscaffold new ")
        assert names.PATTERN.fullmatch(suggested)
        assert len(suggested) <= names.LONGEST
    else:
        module = names.package(name)
        assert module.isidentifier()
        assert not keyword.iskeyword(module)
        assert module not in sys.stdlib_module_names


@given(st.text(alphabet="ab2-_ \nA", max_size=45))
def test_the_template_by_itself_takes_the_same_names(name: str) -> None:
    import jinja2
    import jinja2_ansible_filters

    rule = catalogue.read_yaml(ROOT / "copier.yml")["name"]["validator"]
    environment = jinja2.Environment(
        autoescape=False, extensions=[jinja2_ansible_filters.AnsibleCoreFiltersExtension]
    )
    refusal = environment.from_string(rule).render(name=name).strip()

    taken = bool(names.PATTERN.fullmatch(name)) and len(name) <= names.LONGEST
    assert (refusal == "") == taken, json.dumps(name)
