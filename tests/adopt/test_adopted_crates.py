"""A Rust service that was adopted: what stays, what comes, and which of its deaths are named."""

import json
import os
import re
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import existing
import pytest
import running
import rust_existing
import rust_services
from conftest import commit, files, git, state, viscaffold
from rust_existing import Adopted
from samples import FULL

from scaffolder.operations import adoption
from scaffolder.overlays.fetch import preferences
from scaffolder.templates.template import builtin, carried
from scaffolder.verify.outcome import Result

EACH = pytest.mark.parametrize("shape", rust_existing.SHAPES)
BUILT = {"pens": ("/pens/1", "pen 1 is blue"), **({"inks": ("/inks", "blue")} if FULL else {})}
"""Shape → a route of it, and its answer: those that are built. What axum needs takes minutes."""

FAULTS = {
    "exit 1": ("exit status: 1", True),
    "exit 0": ("exit status: 0", True),
    "abort": ("SIGABRT", True),
    "kill": ("killed by SIGKILL", True),
    "a silent panic": ("it panicked in main", True),
    "a panic": ("the ink is dry[\\s\\S]*it panicked in main", False),
    "overflow": ("overflowed its stack[\\s\\S]*SIGABRT", False),
    "a variable": ("NotPresent[\\s\\S]*it panicked in main", False),
    "an error": ("no ink[\\s\\S]*exit status: 1", False),
}
"""Fault → what names it in the log, and whether the program said nothing of it before."""

PORT = "3917"
"""That of the program whose port is in its code."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return services that were adopted and committed; not to be changed."""
    roots = {}
    for shape in rust_existing.SHAPES:
        roots[shape] = rust_existing.adopted(tmp_path_factory.mktemp("adopted") / shape)
        commit(roots[shape], "Adopt")
    return roots


@pytest.fixture
def pens(made: dict[str, Path]) -> Adopted:
    rust_services.require_cargo()
    return rust_existing.built(made["pens"])


def start(adopted: Adopted) -> running.Program:
    port = PORT if adopted.program.name == "inks" else str(running.free_port())
    return running.Program("rust", (str(adopted.service),), {"PROGRAM_PORT": port})


@EACH
def test_what_is_theirs_stays_byte_for_byte(made: dict[str, Path], shape: str) -> None:
    now = files(made[shape])
    theirs = {path: text.encode() for path, text in rust_existing.SHAPES[shape].items()}

    assert now.items() >= theirs.items()
    new = {path.partition("/")[0] for path in now.keys() - theirs.keys()}
    assert new == {".copier-answers.yml", f"{shape}-service"}


@pytest.mark.parametrize("shape", BUILT)
def test_it_is_verified_with_their_own_tests(made: dict[str, Path], shape: str) -> None:
    rust_services.require_cargo()
    outcomes = rust_existing.built(made[shape]).outcomes

    assert "tests PASSED" in outcomes
    assert "stop PASSED" in outcomes
    assert "FAILED" not in outcomes


def test_a_test_of_theirs_that_fails_and_a_program_that_ends_fail_the_verification(
    pens: Adopted,
) -> None:
    broken = rust_existing.PENS["tests/program.rs"].replace("Some(1)", "Some(2)")
    with rust_services.alone():
        tests = rust_existing.verified(pens.root, {"tests/program.rs": broken})
        failed = {one.step for one in tests if one.result is Result.FAILED}
        ends = rust_existing.verified(pens.root, {"verify.env": "FAULT=exit 0\n"})
        reasons = [one for one in ends if one.result is Result.FAILED]

    assert failed == {"tests"}
    assert "the program pens ended without being asked to" in "".join(reasons[0].log)


@pytest.mark.parametrize("shape", BUILT)
def test_it_answers_as_before_and_stops_when_it_is_asked_to(
    made: dict[str, Path], shape: str
) -> None:
    path, answer = BUILT[shape]
    rust_services.require_cargo()
    program = start(rust_existing.built(made[shape]))
    own = f"http://127.0.0.1:{program.variables['PROGRAM_PORT']}"
    with program.start() as service:
        assert answer in running.wait_for(own + path)
        ready = json.loads(running.wait_for(f"{service.url}/health/ready"))
        assert ready == {"status": "ok", "checks": {"program": "ok"}}
        assert service.stop() == 0
        log = service.log()

    assert f"the program {shape} has stopped" in log
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(own + path)


@pytest.mark.parametrize("fault", FAULTS)
def test_each_death_is_named(pens: Adopted, fault: str) -> None:
    with start(pens).start(ready=False, FAULT=fault) as service:
        status = service.wait()

    assert status == (137 if fault == "kill" else 70)
    assert re.search(FAULTS[fault][0], service.log())
    assert "; docs/runbook.md#ended-without-a-word\n" in service.log()


