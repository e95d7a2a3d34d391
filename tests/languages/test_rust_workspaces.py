"""A service below a Cargo workspace: what cargo will say of it is said when it is made."""

import subprocess
from pathlib import Path

import pytest
import rust_services
from conftest import viscaffold

from scaffolder.languages import rust_workspaces


def made(place: Path, members: str, exclude: str = "") -> Path:
    """Write a workspace, and a package below it; return the package's directory."""
    (place / "Cargo.toml").write_text(
        f'[workspace]\nresolver = "3"\nmembers = [{members}]\nexclude = [{exclude}]\n'
    )
    service = place / "services/orders"
    (service / "src").mkdir(parents=True)
    (service / "src/lib.rs").touch()
    (service / "Cargo.toml").write_text('[package]\nname = "orders"\nedition = "2024"\n')
    return service


def is_read(service: Path) -> bool:
    rust_services.require_cargo()
    command = ["cargo", "metadata", "--offline", "--no-deps", "--format-version=1"]
    return not subprocess.run(command, cwd=service, capture_output=True, check=False).returncode


def test_cargo_refuses_a_package_that_the_workspace_does_not_know(tmp_path: Path) -> None:
    service = made(tmp_path, "")

    assert 'add "services/orders" to `members` there' in rust_workspaces.note(service)
    assert not is_read(service)


@pytest.mark.parametrize("members", ['"services/orders"', '"services/*"', '"*/*"'])
def test_a_member_has_the_lock_of_the_workspace(tmp_path: Path, members: str) -> None:
    service = made(tmp_path, members)

    assert rust_workspaces.note(service).startswith("as a member of ")
    assert is_read(service)


@pytest.mark.parametrize("exclude", ['"services"', '"services/orders"', '"services/orders/"'])
def test_a_package_that_is_excluded_stands_alone(tmp_path: Path, exclude: str) -> None:
    service = made(tmp_path, "", exclude)

    assert rust_workspaces.note(service) == ""
    assert is_read(service)


@pytest.mark.parametrize("text", ["", "[package]", "workspace = 1", "[workspace", "\0"])
def test_a_manifest_above_that_is_no_workspace_does_not_matter(tmp_path: Path, text: str) -> None:
    (tmp_path / "Cargo.toml").write_text(text)

    assert rust_workspaces.note(tmp_path / "orders") == ""


def test_a_new_service_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Cargo.toml").write_text("[workspace]\nmembers = []\n")
    monkeypatch.chdir(tmp_path)

    ran = viscaffold("new", "orders", "--language", "rust", "--no-git")

    assert ran.code == 0
    assert "cargo will not build it below the workspace of" in ran.err + ran.out
