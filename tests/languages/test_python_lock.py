"""Locks of Python services: whole, portable, stable, and said why where there can be none."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from registry import Packages, pins, publish, served, use

from scaffolder.languages import python_lock
from scaffolder.languages.base import NotLockedError

FILES = {"dev": "dev.txt", "run": "run.txt", "build": "build.txt"}
MANIFEST = b"""
[build-system]
requires = ["builder>=1"]
[project]
requires-python = ">=3.11"
dependencies = ["web>=1", "only-on-windows>=1; sys_platform == 'win32'"]
[dependency-groups]
dev = ["tester>=1", { include-group = "more" }]
more = ["linter>=1"]
"""
PACKAGES: Packages = {
    "builder": {"1.0": ["common"]},
    "web": {"1.0": [], "1.1": ["common>=2"]},
    "common": {"1.0": [], "2.0": []},
    "only-on-windows": {"1.0": []},
    "tester": {"1.0": ["common<3"]},
    "linter": {"1.0": []},
}


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    root = tmp_path / "registry"
    publish(root, PACKAGES)
    with served(root) as address:
        use(address, tmp_path, monkeypatch)
        yield root


def locked(manifest: bytes = MANIFEST, **options: object) -> dict[str, str]:
    given = {"locked": {}, "upgrade": False, **options}
    made = python_lock.lock(manifest, FILES, **given)  # type: ignore[arg-type]
    return {path: content.decode() for path, content in made.items()}


@pytest.mark.usefixtures("registry")
def test_each_file_has_what_it_is_for_with_the_same_versions() -> None:
    made = locked()

    windows = "only-on-windows==1.0 ; sys_platform == 'win32'"
    assert pins(made["run.txt"]) == ["common==2.0", windows, "web==1.1"]
    assert pins(made["build.txt"]) == ["builder==1.0", "common==2.0"]
    assert pins(made["dev.txt"]) == [
        *("builder==1.0", "common==2.0", "linter==1.0", windows, "tester==1.0", "web==1.1")
    ]
    assert all(lock.count("--hash=sha256:") == len(pins(lock)) for lock in made.values())


@pytest.mark.usefixtures("registry")
def test_pip_installs_a_lock_and_refuses_other_content(tmp_path: Path, registry: Path) -> None:
    lock = tmp_path / "build.txt"
    lock.write_text(locked()["build.txt"], encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check"]
    command = [*pip, "--index-url", os.environ["UV_DEFAULT_INDEX"], "-r", str(lock), "--target"]
    installs = subprocess.run([*command, str(tmp_path / "a")], check=False, capture_output=True)
    publish(registry, {"common": {"2.0": ["builder"]}})
    refuses = subprocess.run([*command, str(tmp_path / "b")], check=False, capture_output=True)

    assert installs.returncode == 0, installs.stderr
    assert (tmp_path / "a/common.py").exists()
    assert refuses.returncode != 0
    assert b"DO NOT MATCH THE HASHES" in refuses.stderr


@pytest.mark.usefixtures("registry")
def test_a_lock_names_no_registry() -> None:
    assert not [lock for lock in locked().values() if "://" in lock or "127.0.0.1" in lock]


def test_versions_stay_until_they_are_to_be_upgraded(registry: Path) -> None:
    first = python_lock.lock(MANIFEST, FILES, {}, upgrade=False)
    publish(registry, {"web": {"1.2": []}})

    assert "web==1.1" in pins(locked(locked=first)["run.txt"])
    assert "web==1.2" in pins(locked(locked=first, upgrade=True)["run.txt"])


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("line", ["-r {file}", "-c {file}", "web @ file://{file}", "web=={file}"])
def test_a_lock_of_others_names_no_other_file(tmp_path: Path, line: str) -> None:
    """It is in a repository that may be anybody's."""
    file = tmp_path / "secret.txt"
    file.write_text("hunter2 is no requirement\n", encoding="utf-8")
    first = python_lock.lock(MANIFEST, FILES, {}, upgrade=False)
    hostile = {**first, "dev.txt": first["dev.txt"] + f"{line.format(file=file)}\n".encode()}

    assert python_lock.lock(MANIFEST, FILES, hostile, upgrade=False) == first


def test_where_uv_cannot_be_run_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> str:
        raise FileNotFoundError("no uv here")

    monkeypatch.setattr("scaffolder.languages.uv.find_uv_bin", missing)
    with pytest.raises(NotLockedError, match="uv cannot be run: no uv here"):
        locked()


