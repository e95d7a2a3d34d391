"""What a change would lead to is verified before any of it is written: failed, nothing is.

Most tests have a stand-in for the verification, which takes no time; `test_gate_real.py` has the
real one.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import existing
import jsonschema
import pytest
from conftest import MakeService, commit, git, viscaffold
from test_docs import schema
from test_situations import KINDS, TOGETHER, Kind, Situation, append, name, obstacles, prepare
from untouched import differences, seen
from verified import FAILED, PASSED, WARNED, MakeStandIn

from scaffolder import operations
from scaffolder.engine.git import repository
from scaffolder.operations import NotVerifiedError, attempts, proof
from scaffolder.overlays.fetch import preferences
from scaffolder.verify.outcome import Level, Outcome, Verification


def attempt(root: Path) -> Path:
    """Return where the only attempt is that failed."""
    (found,) = (root / ".git/viscaffold/failed").iterdir()
    return found


def test_what_passes_is_written_as_it_was_verified(
    service: MakeService, verification: MakeStandIn
) -> None:
    root = service()
    asked = verification(PASSED)
    ran = viscaffold("add-stage", "auth")

    assert ran.code == 0, ran.err
    (planned, tree, level), *more = asked.asked
    assert not more
    assert tree == git(root, "write-tree").strip()
    assert level is Level.LOCAL
    assert planned.stages == ["api", "auth"]
    assert planned.command("test")
    assert "works on this machine: 2 steps in 0.2 s\n" in ran.err


def test_of_several_stages_that_fail_it_can_be_found_out_which(
    service: MakeService, verification: MakeStandIn
) -> None:
    service()
    verification(FAILED)

    together = "viscaffold bisect --stage logging --stage api"
    assert together in viscaffold("add-stage", "logging", "api").err
    assert "bisect" not in viscaffold("add-stage", "auth").err


def test_an_adoption_that_fails_says_where_settings_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verification: MakeStandIn
) -> None:
    crate = {"Cargo.toml": '[package]\nname = "pens"\n', "src/main.rs": "fn main() {}\n"}
    monkeypatch.chdir(existing.write(tmp_path / "pens", crate))
    verification(FAILED)
    ran = viscaffold("adopt", "--verify", "local")

    assert ran.code == 4
    assert "Try: verify.env, with NAME=value" in ran.err
    assert "without the change" not in ran.err


def test_what_fails_is_not_written(service: MakeService, verification: MakeStandIn) -> None:
    root = service("api")
    verification(FAILED)
    before = seen(root)
    ran = viscaffold("add-stage", "auth")

    assert ran.code == 4
    assert differences(before, seen(root)) == []
    for words in (
        "Error: add-stage auth would break the service, so nothing was changed",
        "step: tests",
        "expected: status 0",
        "found: status 1",
        "    one line\n    \\x1b[2Jlast",
        f"What was tried is in {attempt(root)}, with the whole log.",
        "--no-verify",
    ):
        assert words in ran.err, words
    assert "\x1b" not in ran.err
    assert "Not committed" not in viscaffold("status").out
    assert viscaffold("undo").code == 5


@pytest.mark.parametrize(
    ("command", "stages"), [("remove-stage api", ("api",)), ("update", ("api",))]
)
def test_nor_is_what_another_command_would_write(
    service: MakeService, old: MakeService, verification: MakeStandIn, command: str,
    stages: tuple[str, ...],
) -> None:  # fmt: skip
    root = old("0.8.0", *stages) if command == "update" else service(*stages)
    verification(FAILED)
    before = seen(root)

    assert viscaffold(*command.split()).code == 4
    assert differences(before, seen(root)) == []
    assert viscaffold(*command.split(), "--no-verify").code == 0


MOVED = "moved-directory"
"""To remove a stage is a conflict there."""

FITTING = [found for found in TOGETHER if not any(item.conflicts for item in found[1])]


@pytest.mark.slow
@pytest.mark.parametrize("found", FITTING, ids=name)
def test_whatever_the_user_did_before_stays_to_the_byte(
    service: MakeService, verification: MakeStandIn, found: tuple[Kind, tuple[Situation, ...]]
) -> None:
    kind, items = found
    verification(FAILED)
    root = service(language=kind.language)
    prepare(root, items)
    before = seen(root)
    for stages in (["logging"], ["api"], ["logging", "api"]):
        ran = viscaffold("add-stage", *stages)
        assert (ran.code, differences(before, seen(root))) == (4, []), ran.err


SINGLE = [found for found in FITTING if len(found[1]) == 1 and found[1][0].name != MOVED]


@pytest.mark.slow
@pytest.mark.parametrize("found", SINGLE, ids=name)
def test_nor_does_a_removal_that_fails_change_a_byte(
    service: MakeService, verification: MakeStandIn, found: tuple[Kind, tuple[Situation, ...]]
) -> None:
    kind, items = found
    verification(FAILED)
    root = service(language=kind.language)
    prepare(root, items)
    assert viscaffold("add-stage", kind.stage, "--no-verify").code == 0
    before = seen(root)
    ran = viscaffold("remove-stage", kind.stage)

    assert (ran.code, differences(before, seen(root))) == (4, []), ran.err


@pytest.mark.parametrize("obstacle", sorted(obstacles(KINDS["python"]).keys() - {"untracked"}))
def test_what_is_refused_is_not_verified_first(
    service: MakeService, verification: MakeStandIn, obstacle: str
) -> None:
    root = service()
    obstacles(KINDS["python"])[obstacle](root)
    asked = verification(PASSED).asked

    assert viscaffold("add-stage", "api").code == 5
    assert asked == []


def test_what_is_verified_is_what_is_staged_and_never_dirt(
    service: MakeService, verification: MakeStandIn
) -> None:
    root = service()
    append("Dockerfile", "# staged\n")(root)
    git(root, "add", "Dockerfile")
    append("Dockerfile", "# not staged\n")(root)
    (root / "untracked.py").touch()
    files = verification(PASSED)

    assert viscaffold("add-stage", "api").code == 0
    assert files.files["Dockerfile"] == git(root, "rev-parse", ":Dockerfile").strip()
    assert "untracked.py" not in files.files
    assert "src/orders/stages/api/__init__.py" in files.files


def test_a_service_in_a_larger_repository_is_verified_alone(
    service: MakeService, verification: MakeStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service()
    (root / "services/pay").parent.mkdir()
    assert viscaffold("new", "services/pay").code == 0
    commit(root)
    monkeypatch.chdir(root / "services/pay")
    asked = verification(FAILED)
    before = seen(root)

    assert viscaffold("add-stage", "api").code == 4
    assert differences(before, seen(root)) == []
    assert "src/pay/stages/api/__init__.py" in asked.files


def test_what_cannot_be_verified_here_is_said_and_written(
    service: MakeService, verification: MakeStandIn
) -> None:
    root = service()
    verification(WARNED)
    ran = viscaffold("add-stage", "logging", "--json")
    shown = viscaffold("remove-stage", "logging")
    words = "environment: there is no Python 3.13; install it"

    assert ran.code == 0
    assert ran.json()["unverified"] == [words]
    assert ran.json()["verification"]["result"] == "WARNED"
    assert shown.code == 0
    assert f"  ! not verified: {words}\n" in shown.err
    assert "works on this machine" not in shown.err
    assert not (root / ".git/viscaffold/failed").exists()


def test_what_has_conflicts_is_not_verified_and_that_is_said(
    service: MakeService, verification: MakeStandIn
) -> None:
    root = service()
    (root / "docs/stages").mkdir()
    (root / "docs/stages/api.md").write_text("mine\n", encoding="utf-8")
    commit(root)
    asked = verification(FAILED).asked
    ran = viscaffold("add-stage", "api")
    (root / "docs/stages/api.md").write_text("both\n", encoding="utf-8")
    going_on = viscaffold("add-stage", "--continue")

    assert ran.code == 3
    assert (
        "  ! not verified: it has conflicts; when they are resolved: viscaffold verify" in ran.err
    )
    assert going_on.code == 0
    assert "1. viscaffold verify" in going_on.err
    assert asked == []


@pytest.mark.parametrize("flags", ["--no-verify", "--dry-run"])
def test_it_is_not_verified_where_that_is_not_wanted(
    service: MakeService, verification: MakeStandIn, flags: str
) -> None:
    service()
    asked = verification(FAILED).asked
    ran = viscaffold("add-stage", "api", flags, "--json")

    assert ran.code == 0
    assert ran.json()["verification"] is None
    assert asked == []


@pytest.mark.parametrize(
    ("variable", "words", "flags", "level"),
    [
        (None, "", [], Level.LOCAL),
        (None, "verify: true", [], Level.LOCAL),
        (None, "verify: container", [], Level.CONTAINER),
        (None, "verify: false", [], None),
        (None, "verify: false", ["--verify", "local"], Level.LOCAL),
        ("container", "verify: false", [], Level.CONTAINER),
        ("0", "verify: container", [], None),
        ("no", "", ["--verify", "container"], Level.CONTAINER),
        ("yes", "", ["--no-verify"], None),
    ],
)
def test_the_user_says_how_far_changes_are_verified(  # noqa: PLR0913 - a table
    service: MakeService, verification: MakeStandIn, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path, *, variable: str | None, words: str, flags: list[str], level: Level | None,
) -> None:  # fmt: skip
    service()
    asked = verification(PASSED).asked
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "viscaffold").mkdir()
    (tmp_path / "viscaffold/config.yml").write_text(f"{words}\n", encoding="utf-8")
    if variable is not None:
        monkeypatch.setenv(preferences.VERIFY_VARIABLE, variable)
    ran = viscaffold("add-stage", "logging", *flags)

    assert ran.code == 0, ran.err
    assert [found for _, _, found in asked] == ([level] if level else [])


def test_a_level_that_does_not_exist_is_refused_before_anything_is_done(
    service: MakeService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = service()
    before = seen(root)
    monkeypatch.setenv(preferences.VERIFY_VARIABLE, "much")
    by_variable = viscaffold("add-stage", "api")
    monkeypatch.delenv(preferences.VERIFY_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "viscaffold").mkdir()
    (tmp_path / "viscaffold/config.yml").write_text("verify: much\n", encoding="utf-8")
    by_file = viscaffold("add-stage", "api")
    both = viscaffold("add-stage", "api", "--verify", "local", "--no-verify")

    known = "has to be true, false, or one of local, container, drills"
    assert (by_variable.code, by_file.code, both.code) == (5, 5, 2)
    assert f"VISCAFFOLD_VERIFY {known}" in by_variable.err
    assert f"config.yml:1:9: verify {known}" in by_file.err
    assert "--verify and --no-verify exclude each other" in both.err
    assert differences(before, seen(root)) == []


def test_json_says_what_a_verification_saw_whether_it_passed_or_failed(
    service: MakeService, verification: MakeStandIn
) -> None:
    root = service()
    verification(FAILED)
    failed = viscaffold("add-stage", "api", "--json")
    verification(PASSED)
    passed = viscaffold("add-stage", "api", "--json")

    for ran, code, result in ((failed, 4, "FAILED"), (passed, 0, "PASSED")):
        assert ran.code == code
        jsonschema.validate(ran.json(), schema("change"))
        assert ran.json()["verification"]["result"] == result
    assert failed.json()["attempt"] == str(attempt(root))
    assert failed.json()["diff"].startswith("diff --git")
    assert failed.json()["tree"] == passed.json()["tree"]
    assert passed.json()["attempt"] is None


def test_what_failed_is_kept_to_be_looked_at(
    service: MakeService, verification: MakeStandIn
) -> None:
    root = service()
    (root / "link").symlink_to("/etc/hostname")
    commit(root)
    verification(FAILED)
    viscaffold("add-stage", "api")
    kept = attempt(root)
    statement = json.loads((kept / "verification.json").read_text(encoding="utf-8"))
    git(root, "apply", "--index", str(kept / "change.patch"))

    assert kept.stat().st_mode & 0o777 == 0o700
    assert (kept / "log").read_text(encoding="utf-8") == "the whole log\n"
    assert statement["predicate"]["result"] == "FAILED"
    assert statement["subject"][0]["digest"]["gitTree"] == git(root, "write-tree").strip()
    assert (kept / "tree/src/orders/stages/api/__init__.py").is_file()
    assert (kept / "tree/link").read_bytes() == b"/etc/hostname"
    assert not (kept / "tree/link").is_symlink()


def test_the_last_few_that_failed_are_kept(service: MakeService, verification: MakeStandIn) -> None:
    root = service()
    verification(FAILED)
    made = []
    for _ in range(attempts.KEPT + 2):
        assert viscaffold("add-stage", "logging").code == 4
        made.append(attempts.last(root).place)

    assert sorted((root / ".git/viscaffold/failed").iterdir()) == made[-attempts.KEPT :]


def test_the_last_that_failed_can_be_shown(
    service: MakeService, verification: MakeStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service()
    verification(FAILED)
    nothing = viscaffold("verify", "--show-failed")
    viscaffold("add-stage", "logging")
    monkeypatch.chdir(root / "src")
    ran = viscaffold("verify", "--show-failed")
    document = viscaffold("verify", "--show-failed", "--json")
    (attempt(root) / "verification.json").write_text("{", encoding="utf-8")
    damaged = viscaffold("verify", "--show-failed")

    assert (nothing.code, ran.code, damaged.code) == (5, 0, 5)
    assert "no change failed its verification here" in nothing.err
    assert ran.out == f"{attempt(root)}\n"
    assert "FAIL  tests  (1.5 s)\n        expected: status 0\n" in ran.err
    assert document.json()["log"] == str(attempt(root) / "log")
    jsonschema.validate(document.json(), schema("verification"))
    assert "is not as it was kept" in damaged.err


def test_a_link_in_the_place_of_what_failed_is_not_followed(
    service: MakeService, verification: MakeStandIn, tmp_path: Path
) -> None:
    root = service()
    verification(FAILED)
    (tmp_path / "elsewhere").mkdir()
    (root / ".git/viscaffold").mkdir()
    (root / ".git/viscaffold/failed").symlink_to(tmp_path / "elsewhere")
    before = seen(root)

    assert viscaffold("add-stage", "logging").code == 5
    assert [*(tmp_path / "elsewhere").iterdir()] == []
    assert differences(before, seen(root)) == []


def test_what_the_user_does_meanwhile_is_not_overwritten(
    service: MakeService, verification: MakeStandIn
) -> None:
    root = service()
    passing = verification(PASSED)
    passing.meanwhile = lambda: append("compose.yaml", "# mine\n")(root)
    edited = viscaffold("add-stage", "logging")
    git(root, "restore", "compose.yaml")
    passing.meanwhile = lambda: (append("Dockerfile", "# mine\n")(root), git(root, "add", "."))
    staged = viscaffold("add-stage", "logging")

    assert (edited.code, staged.code) == (5, 5)
    assert "compose.yaml changed while" in edited.err
    assert "the index changed while" in staged.err
    assert git(root, "status", "--short") == "M  Dockerfile\n"


def test_an_interrupt_during_the_verification_changes_nothing(
    service: MakeService, verification: MakeStandIn
) -> None:
    root = service()
    verification(PASSED).meanwhile = lambda: os.kill(os.getpid(), signal.SIGINT)
    before = seen(root)
    ran = viscaffold("add-stage", "logging")

    assert ran.code == 130
    assert differences(before, seen(root)) == []


def test_a_partial_clone_that_has_not_all_files_is_not_verified(
    service: MakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service()
    (root / "assets").mkdir()
    (root / "assets/big.bin").write_bytes(b"big")
    commit(root)
    git(root, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    filtered = ("--quiet", "--filter=blob:none", "--no-checkout")
    git(root, "clone", *filtered, f"file://{root}", str(clone))
    git(clone, "sparse-checkout", "set", "--no-cone", "/*", "!/assets/")
    git(clone, "checkout", "--quiet")
    git(clone, "remote", "set-url", "origin", f"file://{tmp_path}/nowhere")
    monkeypatch.chdir(clone)
    monkeypatch.setenv(preferences.VERIFY_VARIABLE, "local")
    ran = viscaffold("add-stage", "logging", "--json")

    assert ran.code == 0, ran.err
    assert ran.json()["verification"] is None
    assert "is missing from the repository" in ran.json()["unverified"][0]
    assert (clone / "src/orders/stages/logging/__init__.py").is_file()


FAILING = """
from pathlib import Path
from scaffolder import cli, streams
from scaffolder.operations import proof
from verified import FAILED, StandIn

