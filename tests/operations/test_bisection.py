"""`bisect`: with which commit, or with which stage, a service began to fail."""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from conftest import MakeService, commit, git, state, viscaffold
from verifications import BROKEN, MISSING, TESTS, verification

from scaffolder.operations import proof
from scaffolder.verify.outcome import Level, Outcome, Verification
from scaffolder.verify.subject import Subject

APP = "src/orders/app.py"
SCHEMA = Path(__file__).parents[2] / "docs/schemas/bisect.json"

Broken = Callable[[Path], bool]


@pytest.fixture
def verdicts(monkeypatch: pytest.MonkeyPatch) -> Callable[[Broken], list[str]]:
    """Decide by a look at a tree whether it works, instead of running it: that takes its time."""

    def decide(broken: Broken, unclear: Broken = lambda _: False) -> list[str]:
        seen: list[str] = []

        def verify(subject: Subject, level: Level, *_: object) -> Verification:
            seen.append(subject.tree)
            outcomes: tuple[Outcome, ...] = (TESTS,)
            if unclear(subject.root):
                outcomes = (MISSING,)
            elif broken(subject.root):
                outcomes = (TESTS, BROKEN)
            return verification(*outcomes, tree=subject.tree, level=level)

        monkeypatch.setattr(proof, "verify", verify)
        return seen

    return decide


def edits(root: Path, *lines: str) -> list[str]:
    """Commit an edit for each line; return the commits."""
    made = []
    for line in lines:
        with (root / APP).open("a", encoding="utf-8") as file:
            file.write(f"# {line}\n")
        commit(root, line)
        made.append(git(root, "rev-parse", "HEAD").strip())
    return made


def holds(text: str) -> Broken:
    return lambda root: text in (root / APP).read_text(encoding="utf-8")


def has_stages(*names: str) -> Broken:
    return lambda root: all((root / f"docs/stages/{name}.md").exists() for name in names)


Verdicts = Callable[..., list[str]]


