"""`template check` finds what is wrong with a template, and says where in its own files."""

import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Ran, viscaffold
from teams import write

from scaffolder.templates import catalogue, template
from scaffolder.testkit import combinations

pytestmark = pytest.mark.slow

ENVIRONMENT = Path(sys.prefix)
GREETING = "template/python/{{stage.greeting}}/"
MODULE = GREETING + "src/{{package}}/stages/greeting.py"
TESTS = GREETING + "tests/stages/test_greeting.py.jinja"

# The service's own tests would take a minute: here, they are those of the stage.
ONLY_OURS = {
    "template/python/tests/conftest.py.jinja": """\
import pytest
from starlette.testclient import TestClient

from {{ package }}.app import create_app


@pytest.fixture
def client() -> TestClient:
    return TestClient(create_app())
"""
}


LEFT_OUT = '"""Left out."""\n\n\ndef test_it_loads() -> None:\n    assert __name__\n'


def check(*args: str) -> Ran:
    return viscaffold("template", "check", "our-team", *args)


def failed(ran: Ran) -> dict[str, list[str]]:
    """Return check → problems, of those that failed."""
    found: dict[str, list[str]] = {}
    for entry in ran.json()["checks"]:
        if not entry["passed"]:
            found.setdefault(entry["check"], []).extend(entry["problems"])
    return found


@pytest.fixture
def ours(new_user: None) -> Path:  # noqa: ARG001 - whose it is
    """The template that `template init` writes."""
    assert viscaffold("template", "init", "our-team").code == 0
    return Path("our-team").absolute()


def edited(root: Path, path: str, old: str, new: str) -> None:
    text = (root / path).read_text(encoding="utf-8")
    assert old in text
    (root / path).write_text(text.replace(old, new), encoding="utf-8")


def test_every_stage_alone_partners_and_all_are_rendered(ours: Path) -> None:
    edited(ours, "stages.yml", "requires: []", "requires: []\n  after: [logging]")
    ran = check("--quick", "--json")
    rendered = [entry["stages"] for entry in ran.json()["checks"] if entry["check"] == "render"]

    assert ran.code == 0, ran.out
    assert ours.name == ran.json()["template"]["name"]
    assert [] in rendered
    assert ["greeting"] in rendered
    assert ["greeting", "logging"] in rendered
    assert sorted([*catalogue.read(template.builtin().root), "greeting"]) in rendered
    assert ["api", "greeting"] not in rendered


@pytest.mark.parametrize(
    ("path", "old", "new", "problem"),
    [
        (TESTS, "{{ package }}", "{{ pakage }}", f"{TESTS}:6: 'pakage' is undefined"),
        (MODULE, '"""Stage greeting: GET', '"""Stage greeting: \nGET',
         f"{MODULE}:1: white space at the end of a line"),
        (MODULE, "    async def", "\tasync def", ": a tab"),
        ("template/shared/stages/greeting.md", "# Stage greeting\n", "# Stage greeting\n\n\n",
         "docs/stages/greeting.md.jinja: two blank lines"),
    ],
)  # fmt: skip
def test_a_flaw_of_a_render_is_found(
    ours: Path, path: str, old: str, new: str, problem: str
) -> None:
    edited(ours, path, old, new)
    found = failed(check("--quick", "--json"))

    assert any(problem in text for text in found["render"]), found


def test_two_stages_that_write_one_file_are_found(ours: Path) -> None:
    second = (ours / "stages.yml").read_text(encoding="utf-8").replace("greeting:", "other:")
    second = second.replace("title: Greeting", "title: Other")
    write(
        ours,
        {
            "stages.yml": (ours / "stages.yml").read_text(encoding="utf-8")
            + second[second.index("other:") :],
            GREETING + "{{ 'x' }}.txt": "1\n",
            "template/python/{{stage.other}}/x.txt": "1\n",
            "template/python/{{stage.other}}/docs/stages/other.md": "# Other\n",
            "template/python/{{stage.other}}/tests/stages/test_other.py": "",
        },
    )
    found = failed(check("--quick", "--json"))

    assert found == {"apart": ["x.txt: both greeting and other write it"]}