@pytest.mark.parametrize("fault", [name for name, (_, silent) in FAULTS.items() if silent])
def test_the_silent_ones_were_silent_before(pens: Adopted, fault: str) -> None:
    variables = {"FAULT": fault, "PORT": str(running.free_port())}
    ran = subprocess.run([pens.program], env=variables, capture_output=True, check=False)

    assert ran.stdout + ran.stderr == b""


def test_a_panic_in_a_task_is_named_and_the_program_goes_on(pens: Adopted) -> None:
    with start(pens).start(FAULT="a task") as service:
        assert service.stop() == 0

    assert "the task has no ink" in service.log()


def test_a_program_whose_start_hangs_is_named(pens: Adopted) -> None:
    with start(pens).start(ready=False, FAULT="hangs", START_SECONDS="1") as service:
        assert service.wait() == 70

    assert "waiting for the program pens to answer on port" in service.log()
    assert "START_SECONDS is over" in service.log()


def test_a_program_that_is_frozen_is_not_ready_and_is_killed_at_the_stop(
    pens: Adopted, tmp_path: Path
) -> None:
    own = shutil.copytree(pens.program.parent, tmp_path / "own") / "pens"  # others run at once
    with start(replace(pens, program=own)).start() as service:
        (program,) = processes_of(own)
        os.kill(program, signal.SIGSTOP)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{service.url}/health/ready")
        assert "does not answer on port" in refused.value.read().decode()
        assert service.stop() == 0
        assert processes_of(own) == []


def test_a_program_that_stays_frozen_is_named_and_ends_the_service(
    pens: Adopted, tmp_path: Path
) -> None:
    own = shutil.copytree(pens.program.parent, tmp_path / "own") / "pens"
    with start(replace(pens, program=own)).start(PROGRAM_HANG_SECONDS="2") as service:
        (program,) = processes_of(own)
        os.kill(program, signal.SIGSTOP)
        assert service.wait() == 70

    assert "the program pens has not answered on port" in service.log()
    assert "for 2 s, and is killed; docs/runbook.md#nothing-moves" in service.log()
    assert processes_of(own) == []


def processes_of(program: Path) -> list[int]:
    """Return the processes that run a program."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            if (process / "exe").readlink() == program:
                found.append(int(process.name))
    return found


def test_one_port_for_both_and_a_program_that_is_missing_are_named(
    pens: Adopted, tmp_path: Path
) -> None:
    port = str(running.free_port())
    with start(pens).start(ready=False, PORT=port, PROGRAM_PORT=port) as service:
        assert service.wait() == 78
    assert "setting PROGRAM_PORT is the same as PORT" in service.log()

    alone = tmp_path / "pens-service"
    alone.write_bytes(pens.service.read_bytes())
    alone.chmod(0o755)
    with running.Program("rust", (str(alone),)).start(ready=False) as service:
        assert service.wait() != 0
    assert "the program pens cannot be started" in service.log()


@EACH
def test_undo_takes_it_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: str) -> None:
    root = existing.write(tmp_path / shape, rust_existing.SHAPES[shape])
    monkeypatch.chdir(root)
    before = state(root)
    assert viscaffold("adopt", "--yes", "--runtime-only").code == 0
    assert state(root) != before

    assert viscaffold("undo").code == 0
    assert state(root) == before


def test_stages_come_and_go_and_the_lock_with_them(
    made: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "pens"
    git(tmp_path, "clone", "--quiet", str(made["pens"]), str(root))
    rust_services.require_cargo()
    monkeypatch.chdir(root)
    monkeypatch.setenv(preferences.LOCK_VARIABLE, "true")
    before = files(root)
    added = viscaffold("add-stage", "metrics", "--yes")

    assert added.code == 0, added.err
    assert '\nprometheus-client = "' in (root / "pens-service/Cargo.toml").read_text("utf-8")
    assert 'name = "prometheus-client"' in (root / "pens-service/Cargo.lock").read_text("utf-8")
    new = git(root, "diff", "--staged", "--name-only").splitlines()
    assert {path.partition("/")[0] for path in new} == {".copier-answers.yml", "pens-service"}
    commit(root)
    removed = viscaffold("remove-stage", "metrics", "--yes")
    assert removed.code == 0, removed.err
    now = files(root)
    assert b"prometheus-client" not in now.pop("pens-service/Cargo.lock")
    assert now == before


def test_an_update_is_merged_into_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(adoption, "builtin", lambda: carried("0.10.0"))
        root = rust_existing.adopted(tmp_path / "pens")
    commit(root)
    monkeypatch.chdir(root)
    updated = viscaffold("update", "--yes")

    assert updated.code == 0, updated.err
    new = git(root, "diff", "--staged", "--name-only").splitlines()
    assert {path.partition("/")[0] for path in new} == {".copier-answers.yml", "pens-service"}
    text = (root / ".copier-answers.yml").read_text(encoding="utf-8")
    assert f"_commit: {builtin().version}" in text
