"""The runbook explains what the log says: every warning and error, in each language."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import viscaffold

from scaffolder.languages.all import LANGUAGES
from scaffolder.templates import catalogue, template

LOGS = {"warning", "error", "critical", "exception"}
MACRO = re.compile(r"(?:tracing::(?:warn|error)|critical)!\(\s*\"((?:[^\"\\]|\\.)*)\"")
ROW = re.compile(r"^\| (`.+?`(?:, `.+?`)*) \|", re.MULTILINE)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
PLACEHOLDER = re.compile(r"%[-\w.]*[sdgfr]|\{[^{}]*\}")
PAGE = re.compile(r"runbook\.md#([a-z-]+)")
DOCS = re.compile(r"docs/[a-z/]+\.md")
PAGE_NAME = re.compile(
    r'"((?:answers|check|ended|exit|killed|nothing|pattern|signal|slow|stop|supervisor)-[a-z-]+)"'
)

ELSEWHERE = {
    "setting …": "the first row of the table",
    "…: setting …": "a setting of a stage that did not open: the same row",
    "… in …": "what Python says itself of an exception in a finalizer",
    "… failed: …": "'GET /path' failed: a request, which has a row",
    "… failed: its handler panicked: …": "the same",
    "…": "why a stage did not open",
    "the other threads at that time: …": "the second line of a request that hangs",
}
"""Lines that no row of their own explains, and why."""

Service = tuple[str, Path]


@pytest.fixture(scope="module", params=LANGUAGES)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Service:
    """A service with every stage."""
    root = tmp_path_factory.mktemp("runbook") / "orders"
    known = catalogue.load(template.builtin().root, request.param).stages
    flags = [word for stage in known for word in ("--stage", stage)]
    ran = viscaffold("new", str(root), "--language", request.param, "--no-git", *flags)
    assert ran.code == 0, ran.err
    return request.param, root


def sources(root: Path) -> str:
    files = [path for path in root.rglob("src/**/*") if path.suffix in (".py", ".rs")]
    assert files
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(files))


def logged(language: str, root: Path) -> Iterator[str]:
    """Return what the runtime logs as a warning or worse, with `…` for what varies."""
    for path in sorted(root.rglob("src/**/runtime/*")):
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        said = python_logs(text) if language == "python" else MACRO.findall(text)
        for words in said:
            yield PLACEHOLDER.sub("…", re.sub(r"\\\n\s*", "", words))


def python_logs(text: str) -> Iterator[str]:
    for call in ast.walk(ast.parse(text)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            literal = next(iter(call.args), None)
            if call.func.attr in LOGS and isinstance(literal, ast.Constant):
                yield str(literal.value)


def explained(runbook: str) -> Callable[[str], bool]:
    """Return a function that tells whether a row of the table of log lines is about a line."""
    table = runbook.split("## Log lines")[1].split("\n## ", maxsplit=1)[0]
    texts = [text for row in ROW.findall(table) for text in re.findall("`(.+?)`", row)]
    assert len(texts) > 10
    patterns = [re.compile(".*".join(map(re.escape, text.split("…")))) for text in texts]
    return lambda line: any(pattern.search(line) for pattern in patterns)


def test_every_warning_of_the_runtime_is_in_the_table_or_names_its_section(
    service: Service,
) -> None:
    language, root = service
    is_explained = explained((root / "docs/runbook.md").read_text(encoding="utf-8"))
    lines = set(logged(language, root)) - ELSEWHERE.keys()

    assert len(lines) > 15
    assert {line for line in lines if not DOCS.search(line) and not is_explained(line)} == set()


def test_a_warning_that_is_not_in_the_table_would_be_noticed(service: Service) -> None:
    language, root = service
    is_explained = explained((root / "docs/runbook.md").read_text(encoding="utf-8"))

    assert is_explained("FORWARDED_ALLOW_IPS trusts everybody: a client")
    assert not is_explained("the moon is full")
    assert "the moon is full" not in set(logged(language, root))


def test_every_section_that_a_line_points_to_is_there(service: Service) -> None:
    _, root = service
    runbook = (root / "docs/runbook.md").read_text(encoding="utf-8")
    anchors = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in HEADING.findall(runbook)
    }
    code = sources(root)
    named = set(PAGE.findall(code)) | set(PAGE_NAME.findall(code))

    assert len(named) > 8
    assert named <= anchors, named - anchors