streams.prepare()

proof.of_tree = StandIn(FAILED, Path("../log"))
raise SystemExit(cli.run(["add-stage", "api", "--json"]))
"""


def test_the_exit_code_tells_of_a_failure_where_stdout_is_full(service: MakeService) -> None:
    root = service()
    before = seen(root)
    tests = Path(__file__).parent.parent
    variables = {**os.environ, "PYTHONPATH": str(tests), preferences.VERIFY_VARIABLE: "local"}
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ran = subprocess.run(
            [sys.executable, "-c", FAILING],
            env=variables,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert ran.returncode == 4
    assert "Nothing was changed, but stdout cannot be written to" in ran.stderr
    assert "add-stage api would break the service" in ran.stderr
    assert differences(before, seen(root)) == []


WAITING = """
import sys, time
from pathlib import Path
from scaffolder import cli
from scaffolder.operations import proof

def wait(*_, **__):
    Path(sys.argv[1]).touch()
    time.sleep(60)

proof.of_tree = wait
cli.run(["add-stage", "auth"])
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_what_ends_it_during_the_verification_changes_nothing(
    service: MakeService, tmp_path: Path, number: signal.Signals
) -> None:
    root = service("api")
    before = seen(root)
    marker = tmp_path / "verifying"
    variables = {**os.environ, preferences.VERIFY_VARIABLE: "local"}
    command = [sys.executable, "-c", WAITING, str(marker)]
    with subprocess.Popen(command, env=variables) as process:
        while not marker.exists():
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(number)
    same = differences(before, seen(root))
    ran = viscaffold("add-stage", "auth")

    assert same == []
    assert ran.code == 0, ran.err
    assert "killed" not in ran.err