@pytest.mark.usefixtures("registry")
def test_what_is_added_changes_nothing_else() -> None:
    before = python_lock.lock(MANIFEST, FILES, {}, upgrade=False)
    after = locked(MANIFEST.replace(b'["web>=1"', b'["linter", "web>=1"'), locked=before)

    assert set(pins(after["run.txt"])) == {*pins(before["run.txt"].decode()), "linter==1.0"}


@pytest.mark.usefixtures("registry")
def test_a_lock_is_current_until_the_requirements_change() -> None:
    lock = python_lock.lock(MANIFEST, FILES, {}, upgrade=False)["run.txt"]

    assert python_lock.is_lock(lock)
    assert python_lock.is_current(MANIFEST + b"# a comment\n", lock)
    assert not python_lock.is_current(MANIFEST.replace(b"web>=1", b"web>=1.1"), lock)
    assert not python_lock.is_current(b"[", lock)
    assert not python_lock.is_lock(b"# `viscaffold lock` replaces this\nweb>=1\n")


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        (b"[", "pyproject.toml cannot be read"),
        (b"[tool.black]\n", "pyproject.toml cannot be read: it has no 'project'"),
        (b"[project]\ndependencies = 'web'\n", "dependencies has to be a list"),
        (MANIFEST.replace(b'["linter>=1"]', b"'linter'"), "more has to be a list"),
        (MANIFEST.replace(b'["builder>=1"]', b"'builder'"), "requires has to be a list"),
        (MANIFEST.replace(b"web>=1", b"web>=9"), "web"),
        (MANIFEST.replace(b"web>=1", b"absent>=1"), "absent was not found"),
        (MANIFEST.replace(b"web>=1", b"web @ http://example.invalid/web.whl"), "an address"),
        (MANIFEST.replace(b"web>=1", b"-r /etc/passwd"), "is not a requirement"),
        (MANIFEST.replace(b"linter>=1", b"--index-url x"), "is not a requirement"),
        (MANIFEST.replace(b'["linter>=1"]', b'[{ include-group = "dev" }]'), "includes itself"),
    ],
)
def test_what_cannot_be_locked_is_said(manifest: bytes, reason: str) -> None:
    with pytest.raises(NotLockedError, match=reason):
        locked(manifest)


def test_a_registry_that_does_not_answer_is_said_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use("http://ada:s3cret@127.0.0.1:9/simple", tmp_path, monkeypatch)
    with pytest.raises(NotLockedError) as caught:
        locked()

    assert "refused" in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "http://ada:s3cret@127.0.0.1:1/simple/web/",
        "http://ada:s3c/s3cret@127.0.0.1:1/simple",
        "http://127.0.0.1:1/s3cret/simple",
        "http://127.0.0.1:1?token=s3cret",
    ],
)
def test_no_more_of_an_address_is_said_than_its_host(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    failing = ["sh", "-c", 'echo "error: status 500 for url ($0)" >&2; exit 2', address]
    monkeypatch.setattr("scaffolder.languages.uv.command", lambda *_: failing)
    with pytest.raises(NotLockedError) as caught:
        locked()

    assert str(caught.value) == "status 500 for url (http://127.0.0.1:1)"


@pytest.mark.usefixtures("registry")
def test_no_configuration_in_a_directory_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One in /tmp could be anybody's, and one in a service its template's."""
    for directory in (tmp_path, tmp_path / "service"):
        directory.mkdir(exist_ok=True)
        (directory / "uv.toml").write_text('index-url = "http://127.0.0.1:9"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path / "service")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    assert pins(locked()["build.txt"])


def test_the_registry_that_pip_is_set_up_for_is_asked(
    registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = os.environ["UV_DEFAULT_INDEX"]
    monkeypatch.delenv("UV_DEFAULT_INDEX")
    config = tmp_path / "config/pip/pip.conf"
    config.parent.mkdir(parents=True)
    config.write_text(f"[global]\nindex-url = {address}\n", encoding="utf-8")
    assert registry.is_dir()

    assert pins(locked()["build.txt"])


def test_a_source_distribution_is_not_run(registry: Path) -> None:
    home = registry / "simple/web"
    for wheel in home.glob("*.whl"):
        wheel.unlink()
    (home / "web-1.0.tar.gz").write_bytes(b"")
    (home / "index.html").write_text('<a href="web-1.0.tar.gz">web-1.0.tar.gz</a>', "utf-8")
    with pytest.raises(NotLockedError, match="web"):
        locked()