def test_a_stage_that_does_not_come_and_go_as_bytes_is_found(ours: Path) -> None:
    write(ours, {"template/python/.gitattributes": "*.md text eol=crlf\n"})
    found = failed(check("--quick", "--json"))
    page = "docs/stages/greeting.md: other bytes than a new service with greeting"

    assert page in found["add"]
    assert f"{page}+logging" in found["order"]


def test_a_stage_without_tests_or_a_page_is_found(ours: Path) -> None:
    write(ours, {TESTS: None, GREETING + "docs/stages/greeting.md.jinja": None})
    found = failed(check("--quick", "--json"))

    assert found["complete"] == [
        "the stage greeting has no tests: tests/stages/test_greeting.py",
        "the stage greeting has no page: docs/stages/greeting.md",
    ]


def test_every_choice_of_a_question_is_rendered(ours: Path) -> None:
    with (ours / "viscaffold.yml").open("a", encoding="utf-8") as manifest:
        manifest.write("  size:\n    type: str\n    help: How large\n    choices: [s, m]\n")
    edited(ours, TESTS, "Hello, ada", "{% if size == 'm' %}{{ nobody }}{% endif %}")
    found = failed(check("--quick", "--json"))

    assert found.keys() == {"size=m"}
    assert f"{ours}/{TESTS}:" in found["size=m"][0]


def fast(ours: Path) -> None:
    """Let services have no tests but those of the stage."""
    from scaffolder.templates import template

    home = template.builtin().root / "template/python"
    write(ours, ONLY_OURS)
    for path in home.rglob("test_*"):
        if path.is_file():
            write(ours, {f"template/python/{path.relative_to(home)}": LEFT_OUT})


@pytest.fixture
def quick_services(ours: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The template, with services that are checked in seconds: none and one stage."""
    fast(ours)
    sets = [(), ("greeting",)]
    monkeypatch.setattr(combinations, "own_sets", lambda *_: sets)
    return ours


def test_flaws_of_a_service_are_found_in_the_templates_own_files(quick_services: Path) -> None:
    edited(quick_services, MODULE, 'f"{greeting}, ', 'f"{greeting}; ')
    edited(quick_services, MODULE, "import config\n", "import config, health\n")
    edited(quick_services, MODULE, " -> JSONResponse:", "  -> int:")
    found = failed(check("--environment", str(ENVIRONMENT), "--json"))

    for tool, words in (
        ("tests", f"{TESTS}:1"),
        ("lint", f"{MODULE}:10:"),
        ("format", MODULE),
        ("types", f"{MODULE}:26: error"),
    ):
        assert any(words in text for text in found[tool]), found


def test_a_step_of_a_stage_that_is_not_true_is_found(quick_services: Path) -> None:
    edited(quick_services, "stages.yml", "Good morning, Ada", "Good evening, Ada")
    found = failed(check("--environment", str(ENVIRONMENT), "--json"))

    assert found.keys() == {"verify"}
    assert found["verify"][0].startswith(
        "greeting: with GREETING_TEXT, the greeting is another one\n"
        'expected: GET /greeting/Ada is answered with 200, JSON with {"greeting": "Good evening'
    )


def test_an_environment_that_is_none_is_refused(ours: Path) -> None:
    ran = check("--environment", str(ours))

    assert ran.code == 1
    assert "is not a virtual environment" in ran.err


def test_what_passes_is_listed_for_a_person(quick_services: Path) -> None:
    ran = check("--environment", str(ENVIRONMENT))
    lines: list[Any] = ran.err.splitlines()

    assert ran.code == 0, ran.err
    assert any(line.startswith("ok   tests     greeting") for line in lines)
    assert any(line.startswith("ok   verify    greeting") for line in lines)
    assert lines[-1] == f"{quick_services.name}: {len(lines) - 1} passed"
