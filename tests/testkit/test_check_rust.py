"""`template check` of a template for services in Rust, or in both languages."""

from pathlib import Path

import pytest
import rust_services
from conftest import Ran, viscaffold
from teams import write

from scaffolder.templates import catalogue, template
from scaffolder.testkit import combinations

pytestmark = pytest.mark.slow

GREETING = "template/rust/{{stage.greeting}}/"
MODULE = GREETING + "src/stages/greeting.rs"
TESTS = GREETING + "tests/stage_greeting.rs.jinja"


def check(*args: str) -> Ran:
    return viscaffold("template", "check", "our-team", *args)


def failed(ran: Ran) -> dict[str, list[str]]:
    """Return check → problems, of those that failed."""
    checks = ran.json()["checks"]
    return {entry["check"]: entry["problems"] for entry in checks if not entry["passed"]}


@pytest.fixture
def ours(new_user: None) -> Path:  # noqa: ARG001 - whose it is
    """The template that `template init` writes."""
    ran = viscaffold("template", "init", "our-team", "--language", "rust")
    assert ran.code == 0, ran.err
    assert "viscaffold new orders --language rust --template our-team" in ran.err
    return Path("our-team").absolute()


def edited(root: Path, path: str, old: str, new: str) -> None:
    text = (root / path).read_text(encoding="utf-8")
    assert old in text
    (root / path).write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def environment(ours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where services are built in seconds: the dependencies are, and have few tests."""
    every = tuple(catalogue.load(template.builtin().root, "rust").stages)
    locked = (rust_services.sources(every) / "Cargo.lock").read_bytes()
    home = template.builtin().root / "template/rust"
    write(ours, {"template/rust/Cargo.lock": locked})
    for path in home.glob("tests/*"):
        write(ours, {f"template/rust/tests/{path.name}": "//! Left out.\n"})
    monkeypatch.setattr(combinations, "own_sets", lambda *_: [("greeting",)])
    monkeypatch.setenv("CARGO_NET_OFFLINE", "true")
    rust_services.TARGET.mkdir(parents=True, exist_ok=True)
    (tmp_path / "environment").mkdir()
    (tmp_path / "environment/target").symlink_to(rust_services.TARGET)
    return tmp_path / "environment"


def test_the_template_to_start_with_passes(ours: Path) -> None:
    ran = check("--quick", "--json")

    assert ran.code == 0, ran.out
    assert {entry["language"] for entry in ran.json()["checks"]} == {"rust"}
    assert ours.is_dir()


def test_services_pass_their_own_checks(environment: Path) -> None:
    ran = check("--environment", str(environment), "--json")

    assert ran.code == 0, ran.out
    assert {"tests", "lint", "format"} <= {entry["check"] for entry in ran.json()["checks"]}


def test_flaws_of_a_service_are_found_in_the_templates_own_files(
    ours: Path, environment: Path
) -> None:
    answer = 'web::Json(json!({"greeting": format!("{}, {name}", greeting.text)}))'
    edited(ours, MODULE, answer, f"return {answer.replace(', {', '; {')};")
    edited(ours, MODULE, "async fn greet", "  async fn greet")
    found = failed(check("--environment", str(environment), "--json"))

    assert found.keys() == {"tests", "lint", "format", "verify"}
    for tool, words in (("tests", f"{TESTS}:"), ("lint", f"{MODULE}:31:"), ("format", MODULE)):
        assert any(words in text for text in found[tool]), found


def test_an_environment_that_is_none_is_refused(ours: Path) -> None:
    ran = check("--environment", str(ours / "gone"))

    assert ran.code == 1
    assert "gone cannot be used: it is not a directory" in ran.err


def test_a_template_is_checked_in_each_language_that_it_has_something_for(ours: Path) -> None:
    viscaffold("template", "init", "their-team")
    for path in Path("their-team/template/python").rglob("*"):
        if path.is_file():
            write(ours, {f"template/python/{path.relative_to('their-team/template/python')}":
                         path.read_bytes()})  # fmt: skip
    python = Path("their-team/stages.yml").read_text(encoding="utf-8").split("  python:")[1]
    with (ours / "stages.yml").open("a", encoding="utf-8") as stages:
        stages.write(f"  python:{python}")
    both = check("--quick")
    one = check("--quick", "--language", "python", "--json")
    refused = check("--environment", str(ours))
    unknown = check("--quick", "--language", "cobol")

    assert both.code == 0, both.err
    assert "ok   python complete  greeting" in both.err
    assert "ok   rust   complete  greeting" in both.err
    assert {entry["language"] for entry in one.json()["checks"]} == {"python"}
    assert (refused.code, unknown.code) == (2, 2)
    assert "an environment is for one language" in refused.err
    assert "there is no language 'cobol'" in unknown.err


def test_a_stage_without_tests_or_a_page_is_found(ours: Path) -> None:
    write(ours, {TESTS: None, GREETING + "docs/stages/greeting.md.jinja": None})

    assert failed(check("--quick", "--json"))["complete"] == [
        "the stage greeting has no tests: tests/stage_greeting.rs",
        "the stage greeting has no page: docs/stages/greeting.md",
    ]


def test_a_crate_that_every_service_has_already_is_found(ours: Path) -> None:
    edited(ours, "stages.yml", "dependencies: []", "dependencies: ['serde = \"1\"']")
    found = failed(check("--quick", "--json"))

    assert any("has serde" in problem and "second time" in problem for problem in found["render"])
