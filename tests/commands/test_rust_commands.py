"""The commands at services in Rust: what they offer, print and refuse."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Ran, commit, files, git, viscaffold
from teams import IN_RUST, MakeTeam

pytestmark = pytest.mark.usefixtures("new_user")


def new(path: str, *args: str) -> Ran:
    return viscaffold("new", path, "--language", "rust", *args)


@pytest.fixture
def root(team: MakeTeam, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a service that can have one stage, kafka, and step into it."""
    ran = new("orders", "--template", str(team(IN_RUST)), "--trust")
    assert ran.code == 0, ran.err
    monkeypatch.chdir(tmp_path / "orders")
    return tmp_path / "orders"


def completed(*words: str) -> list[str]:
    environment = {
        **os.environ,
        "_VISCAFFOLD_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["viscaffold", *words]),
        "COMP_CWORD": str(len(words)),
    }
    command = [sys.executable, "-m", "scaffolder"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return [line.partition(",")[2] for line in ran.stdout.splitlines()]


def test_a_service_is_made_and_its_own_commands_are_next(tmp_path: Path) -> None:
    ran = new("order-items")
    made = files(tmp_path / "order-items")

    assert ran.code == 0, ran.err
    assert "2. cargo build\n  3. cargo run " in ran.err
    assert b'name = "order-items"' in made["Cargo.toml"]
    assert b"order_items::" in made["src/main.rs"]
    assert not [path for path in made if path.endswith((".py", ".jinja"))]
    assert git(tmp_path / "order-items", "status", "--porcelain", "--ignored") == ""


def test_names_are_those_of_rust() -> None:
    refused = new("async")

    assert refused.code == 2
    assert "'async' cannot be a service's name: it is a keyword of Rust" in refused.err
    assert new("pytest", "--dry-run").code == 0
    assert new("tokio", "--dry-run").code == 2


def test_a_digest_is_of_the_image_that_the_service_runs_in() -> None:
    ran = new("orders", "--answer", "image_digest=latest")

    assert ran.code != 0
    assert "imagetools inspect debian:trixie-slim`" in ran.err


def test_a_directory_that_cargo_made_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "orders/target/debug").mkdir(parents=True)
    ran = new("orders")

    assert ran.code == 0, ran.err
    assert git(tmp_path / "orders", "status", "--porcelain") == ""


def test_a_stage_comes_and_goes_without_a_trace(root: Path) -> None:
    before = files(root)
    added = viscaffold("add-stage", "kafka")
    status = viscaffold("status", "--json").json()
    commit(root)
    removed = viscaffold("remove-stage", "kafka")

    assert added.code == 0, added.err
    assert "cargo build" in added.err
    assert "cargo test" in added.err
    assert (status["stages"], status["modified"]) == (["kafka"], [])
    assert removed.code == 0, removed.err
    assert files(root) == before


def test_the_stages_of_the_language_are_listed_and_completed(root: Path) -> None:
    listed = viscaffold("stages").out

    assert "kafka" in listed
    assert "brings: rdkafka" in listed
    assert "settings: KAFKA_SERVERS" in listed
    assert completed("add-stage", "ka") == ["kafka"]
    assert root.is_dir()


def test_outside_of_a_service_a_language_can_be_chosen() -> None:
    python, rust = (
        {one["name"] for one in viscaffold("stages", *flags, "--json").json()["stages"]}
        for flags in ((), ("--language", "rust"))
    )

    assert "auth" in python
    assert rust <= python
    assert completed("new", "x", "--language", "ru") == ["rust"]
    assert set(completed("new", "x", "--language", "rust", "--stage", "")) == rust
    assert viscaffold("stages", "--language", "cobol").code == 2
    assert "there is no language 'cobol'" in viscaffold("stages", "--language", "cobol").err


def test_a_service_has_one_language(root: Path) -> None:
    ran = viscaffold("stages", "--language", "python")

    assert ran.code == 2
    assert "the service here is in rust, not in python" in ran.err
    assert root.is_dir()


