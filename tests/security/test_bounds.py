"""What others wrote takes a bounded share of the disk, of memory and of time."""

from pathlib import Path

import pytest
from conftest import MakeService, viscaffold
from teams import MakeTeam

from scaffolder.overlays.fetch import tags
from scaffolder.templates import sandbox, sandbox_process
from scaffolder.templates.copier import TemplateError

MANY = {f"template/python/{n}.txt.jinja": "{{ 'x' * 2 ** 22 }}\n" for n in range(20)}
"""Each may be as large, but not all of them."""


def test_a_render_stops_before_it_has_written_too_much(
    team: MakeTeam, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "check", lambda _: None)  # what it wrote is not looked at
    ran = viscaffold("new", "orders", "--template", str(team(MANY)), "--trust")

    assert ran.code == 2
    assert "it writes more than 5000 files, or 64 MiB" in ran.err
    assert not Path("orders").exists()


@pytest.mark.parametrize(("files", "size"), [(81, 0), (7, 10_000)])
def test_what_was_rendered_is_measured_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: int, size: int
) -> None:
    monkeypatch.setattr(sandbox, "MOST_FILES", 80)
    monkeypatch.setattr(sandbox, "MOST_BYTES", 60_000)
    for number in range(files):
        sandbox.check(tmp_path)
        (tmp_path / str(number)).write_bytes(b"x" * size)

    with pytest.raises(TemplateError, match="it writes more than 80 files"):
        sandbox.check(tmp_path)


@pytest.mark.parametrize(
    "name", [".git", ".GIT", "git~1", ".git ", ".git.", ".g\u200cit", ".git:x"]
)
def test_a_render_writes_nothing_that_some_file_system_takes_for_gits(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "a" / name).mkdir(parents=True)

    with pytest.raises(TemplateError, match="which is not a service's"):
        sandbox.check(tmp_path)


def test_the_words_of_an_error_are_cut(team: MakeTeam) -> None:
    root = team({"template/python/x.jinja": "{{ {}[('x' * 2 ** 22)] }}\n"})
    ran = viscaffold("new", "orders", "--template", str(root), "--trust")

    assert ran.code == 2
    assert len(ran.err) < 10_000


ENDLESS = "9" * 5000
"""A number of more digits than Python reads."""


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"{'(' * 5000}1{')' * 5000}", "it is nested too deeply"),
        (f"{'1+' * 50_000}1", "it is nested too deeply"),
        (ENDLESS, "a number has too many digits"),
    ],
    ids=["parentheses", "sum", "number"],
)
def test_a_template_that_is_too_much_to_read_is_named(
    team: MakeTeam, text: str, problem: str
) -> None:
    root = team({"template/python/x.jinja": f"{{{{ {text} }}}}\n"})
    ran = viscaffold("new", "orders", "--template", str(root), "--trust")

    assert ran.code == 5
    assert f"template/python/x.jinja:1: Jinja cannot read it: {problem}" in ran.err


def test_reading_a_template_takes_a_bounded_time(
    team: MakeTeam, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox_process, "SECONDS", 0.5)
    root = team({"template/python/x.jinja": "{{ a }}" * 1_000_000})
    ran = viscaffold("new", "orders", "--template", str(root), "--trust")

    assert ran.code == 5
    assert "it took too much time" in ran.err


def test_a_version_without_end_is_none_of_a_template(team: MakeTeam) -> None:
    root = team({"viscaffold.yml": f"name: acme\nrequires: '>={ENDLESS}'\n"})
    ran = viscaffold("new", "orders", "--template", str(root), "--trust")

    assert ran.code == 5
    assert "is not a version range" in ran.err
    assert tags.parsed(ENDLESS) is None


def test_a_version_without_end_is_none_of_a_service(service: MakeService) -> None:
    answers = service() / ".copier-answers.yml"
    answers.write_text(answers.read_text().replace("_commit: ", f"_commit: '{ENDLESS}'  # "))
    ran = viscaffold("status")

    assert ran.code == 5
    assert "there is no template version 9999" in ran.err
    assert len(ran.err) < 1000
