"""What an update of a fleet would lead to is verified first, where its code may run here."""

from collections.abc import Sequence
from pathlib import Path

import jsonschema
import pytest
from conftest import MakeService, git, viscaffold
from test_docs import schema
from untouched import differences, seen
from verified import FAILED, PASSED, WARNED, MakeStandIn

from scaffolder.fleet import pool, work
from scaffolder.fleet.outcome import Outcome
from scaffolder.fleet.work import Job
from scaffolder.overlays.fetch import preferences, remote

BRANCH = "viscaffold/update-0.9.0"


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave nothing in it that only a worker remembers."""
    monkeypatch.setattr(remote, "remember", lambda: None)


def updated(root: Path, **more: object) -> Outcome:
    job = Job(str(root), update=True, to=("0.9.0",), **more)  # type: ignore[arg-type]
    outcome = work.done(job)
    jsonschema.validate({"repositories": [outcome.document()]}, schema("fleet"))
    assert outcome.document().keys() == set(_item()["properties"])
    return outcome


def _item() -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = schema("fleet")["properties"]["repositories"]["items"]
    return found


def test_the_commit_says_what_was_seen(old: MakeService, verification: MakeStandIn) -> None:
    root = old("0.8.0", "api")
    asked = verification(PASSED).asked
    outcome = updated(root, trusted=True)
    text = git(root, "log", "-1", "--format=%B", BRANCH)
    tree = git(root, "rev-parse", f"{BRANCH}^{{tree}}").strip()

    assert outcome.state == "updated"
    assert [found for _, found, _ in asked] == [tree]
    assert outcome.verifications[0]["result"] == "PASSED"
    assert text.startswith("Update to template 0.9.0\n\n. was verified (local):\n  PASSED env")
    trailers = git(root, "interpret-trailers", "--parse", stdin=text)
    assert trailers.startswith(f"Verified-tree: {tree} PASSED local 20")


def test_what_fails_leaves_no_branch_and_is_kept_where_it_can_be_found(
    old: MakeService, verification: MakeStandIn
) -> None:
    root = old("0.8.0", "api")
    verification(FAILED)
    before = seen(root)
    outcome = updated(root, trusted=True)
    (kept,) = (root / ".git/viscaffold/failed").iterdir()

    assert outcome.state == "unverified"
    assert "step: tests" in outcome.reason
    assert str(kept) in outcome.reason
    assert differences(before, seen(root)) == []


@pytest.mark.parametrize(("others", "code"), [([], 4), (["conflict"], 4), (["failed"], 1)])
def test_the_exit_code_tells_of_one_that_fails(
    old: MakeService,
    verification: MakeStandIn,
    monkeypatch: pytest.MonkeyPatch,
    others: list[str],
    code: int,
) -> None:
    verification(FAILED)

    def outcomes(jobs: Sequence[Job], *_: object) -> list[Outcome]:
        found = [
            Outcome(job.repository, state) for job, state in zip(jobs[1:], others, strict=True)
        ]
        return [work.done(jobs[0]), *found]

    monkeypatch.setattr(pool, "outcomes", outcomes)
    ran = viscaffold("fleet", "update", "--trust", str(old("0.8.0")), *others)

    assert ran.code == code
    assert "  unverified  update --to " in ran.out
    assert "  expected: status 0\n" in ran.out
    assert "1 unverified" in ran.err


def test_what_could_not_be_verified_is_said(old: MakeService, verification: MakeStandIn) -> None:
    root = old("0.8.0", "api")
    verification(WARNED)
    outcome = updated(root, trusted=True)
    words = "not verified: environment: there is no Python 3.13; install it"

    assert outcome.notes == [words]
    assert outcome.note == f"branch {BRANCH}\n{words}"
    assert f"\n\n.: {words}\n\n" in git(root, "log", "-1", "--format=%B", BRANCH)


def test_the_code_of_others_runs_only_with_trust(
    old: MakeService, verification: MakeStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = old("0.8.0", "api")
    asked = verification(FAILED).asked
    outcome = updated(root)
    monkeypatch.setenv(preferences.VERIFY_VARIABLE, "no")
    git(root, "branch", "-D", BRANCH)
    unwanted = updated(root, trusted=True)

    assert asked == []
    assert outcome.state == unwanted.state == "updated"
    assert outcome.notes == ["not verified: that runs the code in it, which needs --trust"]
    assert unwanted.notes == []
    assert git(root, "log", "-1", "--format=%B", BRANCH) == "Update to template 0.9.0\n\n"


@pytest.mark.slow
def test_workers_verify_what_they_commit(old: MakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    root = old("0.8.0", "api")
    monkeypatch.setenv(preferences.VERIFY_VARIABLE, "local")
    before = seen(root)
    ran = viscaffold("fleet", "update", str(root), "--to", "0.9.0", "--trust", "--json")
    (outcome,) = ran.json()["repositories"]
    text = git(root, "log", "-1", "--format=%B", outcome["branch"])
    git(root, "branch", "-D", outcome["branch"])

    assert ran.code == 0, ran.err
    assert outcome["verifications"][0]["result"] == "PASSED", text
    assert "  PASSED tests (" in text
    assert [p for p in differences(before, seen(root)) if not p.startswith(".git/")] == []
    assert [*(root / ".git/viscaffold/environments").iterdir()]
    assert [*(root / ".git/viscaffold/evidence").iterdir()]