def test_a_stage_of_another_language_is_refused_in_words(
    team: MakeTeam, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = ("--template", str(team(IN_RUST)), "--trust")
    refused = viscaffold("new", "orders", "--stage", "kafka", *flags)
    viscaffold("new", "orders", *flags)
    monkeypatch.chdir(tmp_path / "orders")
    before = files(tmp_path / "orders")
    added = viscaffold("add-stage", "kafka")

    for ran in (refused, added):
        assert ran.code == 2
        assert (
            "the stage kafka is not available for services in python, only for those in rust"
            in ran.err
        )
    assert files(tmp_path / "orders") == before


def test_an_overlay_without_anything_for_rust_still_serves(team: MakeTeam, tmp_path: Path) -> None:
    ran = new("orders", "--template", str(team()), "--trust", "--answer", "team=ops")
    made = files(tmp_path / "orders")

    assert ran.code == 0, ran.err
    assert b"team: ops" in made[".copier-answers.yml"]
    assert ".github/CODEOWNERS" not in made
    assert b"kafka" not in made["Cargo.toml"]


def test_undo_puts_every_byte_back(root: Path) -> None:
    (root / "src/app.rs").write_text("// mine\n", encoding="utf-8")
    before = files(root)
    added = viscaffold("add-stage", "kafka")
    viscaffold("undo")

    assert added.code == 0, added.err
    assert files(root) == before


def test_code_of_the_user_that_names_what_goes_is_told(root: Path) -> None:
    viscaffold("add-stage", "kafka")
    (root / "src/mine.rs").write_text(
        'use crate::stages::kafka;\n// kafka\nfn f() { crate::stages::kafka::f("kafka") }\n',
        encoding="utf-8",
    )  # fmt: skip
    (root / "tests/mine.rs").write_text("use orders::stages::kafka::Kafka;\n", encoding="utf-8")
    (root / ".env.mine").write_text("RUST_LOG=orders::stages::kafka=debug\n", encoding="utf-8")
    commit(root)
    ran = viscaffold("remove-stage", "kafka")

    assert ran.code == 3, ran.err
    gone = "imports crate::stages::kafka, which is gone"
    assert f"src/mine.rs: line 1 {gone}, line 3 {gone}" in ran.err
    assert f"tests/mine.rs: line 1 {gone}" in ran.err
    assert ".env.mine: line 1 names stages::kafka, which is gone" in ran.err


def test_a_crate_that_the_user_has_already_is_a_conflict(root: Path) -> None:
    manifest = root / "Cargo.toml"
    mine = manifest.read_text(encoding="utf-8").replace("\nserde = ", '\nrdkafka = "1"\nserde = ')
    manifest.write_text(mine, encoding="utf-8")
    commit(root)
    before = files(root)
    ran = viscaffold("add-stage", "kafka")
    undecided = viscaffold("add-stage", "--continue")
    git(root, "add", "Cargo.toml")
    unedited = viscaffold("add-stage", "--continue")
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace('\nrdkafka = "1"\nserde', "\nserde"), encoding="utf-8")
    git(root, "add", "Cargo.toml")
    decided = viscaffold("add-stage", "--continue")
    viscaffold("undo")

    assert ran.code == undecided.code == unedited.code == 3
    assert "Cargo.toml: line" in ran.err
    assert "has rdkafka for a second time; edit it, then git add Cargo.toml" in unedited.err
    assert "has rdkafka for a second time; edit it, then git add it" in ran.err
    assert decided.code == 0, decided.err
    assert {**files(root), "Cargo.toml": b""} == {**before, "Cargo.toml": b""}


def test_a_manifest_that_is_not_valid_before_is_the_users(root: Path) -> None:
    with (root / "Cargo.toml").open("a", encoding="utf-8") as manifest:
        manifest.write("\n[dependencies]\n")
    commit(root)

    assert viscaffold("add-stage", "kafka").code == 0


def test_a_crate_of_two_stages_is_there_once(team: MakeTeam, tmp_path: Path) -> None:
    stage = IN_RUST["stages.yml"]
    assert stage is not None
    other = stage.replace("kafka:", "queue:").replace("title: Kafka", "title: Queue")
    contents = {path.replace("kafka", "queue"): text for path, text in IN_RUST.items() if text}
    both = {**contents, **IN_RUST, "stages.yml": f"{stage}{other}"}
    flags = ("--template", str(team(both)), "--trust")
    for stages, line in (
        ((), '# rdkafka = "1"  # kafka, queue\n'),
        (("queue",), '\nrdkafka = "1"  # kafka, queue\n'),
        (("kafka", "queue"), '\nrdkafka = "1"  # kafka, queue\n'),
    ):
        name = "-".join(["x", *stages])
        new(name, *flags, *(word for stage in stages for word in ("--stage", stage)))
        text = (tmp_path / name / "Cargo.toml").read_text(encoding="utf-8")

        assert line in text
        assert text.count("rdkafka") == 1