def test_the_commit_that_broke_it_is_found_in_few_steps(
    service: MakeService, verdicts: Verdicts
) -> None:
    root = service()
    commits = edits(root, *(f"edit {number}" for number in range(16)))
    before = state(root)
    seen = verdicts(holds("# edit 9"))
    ran = viscaffold("bisect", commits[0], "--json")
    found = ran.json()

    jsonschema.validate(found, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert ran.code == 10, ran.err
    assert found["bad"]["commit"] == commits[9]
    assert found["good"]["commit"] == commits[8]
    assert found["verification"]["steps"][-1]["step"] == "start"
    assert found["verified"] == len(seen) <= 6
    assert state(root) == before


def test_evidence_is_used_instead_of_a_second_verification(
    service: MakeService, verdicts: Verdicts
) -> None:
    root = service()
    commits = edits(root, *(f"edit {number}" for number in range(8)))
    seen = verdicts(holds("# edit 5"))
    assert viscaffold("bisect", commits[0]).code == 10
    verified = len(seen)
    again = viscaffold("bisect", commits[0], "--json").json()

    assert len(seen) == verified
    assert (again["verified"], again["known"]) == (0, verified)
    assert again["bad"]["commit"] == commits[5]


def test_by_default_it_searches_from_the_last_verified_commit_to_what_is_staged(
    service: MakeService, verdicts: Verdicts
) -> None:
    root = service()
    verdicts(holds("# staged"))
    assert viscaffold("verify").code == 0
    edits(root, "one", "two")
    with (root / APP).open("a", encoding="utf-8") as file:
        file.write("# staged\n")
    git(root, "add", "--all")
    ran = viscaffold("bisect")

    assert ran.code == 10, ran.err
    assert "It began to fail with what is staged\n" in ran.err
    assert re.search(r"and worked with [0-9a-f]{12} \(two\)", ran.err)


def test_a_commit_that_cannot_be_verified_is_passed_over_and_said(
    service: MakeService, verdicts: Verdicts
) -> None:
    root = service()
    commits = edits(root, "one", "two", "three", "four", "five")
    verdicts(holds("# four"), lambda here: holds("# three")(here) and not holds("# four")(here))
    found = viscaffold("bisect", commits[0], "--json").json()

    assert found["bad"]["commit"] == commits[3]
    assert [revision["commit"] for revision in found["unclear"]] == [commits[2]]


def test_a_commit_without_the_service_s_answers_is_passed_over(
    service: MakeService, verdicts: Verdicts
) -> None:
    root = service()
    commits = edits(root, "one", "two")
    git(root, "mv", ".copier-answers.yml", "answers.yml")
    commit(root)
    git(root, "mv", "answers.yml", ".copier-answers.yml")
    commit(root)
    commits += edits(root, "three", "four")
    verdicts(holds("# three"))

    assert viscaffold("bisect", commits[0], "--json").json()["bad"]["commit"] == commits[2]


def test_below_the_top_only_commits_of_the_service_are_verified(
    service: MakeService, verdicts: Verdicts, tmp_path: Path
) -> None:
    made = service()
    shutil.rmtree(made / ".git")
    top = tmp_path / "fleet"
    root = top / "services/orders"
    shutil.copytree(made, root, symlinks=True)
    git(top, "init", "--quiet")
    commit(top)
    first = git(top, "rev-parse", "HEAD").strip()
    for number in range(12):
        (top / "other.txt").write_text(f"{number}\n", encoding="utf-8")
        commit(top)
        if number == 7:
            (guilty,) = edits(root, "broken")
    os.chdir(root)
    seen = verdicts(holds("# broken"))
    found = viscaffold("bisect", first, "--json").json()

    assert found["bad"]["commit"] == guilty
    assert len(seen) == 2


def test_the_stage_of_several_that_broke_it_is_named(
    service: MakeService, verdicts: Verdicts
) -> None:
    root = service()
    start = git(root, "rev-parse", "HEAD").strip()
    assert viscaffold("add-stage", "logging", "auth", "--no-verify").code == 0
    commit(root, "Add logging and auth")
    verdicts(has_stages("api"))
    found = viscaffold("bisect", start, "--json").json()

    assert found["bad"]["title"] == "Add logging and auth"
    assert found["stage"] == {"name": "api", "after": ["logging"], "alone": True}


def test_stages_that_fail_only_together_are_said_to(
    service: MakeService, verdicts: Verdicts
) -> None:
    root = service()
    before = state(root)
    verdicts(has_stages("logging", "auth"))
    ran = viscaffold("bisect", "--stage", "auth", "--stage", "logging")

    assert ran.code == 10, ran.err
    assert "The stage is auth, added after logging, api." in ran.err
    assert "Without those before it, it works" in ran.err
    assert state(root) == before


def test_an_edit_in_the_commit_of_a_stage_is_not_blamed_on_the_stage(
    service: MakeService, verdicts: Verdicts
) -> None:
    root = service()
    start = git(root, "rev-parse", "HEAD").strip()
    assert viscaffold("add-stage", "logging", "api", "--no-verify").code == 0
    edits(root, "mine")
    verdicts(holds("# mine"))

    assert viscaffold("bisect", start, "--json").json()["stage"] is None


@pytest.mark.parametrize(
    ("broken", "args", "words"),
    [
        ("# nothing", ("HEAD~1",), "what is there works|works: there is nothing to find"),
        ("import", ("HEAD~1",), "does not work either: start"),
        ("# two", (), "no commit before .* has been verified here"),
        ("# two", ("nowhere",), "no commit or tree 'nowhere'"),
        ("# nothing", ("--stage", "api"), "works with api, too"),
    ],
)
def test_a_range_in_which_there_is_nothing_to_find_is_refused(
    service: MakeService, verdicts: Verdicts, broken: str, args: tuple[str, ...], words: str
) -> None:
    root = service()
    edits(root, "one", "two")
    verdicts(holds(broken))
    ran = viscaffold("bisect", *args)

    assert ran.code in (2, 5)
    assert re.search(words, ran.err), ran.err
