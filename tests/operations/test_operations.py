"""The interface of the operations: plain values in and out, for whatever drives them."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jinja2
import pytest
from conftest import MakeService, commit, git, state
from teams import TEAM, MakeTeam

from scaffolder import operations
from scaffolder.operations import ALWAYS, RefusedError, UnansweredError, UsageError

WITHOUT_CLICK = """
import builtins
import_ = builtins.__import__
def guarded(name, *args, **kwargs):
    if name.split(".")[0] == "click" or name == "scaffolder.console":
        raise AssertionError(f"{name} is imported")
    return import_(name, *args, **kwargs)
builtins.__import__ = guarded
"""

DRIVE = """
import json, subprocess
from contextlib import contextmanager
from pathlib import Path
from scaffolder import operations

class Recording:
    def __init__(self):
        self.notes, self.labels = [], []
    def note(self, text):
        self.notes.append(text)
    @contextmanager
    def progress(self, label):
        self.labels.append(label)
        yield

def commit():
    subprocess.run(["git", "commit", "-q", "-m", "next"], cwd=root, check=True)

report = Recording()
root = Path("orders").absolute()
made = operations.create(root, stages=["logging"], answers={"ci": "none"}, report=report)
added = operations.add(root, ["auth"], report=report)
undone = operations.undo(root, report=report)
again = operations.add(root, ["auth"], report=report)
commit()
removed = operations.remove(root, ["auth"], report=report)
history = [record.title for record in operations.history(root)]
commit()
updated = operations.update(root, report=report)
status = operations.status(root, report=report)
available = operations.check(root)
offer = operations.stages(root)
print(json.dumps({
    "made": [made.answers["stages"], made.commit is not None],
    "added": [added.added, again.tree == added.tree],
    "undone": undone.removed,
    "removed": [removed.removed, history],
    "updated": updated.tree,
    "status": [status.service.stages, status.operation, status.modified],
    "available": available.moves,
    "offered": "auth" in offer.catalogue.stages,
    "notes": report.notes,
    "labels": report.labels,
}))
"""


@pytest.mark.parametrize("name", operations.__all__)
def test_what_is_listed_is_there(name: str) -> None:
    assert getattr(operations, name)


def test_they_are_imported_without_click() -> None:
    script = "import scaffolder.operations, sys; assert 'click' not in sys.modules"

    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_guard_against_click_says_no() -> None:
    script = f"{WITHOUT_CLICK}\nimport scaffolder.cli"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)

    assert b"click is imported" in ran.stderr


def test_a_service_lives_by_operations_alone_in_a_process_without_click(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    script = f"{WITHOUT_CLICK}\n{DRIVE}"
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout) == {
        "made": [["logging"], True],
        "added": [["api", "auth"], True],
        "undone": ["api", "auth"],
        "removed": [["auth"], ["remove-stage auth"]],
        "updated": None,
        "status": [["api", "logging"], None, []],
        "available": [],
        "offered": True,
        "notes": [],
        "labels": ["making orders", *(["adding api, auth"] * 2), "removing auth"],
    }


def test_a_plan_writes_nothing(service: MakeService) -> None:
    root = service()
    before = state(root)
    planned = operations.add(root, ["logging"], dry_run=True)
    after = state(root)
    done = operations.add(root, ["logging"])

    assert before == after
    assert planned.planned
    assert not done.planned
    assert planned.tree == done.tree == git(root, "write-tree").strip()
    assert planned.document() == {**done.document(), "diff": planned.diff}


def test_a_change_that_would_be_none_says_so(service: MakeService) -> None:
    root = service("logging")
    done = operations.add(root, ["logging"])

    assert (done.added, done.files, done.tree) == ([], [], None)


def test_conflicts_are_returned_and_given_up(service: MakeService) -> None:
    root = service("logging")
    (root / "docs/stages/logging.md").write_text("mine\n", encoding="utf-8")
    commit(root)
    before = state(root)
    removed = operations.remove(root, ["logging"])
    waiting = operations.continue_(root)
    operations.abort(root)

    assert [found["path"] for found in removed.conflicts] == ["docs/stages/logging.md"]
    assert [found["path"] for found in waiting.conflicts] == ["docs/stages/logging.md"]
    assert state(root) == before


def test_failures_are_plain_exceptions(service: MakeService, tmp_path: Path) -> None:
    root = service()
    before = state(root)
    with pytest.raises(UsageError, match="there is no stage 'nope'"):
        operations.add(root, ["nope"])
    with pytest.raises(RefusedError, match="no operation to take back"):
        operations.undo(root)
    with pytest.raises(RefusedError, match="not in a service"):
        operations.status(tmp_path)
    with pytest.raises(UsageError, match="cannot be a service's name"):
        operations.create(tmp_path / "Orders")

    assert state(root) == before


def test_a_missing_answer_is_asked_for_by_the_exception(team: MakeTeam, tmp_path: Path) -> None:
    target = tmp_path / "made" / "orders"
    manifest = TEAM["viscaffold.yml"].replace("    default: pay\n", "")
    source = [str(team({"viscaffold.yml": manifest}))]
    with pytest.raises(UnansweredError) as missing:
        operations.create(target, templates=source, stages=["kafka"], trust=ALWAYS)
    answers = {question.name: "core" for question in missing.value.questions}
    made = operations.create(target, templates=source, answers=answers, trust=ALWAYS)

    assert answers == {"team": "core"}
    assert made.answers["team"] == "core"


class Asked:
    """A trust policy that notes what it is asked."""

    def __init__(self, *, answer: bool) -> None:
        self.answer = answer
        self.places: list[str] = []
        self.about: list[str] = []

    def may_agree(self) -> bool:
        return True

    def contact(self, place: str) -> bool:
        raise AssertionError(place)

    def agree(self, place: str, about: Sequence[str]) -> bool:
        self.places.append(place)
        self.about += about
        return self.answer

    def warn(self, text: str) -> None:
        raise AssertionError(text)


def test_the_caller_decides_whom_to_trust(team: MakeTeam, tmp_path: Path) -> None:
    source = team()
    target = tmp_path / "made" / "orders"
    no, yes = Asked(answer=False), Asked(answer=True)
    with pytest.raises(RefusedError, match="not trusted yet"):
        operations.create(target, templates=[str(source)], trust=no)
    missing = not target.exists()
    operations.create(target, templates=[str(source)], answers={"team": "core"}, trust=yes)
    found = operations.status(target)

    assert no.places == yes.places == [str(source)]
    assert f"  from: {source}" in no.about
    assert missing
    assert found.service.unread == ""


def test_nobody_is_trusted_without_a_policy(team: MakeTeam, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="not trusted yet"):
        operations.create(tmp_path / "orders", templates=[str(team())])


def test_signals_do_afterwards_what_they_did_before(service: MakeService) -> None:
    script = (
        "import signal, sys; from pathlib import Path; from scaffolder import operations;"
        "operations.add(Path(sys.argv[1]), ['logging']);"
        "print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    )
    command = [sys.executable, "-c", script, os.fspath(service())]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)

    assert ran.stdout == "True\n"


def test_a_thread_can_run_one(service: MakeService) -> None:
    root = service()
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(operations.add, root, ["logging"]).result()

    assert done.added == ["logging"]


def test_threads_leave_the_process_as_it_was(tmp_path: Path) -> None:
    compile_ = jinja2.Environment.compile
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(operations.create, [tmp_path / f"orders-{n}" for n in range(4)]))

    assert len({found.commit for found in made}) == 4
    assert jinja2.Environment.compile is compile_


def test_a_service_is_named_by_a_relative_path_too(
    service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service()
    monkeypatch.chdir(root / "src")

    assert operations.status(Path()).service.root == root
    assert operations.add(Path(), ["logging"]).added == ["logging"]