def test_whoever_calls_the_operation_gets_what_was_seen(
    service: MakeService, verification: MakeStandIn
) -> None:
    root = service()
    verification(FAILED)
    with pytest.raises(NotVerifiedError) as failed:
        operations.add(root, ["api"])
    verification(PASSED)
    added = operations.add(root, ["api"], verify=Level.CONTAINER)
    git(root, "commit", "-qm", "api")
    removed = operations.remove(root, ["api"], verify=False)

    assert failed.value.failed == FAILED
    assert failed.value.change.verification
    assert failed.value.change.added == ["api"]
    assert added.verification
    assert added.verification.level is Level.CONTAINER
    assert removed.verification is None


@pytest.mark.parametrize(("outcome", "code"), [(PASSED, 0), (WARNED, 0), (FAILED, 4)])
def test_a_new_service_is_verified_on_request_and_stays(
    verification: MakeStandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    outcome: Outcome,
    code: int,
) -> None:
    stand_in = verification(outcome)

    def prove(service: Path, *, level: Level, **_: object) -> Verification:
        found = repository(service)
        assert found
        return stand_in(operations.status(service).service, found.git, "HEAD^{tree}", level)

    monkeypatch.setattr(proof, "prove", prove)
    monkeypatch.chdir(tmp_path)
    plain = viscaffold("new", "plain")
    ran = viscaffold("new", "orders", "--verify", "container")
    document = viscaffold("new", "pay", "--verify", "local", "--json")
    without = viscaffold("new", "other", "--verify", "local", "--no-git")

    assert plain.code == 0
    assert [level for _, _, level in stand_in.asked] == [Level.CONTAINER, Level.LOCAL]
    assert (ran.code, document.code, without.code) == (code, code, 2)
    assert (tmp_path / "orders/.git").is_dir()
    assert f"  {outcome.step}  (" in ran.err
    jsonschema.validate(document.json(), schema("new"))
    assert document.json()["verification"]["steps"][1]["result"] == outcome.result
    assert not (tmp_path / "other").exists()
