"""A service on this machine: each step fails on what it is for, and on nothing else."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from scripted import SERVICE, TOOLS, broken, language, running, subject

from scaffolder.languages.base import Command, NotFoundError
from scaffolder.languages.toolchain import Check
from scaffolder.reporting import SILENT
from scaffolder.templates.stage import Step
from scaffolder.verify import asking, requests
from scaffolder.verify.local import local
from scaffolder.verify.log import Log
from scaffolder.verify.outcome import Level, Outcome, Result
from scaffolder.verify.subject import Subject
from scaffolder.verify.verification import verify

STEPS = [
    "environment",
    "tests",
    "start",
    "first-line",
    "health",
    "ready",
    "items: it starts empty",
    "items: one is made",
    "items: a mode is logged",
    "items: it says who it is",
    "stop",
]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What never comes is not waited for as long as on a busy machine."""
    monkeypatch.setattr(asking, "FIRST_LINE_SECONDS", 1)
    monkeypatch.setattr(asking, "START_SECONDS", 6)
    monkeypatch.setattr(asking, "STOP_SECONDS", 2)
    monkeypatch.setattr(requests, "SECONDS", 2)


def failed(found: Subject) -> Outcome:
    """Return the step that failed; none comes after it."""
    outcomes = verify(found, Level.LOCAL).outcomes
    assert outcomes[-1].result is Result.FAILED, outcomes[-1]
    assert {outcome.result for outcome in outcomes[:-1]} <= {Result.PASSED}
    return outcomes[-1]


def test_a_service_that_works_passes_every_step_in_order(tmp_path: Path) -> None:
    found = verify(subject(tmp_path), Level.LOCAL)

    assert [outcome.step for outcome in found.outcomes] == STEPS
    assert found.result is Result.PASSED, found.failed


def test_what_was_verified_is_left_as_it_was(tmp_path: Path) -> None:
    found = subject(tmp_path, {"tests.py": "open('left behind', 'w').close()"})
    verify(found, Level.LOCAL)

    assert sorted(path.name for path in found.root.iterdir()) == ["service.py", "tests.py"]


@pytest.mark.parametrize(
    ("step", "files", "expected", "words", "log"),
    [
        (
            "tests",
            {"tests.py": "raise SystemExit('1 failed')"},
            "its tests pass",
            "exit status 1",
            "1 failed",
        ),
        (
            "start",
            {"service.py": "import nothing_like_this"},
            "it answers within 6 s",
            "it ended: exit status 1",
            "No module named 'nothing_like_this'",
        ),
        (
            "start",
            {"service.py": "import time\nprint('up', flush=True)\ntime.sleep(99)"},
            "it answers within 6 s",
            "nobody answers at port",
            "up",
        ),
        (
            "start",
            broken('os.environ["HOST"], int(os.environ["PORT"])', '"127.0.0.1", 0'),
            "it answers within 6 s",
            "nobody answers at port",
            "first line",
        ),
        (
            "first-line",
            {"service.py": SERVICE.replace("print(", "(lambda *_, flush=0: None)(")},
            "its log has a line 1 s after the start",
            "its log is empty",
            "",
        ),
        (
            "health",
            broken('"/health": 200', '"/health": 503'),
            "GET /health is answered with 200",
            "503",
            "request /health",
        ),
        (
            "ready",
            broken('"/health/ready": 200', '"/health/ready": 503'),
            "GET /health/ready is answered with 200",
            "503",
            "request /health/ready",
        ),
        (
            "items: it starts empty",
            broken('"/items": 200', '"/items": 404'),
            'GET /items is answered with 200, JSON with {"items": []}',
            "404",
            "request /items",
        ),
        (
            "items: it starts empty",
            broken('Path("data").mkdir()', 'Path("data").mkdir(); Path("data/x").touch()'),
            'GET /items is answered with 200, JSON with {"items": []}',
            '200 {"items": ["x"]',
            "request /items",
        ),
        (
            "items: a mode is logged",
            broken('os.environ.get("MODE", "")', '""'),
            "a line of the log with loud",
            "no such line within 2 s",
            "request /items",
        ),
        (
            "stop",
            broken("lambda *_: sys.exit(0)", "signal.SIG_IGN"),
            "SIGTERM ends it with exit status 0 within 2 s",
            "it still runs",
            "first line",
        ),
        (
            "stop",
            broken("signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))", ""),
            "SIGTERM ends it with exit status 0 within 2 s",
            "exit status 143 (SIGTERM)",
            "first line",
        ),
    ],
    ids=[
        "tests fail",
        "import fails",
        "listens on nothing",
        "listens on another port",
        "says nothing",
        "is sick",
        "is not ready",
        "has lost a route",
        "is not empty",
        "does not read a setting",
        "ignores SIGTERM",
        "dies of SIGTERM",
    ],
)
def test_a_service_that_fails_does_so_in_the_step_that_is_for_it(  # noqa: PLR0913, PLR0917 - a table
    tmp_path: Path, step: str, files: dict[str, str], expected: str, words: str, log: str
) -> None:
    found = failed(subject(tmp_path, files))

    assert (found.step, found.expected) == (step, expected)
    assert words in found.found
    assert log in "\n".join(found.log)


