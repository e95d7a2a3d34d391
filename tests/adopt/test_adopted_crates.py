"""A Rust service that was adopted: what stays, what comes, and which of its deaths are named."""

import json
import os
import shutil
import signal
import subprocess
import time
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
from rust_shapes import PENS, SHAPES

from scaffolder.operations import adoption
from scaffolder.overlays.fetch import preferences
from scaffolder.templates.template import builtin, carried
from scaffolder.verify.outcome import Result

EACH = pytest.mark.parametrize("shape", SHAPES)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return services that were adopted and committed; not to be changed."""
    roots = {}
    for shape in SHAPES:
        roots[shape] = rust_existing.adopted(tmp_path_factory.mktemp("adopted") / shape)
        commit(roots[shape], "Adopt")
    return roots


@pytest.fixture
def pens(made: dict[str, Path]) -> Adopted:
    rust_services.require_cargo()
    return rust_existing.built(made["pens"])


def start(adopted: Adopted) -> running.Program:
    """Return how the runtime starts it: from its directory, where its program has its files."""
    port = SHAPES[adopted.root.name].port or str(running.free_port())
    command = ("env", "-C", str(adopted.root), str(adopted.service))
    return running.Program("rust", command, {"PROGRAM_PORT": port})


@EACH
def test_what_is_theirs_stays_byte_for_byte(made: dict[str, Path], shape: str) -> None:
    now = files(made[shape])
    theirs = {path: text.encode() for path, text in SHAPES[shape].files.items()}

    assert now.items() >= theirs.items()
    new = {path.partition("/")[0] for path in now.keys() - theirs.keys()}
    assert new == {".copier-answers.yml", f"{SHAPES[shape].program}-service"}


@EACH
def test_it_is_verified_with_their_own_tests(made: dict[str, Path], shape: str) -> None:
    rust_services.require_cargo()
    outcomes = rust_existing.built(made[shape]).outcomes

    assert "tests PASSED" in outcomes
    assert "stop PASSED" in outcomes
    assert "FAILED" not in outcomes


def test_a_test_of_theirs_that_fails_and_a_program_that_ends_fail_the_verification(
    pens: Adopted,
) -> None:
    broken = PENS["tests/program.rs"].replace("Some(1)", "Some(2)")
    with rust_services.alone():
        tests = rust_existing.verified(pens.root, {"tests/program.rs": broken})
        failed = {one.step for one in tests if one.result is Result.FAILED}
        ends = rust_existing.verified(pens.root, {"verify.env": "FAULT=process::exit(0)\n"})
        reasons = [one for one in ends if one.result is Result.FAILED]

    assert failed == {"tests"}
    assert "the program pens ended without being asked to" in "".join(reasons[0].log)


@EACH
def test_it_answers_as_before_and_stops_when_it_is_asked_to(
    made: dict[str, Path], shape: str
) -> None:
    rust_services.require_cargo()
    known = SHAPES[shape]
    program = start(rust_existing.built(made[shape]))
    own = f"http://127.0.0.1:{program.variables['PROGRAM_PORT']}"
    with program.start() as service:
        assert known.answer in running.wait_for(own + known.route)
        ready = json.loads(running.wait_for(f"{service.url}/health/ready"))
        assert ready == {"status": "ok", "checks": {"program": "ok"}}
        assert service.stop() == 0
        log = service.log()

    assert f"the program {known.program} has stopped" in log
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(own + known.route)


def test_a_stop_that_the_program_heard_first_is_no_error(pens: Adopted, tmp_path: Path) -> None:
    own = shutil.copytree(pens.program.parent, tmp_path / "own") / "pens"
    with start(replace(pens, program=own)).start() as service:
        (program,) = processes_of(own)
        os.kill(program, signal.SIGKILL)
        while processes_of(own):
            time.sleep(0.01)
        assert service.stop() == 0
        log = service.log()

    assert "the program pens has stopped" in log
    assert " ERROR " not in log


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
    root = existing.write(tmp_path / shape, dict(SHAPES[shape].files))
    monkeypatch.chdir(root)
    before = state(root)
    assert viscaffold("adopt", "--yes", "--runtime-only").code == 0
    assert state(root) != before

    assert viscaffold("undo").code == 0
    assert state(root) == before


@EACH
def test_stages_come_and_go_and_the_lock_with_them(
    made: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: str
) -> None:
    root, home = tmp_path / shape, f"{SHAPES[shape].program}-service"
    git(tmp_path, "clone", "--quiet", str(made[shape]), str(root))
    rust_services.require_cargo()
    monkeypatch.chdir(root)
    monkeypatch.setenv(preferences.LOCK_VARIABLE, "true")
    before = files(root)
    added = viscaffold("add-stage", "metrics", "--yes")

    assert added.code == 0, added.err
    assert '\nprometheus-client = "' in (root / home / "Cargo.toml").read_text("utf-8")
    assert 'name = "prometheus-client"' in (root / home / "Cargo.lock").read_text("utf-8")
    new = git(root, "diff", "--staged", "--name-only").splitlines()
    assert {path.partition("/")[0] for path in new} == {".copier-answers.yml", home}
    commit(root)
    removed = viscaffold("remove-stage", "metrics", "--yes")
    assert removed.code == 0, removed.err
    now = files(root)
    assert b"prometheus-client" not in now.pop(f"{home}/Cargo.lock")
    assert now == before


@EACH
def test_an_update_is_merged_into_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(adoption, "builtin", lambda: carried("0.10.0"))
        root = rust_existing.adopted(tmp_path / shape)
    commit(root)
    before = {path: files(root)[path] for path in SHAPES[shape].files}
    monkeypatch.chdir(root)
    updated = viscaffold("update", "--yes")

    assert updated.code == 0, updated.err
    new = git(root, "diff", "--staged", "--name-only").splitlines()
    home = f"{SHAPES[shape].program}-service"
    assert {path.partition("/")[0] for path in new} == {".copier-answers.yml", home}
    assert files(root).items() >= before.items()
    text = (root / ".copier-answers.yml").read_text(encoding="utf-8")
    assert f"_commit: {builtin().version}" in text


@EACH
def test_what_comes_is_formatted(made: dict[str, Path], shape: str) -> None:
    rust_services.require_cargo()
    code = made[shape] / f"{SHAPES[shape].program}-service" / "src"
    written = [str(code / path) for path in ("app.rs", "program.rs", "lib.rs")]
    done = subprocess.run(
        ["rustfmt", "--check", "--edition", "2024", *written],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout


def test_what_comes_is_linted_clean(made: dict[str, Path]) -> None:
    rust_services.require_cargo()
    place = rust_services.PLACE / "adopted/linted"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(made["shop"] / "shop-cli-service", place)
    shutil.copy(rust_services.versions(), place)
    rust_services.cargo(place, "clippy", "--quiet", "--", "-D", "warnings")
