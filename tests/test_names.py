import json
import keyword
import sys
import tomllib
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path

import pytest
from conftest import STAGES, viscaffold
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scaffolder import names
from scaffolder.errors import UsageError
from scaffolder.languages import python, toolchain
from scaffolder.languages.all import LANGUAGES
from scaffolder.templates import catalogue, releases

ROOT = Path(__file__).parent.parent
TAKEN = toolchain.load(ROOT, "python").taken


def free(name: str, *also: str) -> None:
    """Check a name of a service in Python, beside what every one has."""
    names.check_free(name, LANGUAGES["python"], [*TAKEN, *also])


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
        ("compression", "a module of Python's standard library"),
        ("pipes", "a module of Python's standard library"),
        ("starlette", "a module that the service uses"),
        ("tests", "a module that the service uses"),
    ],
)
def test_a_name_that_would_break_the_service_is_refused(name: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        free(name)

    assert caught.value.hint == f"viscaffold new {name}-service"


def test_a_module_of_python_that_no_list_has_is_refused_too() -> None:
    with pytest.raises(UsageError, match="a module of Python's standard library") as caught:
        free("test")

    free(caught.value.hint.removeprefix("viscaffold new "))


@pytest.mark.parametrize("name", ["conftest", "test-health", "test-service", "test-api-items"])
def test_a_module_of_the_tests_is_no_name_for_a_service(name: str) -> None:
    ran = viscaffold("new", name, "--dry-run")

    assert ran.code == 2
    assert "it would hide a module that the service uses, or its tests" in ran.err


def test_other_names_that_start_like_a_test_are_taken() -> None:
    modules = python.test_modules(map(str, releases.files(ROOT)))

    assert {"conftest", "test_health", "test_auth"} <= set(modules)
    free("test-orders", *modules)


def installed(wanted: Iterable[str]) -> set[str]:
    """Return what `pip install` of these requirements brings here, or could bring elsewhere."""
    left = [Requirement(text) for text in wanted]
    seen: set[str] = set()
    while left:
        requirement = left.pop()
        name = canonicalize_name(requirement.name)
        if name in seen:
            continue
        seen.add(name)
        try:
            found = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # for another system or Python
            continue
        every = [Requirement(text) for text in found]
        left += [need for need in every if "extra" not in str(need.marker)]
    return seen


def imported(distributions: set[str]) -> set[str]:
    """Return the modules of distributions, as a service's name would be written."""
    return {
        python.normalized(module)
        for module, owners in metadata.packages_distributions().items()
        if not module.startswith("_") and distributions & set(map(canonicalize_name, owners))
    }


def test_whatever_is_installed_with_a_service_is_no_name_for_one(
    pristine: Callable[[tuple[str, ...]], Path],
) -> None:
    project = tomllib.loads((pristine(STAGES) / "pyproject.toml").read_text(encoding="utf-8"))
    distributions = installed(
        [
            *project["project"]["dependencies"],
            *project["dependency-groups"]["dev"],
            *project["build-system"]["requires"],
            *("pip", "setuptools", "wheel"),  # that a virtual environment has, or had
        ]
    )
    found = distributions | imported(distributions)

    assert {"h11", "pluggy", "packaging", "typing-extensions", "jwt"} <= found
    assert {name for name in found if names.PATTERN.fullmatch(name)} - {*TAKEN} == set()
    for name in TAKEN:
        with pytest.raises(UsageError):
            free(name)


@pytest.mark.parametrize("also", ["aiokafka>=0.12", "AIO_kafka[x]>=1", "aio.kafka @ https://x/y"])
def test_what_a_stage_of_others_brings_is_no_name_either(also: str) -> None:
    name = python.normalized(also)

    free(name)
    with pytest.raises(UsageError, match="the service uses"):
        free(name, also)


@given(st.text())
def test_a_name_is_taken_or_refused_with_a_valid_suggestion(name: str) -> None:
    try:
        names.check(name)
        free(name)
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