def test_each_step_that_changes_something_has_a_service_of_its_own(tmp_path: Path) -> None:
    twice = (
        Step("one is made", request="POST /items", status=201),
        Step("another one is made", request="POST /items", status=201),
        Step("there is none", request="GET /items", status=200, json={"items": []}),
    )
    found = verify(subject(tmp_path, steps=twice), Level.LOCAL)

    assert found.result is Result.PASSED, found.failed


def test_a_build_that_fails_is_a_step_of_its_own(tmp_path: Path) -> None:
    tools = replace(TOOLS, build=Command((sys.executable, "-c", "raise SystemExit('no')")))
    found = failed(subject(tmp_path, tools=tools))

    assert (found.step, found.expected, found.log) == ("build", "it builds", ("no",))


def test_a_tool_that_is_missing_is_only_warned_of(tmp_path: Path) -> None:
    tools = replace(TOOLS, checks={"tests": Check(("no-such-tool", "test"))})
    found = verify(subject(tmp_path, tools=tools), Level.LOCAL)

    assert found.result is Result.WARNED
    warned = next(outcome for outcome in found.outcomes if outcome.result is Result.WARNED)
    assert warned.found == "no-such-tool cannot be run: No such file or directory"


def test_a_service_without_tests_is_warned_of_and_looked_at_all_the_same(tmp_path: Path) -> None:
    found = subject(tmp_path)
    tests = Check((sys.executable, "-c", "raise SystemExit(5)"), nothing=5)
    tools = replace(found.tools, checks={"tests": tests})
    without = verify(replace(found, tools=tools), Level.LOCAL)
    elsewhere = verify(
        replace(found, tools=replace(tools, stage_tests="checks/test_{stage}.py")), Level.LOCAL
    )

    for each in (without, elsewhere):
        assert [outcome.step for outcome in each.outcomes] == STEPS
        assert each.result is Result.WARNED
    assert without.outcomes[1].found == "it has no tests"
    assert elsewhere.outcomes[1].found == "it has no tests: there is no directory checks"


def test_a_toolchain_that_is_missing_is_only_warned_of(tmp_path: Path) -> None:
    of = language()

    def missing(*_: object) -> str:
        raise NotFoundError("zed was not found")

    of.environment_key = missing  # type: ignore[assignment, method-assign]
    found = verify(subject(tmp_path, of=of), Level.LOCAL)

    assert [(o.step, o.result, o.found) for o in found.outcomes] == [
        ("environment", Result.WARNED, "zed was not found")
    ]


def test_a_template_that_does_not_say_how_to_start_is_only_warned_of(tmp_path: Path) -> None:
    found = verify(subject(tmp_path, tools=replace(TOOLS, start=Command(()))), Level.LOCAL)

    assert found.result is Result.WARNED
    assert "viscaffold update" in found.outcomes[-1].found


def test_a_service_gets_no_variables_of_the_user_s_but_its_own_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODE", "of the user")
    script = broken("ANSWERS =", 'print("MODE", os.environ.get("MODE"), flush=True)\nANSWERS =')
    steps = (Step("", log="MODE None"),)
    assert verify(subject(tmp_path / "a", script, steps=steps), Level.LOCAL).failed is None
    steps = (Step("", log="MODE given"),)
    files = {**script, "verify.env": "# for verify\nMODE=given\n"}
    assert verify(subject(tmp_path / "b", files, steps=steps), Level.LOCAL).failed is None


def test_proxies_of_the_user_are_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert verify(subject(tmp_path), Level.LOCAL).failed is None


def test_nothing_runs_afterwards(tmp_path: Path) -> None:
    found = subject(tmp_path, {"verify.env": f"MARK={tmp_path}"})
    log = Log(tmp_path / "log")
    for outcome in (steps := local(found, log, SILENT)):
        if outcome.step == "start":
            assert running(f"MARK={tmp_path}")
            break
    steps.close()

    assert not running(f"MARK={tmp_path}")


def test_the_whole_log_is_kept_beside_the_last_ones(tmp_path: Path) -> None:
    found = subject(tmp_path, {"tests.py": "print('password=hunter2hunter2'); exit(1)"})
    kept = Path(verify(found, Level.LOCAL).log)

    assert kept.parent == found.home / "logs"
    assert kept.stat().st_mode & 0o077 == 0
    assert "--- tests\npassword=[redacted]" in kept.read_text(encoding="utf-8")
    for _ in range(11):
        verify(found, Level.LOCAL)
    assert len(list(kept.parent.iterdir())) == 10
    assert not kept.exists()
