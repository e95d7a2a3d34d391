"""What `doctor` and `explain` read of a service that was adopted, wherever its settings are."""

from pathlib import Path

import existing
import pytest
import rust_shapes
from conftest import commit, viscaffold
from existing import MakeExisting


@pytest.fixture(scope="module")
def crate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a crate that was adopted; its settings are those of each test."""
    root = tmp_path_factory.mktemp("settings") / "pens"
    existing.write(root, dict(rust_shapes.SHAPES["pens"].files))
    assert viscaffold("adopt", str(root), "--yes").code == 0
    commit(root, "Adopt")
    return root


def settings(root: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write `.env` where the compose file of an adopted crate reads it."""
    (root / "pens-service/.env").write_text(text, encoding="utf-8")
    (root / ".env").write_text("PORT=99999\nLOG_LEVEL=TRACE\n", encoding="utf-8")
    monkeypatch.chdir(root)


def test_doctor_reads_the_settings_beside_the_compose_file(
    crate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(crate, "PORT=eighty\n\nLOG_LEVLE=x\n", monkeypatch)
    found = viscaffold("doctor", "--json").json()["checks"]
    says = {(each["id"], each["says"]): each["places"] for each in found}

    assert says["port", "PORT is 'eighty': the service ends with status 78"] == [
        "pens-service/.env:1"
    ]
    assert says["env-file", "LOG_LEVLE is no setting, and changes nothing"] == [
        "pens-service/.env:3"
    ]


def test_explain_reads_them_there_too(crate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings(crate, "LOG_LEVEL=DEBUG\n", monkeypatch)
    said = viscaffold("explain", "LOG_LEVEL").out

    assert "pens-service/.env:1: DEBUG" in said
    assert "TRACE" not in said
    assert "pens-service/docs/runbook.md#" in viscaffold("explain", "78").out


def test_doctor_reads_the_lock_of_an_adopted_crate(
    crate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(crate)
    lock = Path("pens-service/Cargo.lock")
    lock.write_text('version = 4\n\n[[package]]\nname = "pens-service"\nversion = "0.1.0"\n')
    (found,) = [c for c in viscaffold("doctor", "--json").json()["checks"] if c["id"] == "lock"]
    lock.unlink()

    assert (found["says"], found["places"]) == (
        "pens-service/Cargo.toml has changed since the dependencies were locked", [str(lock)]
    )  # fmt: skip


def test_a_line_of_the_program_leads_to_the_page_that_is_here(
    crate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(crate)
    page = "docs/runbook.md#ended-without-a-word"
    line = f"CRITICAL x: the program pens ended without being asked to: exit status: 3; {page}"
    said = viscaffold("explain", line).out

    assert f"pens-service/{page}" in said
    assert "pens-service/src/program.rs:" in said


def test_a_retired_setting_is_named_where_it_is_still_set(
    crate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(crate, "API_MAX_BODY_BYTES=5\n", monkeypatch)

    assert "pens-service/.env:1" in viscaffold("status").out
    said = viscaffold("explain", "API_MAX_BODY_BYTES").out
    assert "nothing reads it any more" in said
    assert "pens-service/.env:1: 5" in said


def test_the_settings_of_the_program_are_explained(
    crate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(crate)
    said = {name: viscaffold("explain", name) for name in ("PROGRAM_PORT", "PROGRAM_HANG_SECONDS")}

    assert "What pens gets as its PORT" in said["PROGRAM_PORT"].out
    assert "default: 8081" in said["PROGRAM_PORT"].out
    assert "default: 30" in said["PROGRAM_HANG_SECONDS"].out


def test_settings_are_explained_without_their_example(exists: MakeExisting) -> None:
    exists("flat")
    assert viscaffold("adopt", "--yes", "--runtime-only").code == 0

    assert "8080" in viscaffold("explain", "PORT").out
