"""The builder of services in Rust builds each once, and refuses in words where it cannot."""

import subprocess
import tomllib
from pathlib import Path

import pytest
import running
import rust_services

MAIN = 'fn main() { println!("one of its own"); }\n'


def test_without_cargo_tests_are_skipped_or_fail_where_it_has_to_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("REQUIRE_CARGO", raising=False)
    with pytest.raises(pytest.skip.Exception, match="cargo was not found"):
        rust_services.binary()
    monkeypatch.setenv("REQUIRE_CARGO", "1")
    with pytest.raises(pytest.fail.Exception, match="cargo was not found"):
        rust_services.binary()


def test_a_service_is_built_once() -> None:
    first = rust_services.binary()
    when = first.stat().st_mtime_ns

    assert rust_services.binary() == first
    assert first.stat().st_mtime_ns == when


def test_files_of_a_test_stand_instead_of_those_of_the_template() -> None:
    own = rust_services.binary((), {"src/main.rs": MAIN}, variant="own")

    assert own != rust_services.binary()
    assert subprocess.check_output([own], text=True) == "one of its own\n"


def test_what_does_not_compile_is_said() -> None:
    with pytest.raises(AssertionError, match="expected expression"):
        rust_services.binary((), {"src/main.rs": "fn main() { 1 + }"}, variant="broken")


def test_versions_are_those_of_all_services() -> None:
    directory = rust_services.sources()

    rust_services.cargo(directory, "metadata", "--format-version=1", "--quiet")  # drops others
    assert locked(directory / "Cargo.lock") <= locked(rust_services.LOCK)


def locked(file: Path) -> set[tuple[str, str]]:
    """Return the crates and versions of a lock file."""
    packages = tomllib.loads(file.read_text(encoding="utf-8"))["package"]
    return {(package["name"], package["version"]) for package in packages}


def test_a_service_that_ends_instead_of_answering_is_no_ready_one(tmp_path: Path) -> None:
    program = running.Program("shell", ("sh", "-c", "echo no luck; exit 3"))

    with pytest.raises(AssertionError, match=r"has ended with 3: no luck"), program.start():
        pass
    assert not list(tmp_path.iterdir())


def test_what_another_directory_has_built_is_not_taken_for_ones_own() -> None:
    """To cargo they are one package, and files that are older than a build are in it."""
    one, other = (
        rust_services.sources((), {"src/main.rs": MAIN.replace("one", name)}, variant=name)
        for name in ("one", "other")
    )
    for directory in (one, other, one):
        rust_services.cargo(directory, "build")
        printed = subprocess.check_output([rust_services.TARGET / "debug/orders"], text=True)
        assert printed == f"{directory.name.removeprefix('base-')} of its own\n"


def test_what_a_killed_compiler_left_is_removed_with_the_services(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "debug" / "deps"
    (made / "rmetaAbCdEf").mkdir(parents=True)
    (made / "rmetaAbCdEf" / "full.rmeta").touch()
    (made / "liborders-1.rlib").touch()
    (made / "libserde-1.rlib").touch()
    (tmp_path / "debug" / ".cargo-lock").touch()
    monkeypatch.setattr(rust_services, "TARGET", tmp_path)

    rust_services.drop_services()
    assert [file.name for file in made.iterdir()] == ["libserde-1.rlib"]
