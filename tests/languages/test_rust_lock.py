"""Locks of Rust services: made by cargo, stable, and said why where there can be none."""

import os
import subprocess
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import crates
import pytest
import rust_services

from scaffolder.languages import cargo, rust_lock, rust_manifest, rust_versions
from scaffolder.languages.base import NotLockedError

FILES = {"lock": "Cargo.lock"}
MANIFEST = b"""\
[package]
name = "orders"
version = "0.1.0"
edition = "2024"
rust-version = "1.88"

[dependencies]
web = "1"
renamed = { package = "lib", version = "1", default-features = false }

[target.'cfg(windows)'.dependencies]
only-on-windows = "1"

[dev-dependencies]
tester = "1"

[profile.release]
debug = 1
"""
CRATES: crates.Crates = {
    "web": {"1.0.0": [], "1.1.0": ["common 2", "extra 1 if more"]},
    "lib": {"1.0.0": [], "1.2.0": ["common 1"]},
    "common": {"1.0.0": [], "2.0.0": []},
    "only-on-windows": {"1.0.0": []},
    "tester": {"1.0.0": ["common <3"]},
    "extra": {"1.0.0": []},
}


@pytest.fixture(autouse=True)
def _cargo() -> None:
    rust_services.require_cargo()


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    crates.publish(tmp_path / "registry", CRATES)
    with crates.serving(tmp_path / "registry", tmp_path, monkeypatch) as root:
        yield root


def locked(manifest: bytes = MANIFEST, before: bytes = b"", *, upgrade: bool = False) -> bytes:
    held = {"Cargo.lock": before} if before else {}
    return rust_lock.lock(manifest, FILES, held, upgrade=upgrade)["Cargo.lock"]


def versions(lock: bytes) -> list[str]:
    return crates.versions(lock.decode())


@pytest.mark.usefixtures("registry")
def test_it_has_versions_and_checksums_of_all_kinds_and_platforms() -> None:
    lock = locked()

    assert versions(lock) == [
        *("common 1.0.0", "common 2.0.0", "lib 1.2.0", "only-on-windows 1.0.0"),
        *("tester 1.0.0", "web 1.1.0"),
    ]
    assert f'checksum = "{crates.checksum("web", "1.1.0")}"'.encode() in lock
    assert b"127.0.0.1" not in lock


@pytest.mark.usefixtures("registry")
def test_cargo_takes_it_as_it_is_for_the_whole_manifest(tmp_path: Path) -> None:
    (tmp_path / "orders/src").mkdir(parents=True)
    (tmp_path / "orders/src/main.rs").write_text("fn main() {}\n", encoding="utf-8")
    (tmp_path / "orders/Cargo.toml").write_bytes(MANIFEST)
    (tmp_path / "orders/Cargo.lock").write_bytes(locked())
    command = ["cargo", "update", "--workspace", "--locked"]
    ran = subprocess.run(command, cwd=tmp_path / "orders", check=False, capture_output=True)

    assert ran.returncode == 0, ran.stderr


def test_versions_stay_until_they_are_to_be_upgraded(registry: Path) -> None:
    first = locked()
    crates.publish(registry, {"web": {"1.3.0": []}})

    assert locked(before=first) == first
    assert "web 1.3.0" in versions(locked(before=first, upgrade=True))


def test_what_is_added_changes_nothing_else(registry: Path) -> None:
    first = locked()
    crates.publish(registry, {"web": {"1.3.0": []}, "new": {"1.0.0": []}})
    added = locked(MANIFEST.replace(b'web = "1"', b'web = "1"\nnew = "1"'), first)

    assert {*versions(added)} == {*versions(first), "new 1.0.0"}


def test_a_version_that_does_not_fit_any_more_is_replaced(registry: Path) -> None:
    first = locked()
    crates.publish(registry, {"web": {"1.3.0": []}})
    changed = locked(MANIFEST.replace(b'web = "1"', b'web = "1.2"'), first)

    assert "web 1.3.0" in versions(changed)
    assert "lib 1.2.0" in versions(changed)


@pytest.mark.usefixtures("registry")
def test_a_lock_is_current_until_the_manifest_changes() -> None:
    lock = locked()

    assert rust_lock.is_lock(lock)
    assert rust_lock.is_current(MANIFEST + b"# a comment\n", lock)


@pytest.mark.parametrize("found", [True, False], ids=["cargo", "no cargo"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'web = "1"', b'web = "2"'),
        (b'web = "1"', b'web = "1"\ncommon = "2"'),
        (b'web = "1"\n', b""),
        (b'tester = "1"\n', b""),
        (b'package = "lib", version = "1"', b'version = "1"'),
        (b'version = "0.1.0"', b'version = "0.2.0"'),
        (b'name = "orders"', b'name = "shop"'),
        (b"[package]", b"[pakage]"),
    ],
)
@pytest.mark.usefixtures("registry")
def test_a_lock_of_another_manifest_is_not_current(
    monkeypatch: pytest.MonkeyPatch, old: bytes, new: bytes, *, found: bool
) -> None:
    lock = locked()
    if not found:
        monkeypatch.setenv("PATH", "/nowhere")

    assert rust_lock.is_current(MANIFEST, lock)
    assert not rust_lock.is_current(MANIFEST.replace(old, new), lock)


@pytest.mark.usefixtures("registry")
def test_features_that_bring_more_are_seen_by_cargo() -> None:
    more = MANIFEST.replace(b'web = "1"', b'web = { version = "1", features = ["more"] }')
    lock = locked()
    after = locked(more, lock)

    assert not rust_lock.is_current(more, lock)
    assert {*versions(after)} == {*versions(lock), "extra 1.0.0"}
    assert rust_lock.is_current(more, after)


@pytest.mark.usefixtures("registry")
def test_features_of_the_service_count() -> None:
    own = MANIFEST + b'[features]\nmuch = ["web/more"]\n'

    assert "extra 1.0.0" in versions(locked(own))


@pytest.mark.parametrize("content", [b"", b"[", b"version = 4\n", b"package = 1\n", b"\xff"])
def test_other_files_are_no_locks(content: bytes) -> None:
    assert not rust_lock.is_lock(content)
    assert not rust_lock.is_current(MANIFEST, content)


class Server(ThreadingHTTPServer):
    """Counts who asks it."""

    asked: int = 0


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Server)
        self.server.asked += 1
        self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the library
        pass


@pytest.fixture
def elsewhere() -> Iterator[Server]:
    """A server that nobody is to ask."""
    server = Server(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    "source", ["registry+{}", "sparse+{}/", "git+{}?rev=a#" + "0" * 40, "path+file:///etc"]
)
def test_a_lock_of_others_sends_cargo_nowhere(elsewhere: Server, source: str) -> None:
    """It is in a repository that may be anybody's."""
    address = f"http://127.0.0.1:{elsewhere.server_port}"
    first = locked()
    own = next(iter(sources(first)))
    hostile = first.replace(own.encode(), source.format(address).encode())

    assert hostile != first
    assert locked(before=hostile) == first
    assert elsewhere.asked == 0


def sources(lock: bytes) -> set[str]:
    listed = tomllib.loads(lock.decode())["package"]
    return {one["source"] for one in listed if "source" in one}


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    "lines",
    [
        '[[package]]\nname = "x\\" y"\nversion = "1.0.0"\n',
        '[[package]]\nname = "web"\nversion = "1.0.0\\n[patch]"\nsource = "registry+x"\n',
        '[[patch.unused]]\nname = "web"\nversion = "1.0.0"\n',
        '[metadata]\n"checksum x" = "y"\n',
    ],
)
def test_no_more_of_a_lock_of_others_is_kept_than_versions(lines: str) -> None:
    first = locked()

    assert locked(before=first + f"\n{lines}".encode()) == first


@pytest.mark.usefixtures("registry")
def test_a_package_with_other_content_than_locked_is_not_taken() -> None:
    first = locked()
    other = first.replace(crates.checksum("web", "1.1.0").encode(), b"0" * 64)
    with pytest.raises(NotLockedError, match=r"checksum for `web v1\.1\.0` changed"):
        locked(before=other)


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"[package]", b"[", "Cargo.toml cannot be read"),
        (b"[package]", b"[other]", "it has no 'package'"),
        (b'name = "orders"', b"name = 1", "name has to be a text"),
        (b'name = "orders"', b'name = "a b"', "invalid character ` ` in package name"),
        (b'web = "1"', b'web = "9"', 'the requirement `web = "\\^9"`'),
        (b'web = "1"', b'absent = "1"', "no matching package named `absent` found"),
        (b'web = "1"', b'web = "one"', "the version requirement `one` for dependency `web`"),
        (b'web = "1"', b"web = 1", "cannot be read"),
        (b'web = "1"', b"web = {}", "web has no version"),
        (b'web = "1"', b'web = { path = "../web" }', "web comes from a directory"),
        (b'web = "1"', b'web = { git = "http://127.0.0.1" }', "web comes from a git repository"),
        (b'web = "1"', b'web = { version = "1", registry-index = "x" }', "web comes from a reg"),
        (b'web = "1"', b'web = { version = "1", registry = "own" }', "not found in any .*`own`"),
        (b'web = "1"', b"web = { workspace = true }", "web comes from a workspace"),
        (b'tester = "1"', b'tester = { path = "/" }', "tester comes from a directory"),
        (b'on-windows = "1"', b'on-windows.git = "x"', "only-on-windows comes from a git"),
        (b'version = "0.1.0"', b"version.workspace = true", "its version from a workspace"),
        (b"[package]", b"[patch.crates-io]\n[package]", "in the place of others"),
        (b"[package]", b'[workspace]\nmembers = ["a"]\n[package]', "with other members"),
    ],
)
def test_what_cannot_be_locked_is_said(old: bytes, new: bytes, reason: str) -> None:
    assert old in MANIFEST
    with pytest.raises(NotLockedError, match=reason) as caught:
        locked(MANIFEST.replace(old, new))

    assert "viscaffold-" not in str(caught.value)  # a directory that nobody knows


@pytest.mark.usefixtures("registry")
def test_a_workspace_of_its_own_may_hold_versions() -> None:
    shared = b'[workspace.package]\nversion = "0.1.0"\n[workspace.dependencies]\nweb = "1"\n'
    manifest = MANIFEST.replace(b'version = "0.1.0"', b"version.workspace = true")
    manifest = shared + manifest.replace(b'web = "1"', b"web.workspace = true")
    lock = locked(manifest)

    assert lock == locked()
    assert rust_lock.is_current(manifest, lock)


def test_a_registry_that_does_not_answer_is_said_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crates.use("http://ada:s3cret@127.0.0.1:9/s3cret", tmp_path, monkeypatch)
    monkeypatch.setenv("CARGO_NET_RETRY", "0")
    with pytest.raises(NotLockedError) as caught:
        locked()

    assert "Could not connect" in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "http://ada:s3cret@127.0.0.1:1/index/",
        "http://127.0.0.1:1/s3cret",
        "http://127.0.0.1:1?t=s3cret",
    ],
)
def test_no_more_of_an_address_is_said_than_its_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    stub(tmp_path, monkeypatch, f"echo 'error: status 500 from `{address}`' >&2; exit 101")
    with pytest.raises(NotLockedError) as caught:
        locked()

    assert str(caught.value) == "status 500 from `http://127.0.0.1:1`"


def test_where_there_is_no_cargo_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NotLockedError, match="cargo, which comes with Rust, was not found"):
        locked()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 3", "cargo failed without a word"),
        ("sleep 60", "the package registry took more than 0.2 s"),
    ],
)
def test_a_cargo_that_fails_otherwise_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, reason: str
) -> None:
    stub(tmp_path, monkeypatch, script)
    monkeypatch.setattr(cargo, "SECONDS", 0.2)
    with pytest.raises(NotLockedError, match=reason):
        locked()


def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = tmp_path / "bin/cargo"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


def test_a_cargo_that_cannot_be_run_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub(tmp_path, monkeypatch, "")
    (tmp_path / "bin/cargo").write_bytes(b"no program")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(NotLockedError, match="cargo cannot be run: Exec format error"):
        locked()


@pytest.mark.usefixtures("registry")
def test_no_configuration_in_a_directory_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: Server
) -> None:
    """One in /tmp could be anybody's, and one in a service its template's."""
    text = (
        f'[source.crates-io]\nreplace-with = "x"\n[source.x]\n'
        f'registry = "sparse+http://127.0.0.1:{elsewhere.server_port}/"\n'
        '[build]\nrustc-wrapper = "/bin/false"\n'
    )
    for directory in (tmp_path, tmp_path / "service"):
        (directory / ".cargo").mkdir(parents=True)
        (directory / ".cargo/config.toml").write_text(text, encoding="utf-8")
        (directory / "rust-toolchain.toml").write_text('[toolchain]\nchannel = "x"\n', "utf-8")
        (directory / "Cargo.toml").write_text("[workspace]\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "service")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("scaffolder.temporary._homes", {})
    lock = locked()

    assert rust_lock.is_current(MANIFEST, lock)
    assert elsewhere.asked == 0


@pytest.mark.usefixtures("registry")
def test_a_home_of_cargo_is_found_from_wherever_cargo_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CARGO_HOME", "cargo")

    assert versions(locked())


@pytest.mark.usefixtures("registry")
def test_a_program_called_cargo_in_the_directory_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path of programs may have the directory that one is in."""
    stub(tmp_path, monkeypatch, f"touch {tmp_path}/was-run; exit 1")
    monkeypatch.chdir(tmp_path / "bin")
    monkeypatch.setenv("PATH", f".:{os.environ['PATH'].partition(':')[2]}")

    assert versions(locked())
    assert not (tmp_path / "was-run").exists()


REQUIREMENTS = [
    *("1", "1.2", "1.2.3", "0", "0.2", "0.2.3", "0.0", "0.0.3", "^1.2.3", "^0.2.3", "^0.0.3"),
    *("~1", "~1.2", "~1.2.3", "=1", "=1.2", "=1.2.3", ">1", ">1.2", ">1.2.3", ">=1.2", "<1.2"),
    *("<=1", "<=1.2", "<=1.2.3", "*", "1.*", "1.2.*", ">=1.*", ">=1, <1.3", "> 1.2.3 , <2"),
    *("1.2.3-alpha.1", ">=1.2.3-alpha.2", "=1.2.3-beta", "~1.2.3-alpha", "0.0.3-x", "<1.3.0-a"),
]
VERSIONS = [
    *("0.0.0", "0.0.2", "0.0.3", "0.0.4", "0.1.9", "0.2.2", "0.2.3", "0.2.4", "0.3.0", "0.9.9"),
    *("1.0.0", "1.1.9", "1.2.0", "1.2.2", "1.2.3", "1.2.4", "1.3.0", "1.9.0", "2.0.0", "10.0.0"),
    *("1.2.3-alpha", "1.2.3-alpha.1", "1.2.3-alpha.2", "1.2.3-alpha.10", "1.2.3-beta", "1.2.3-rc"),
    *("1.3.0-a", "0.0.3-x", "0.0.3-y", "1.2.4-alpha", "1.0.0+build"),
]


@pytest.mark.slow
@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_versions_fit_as_they_do_for_cargo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, requirement: str
) -> None:
    """Cargo chooses among all versions until none is left: those chosen fit, the rest do not."""
    left = list(VERSIONS)
    manifest = f'[package]\nname = "p"\nedition = "2024"\n[dependencies]\nx = "{requirement}"\n'
    with crates.serving(tmp_path / "registry", tmp_path, monkeypatch) as registry:
        while True:
            (registry / "simple" / crates.place("x")).unlink(missing_ok=True)
            crates.publish(registry, {"x": {version: [] for version in left}})
            try:
                chosen = versions(locked(manifest.encode()))[0].partition(" ")[2]
            except NotLockedError:
                break
            left.remove(chosen)

    fitting = [version for version in VERSIONS if rust_versions.fits(requirement, version)]
    assert sorted(fitting) == sorted(set(VERSIONS) - set(left))
    assert not rust_versions.problem(requirement)


@pytest.mark.parametrize(
    "text", ["", "one", "1.2.3.4", "1,", "~>1", "1.*.3", "1.2-alpha", "=", "v1"]
)
def test_a_requirement_that_is_none_is_none_for_cargo_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    manifest = f'[package]\nname = "p"\nedition = "2024"\n[dependencies]\nx = "{text}"\n'
    crates.publish(tmp_path / "registry", {"x": {"1.0.0": []}})
    with (
        crates.serving(tmp_path / "registry", tmp_path, monkeypatch),
        pytest.raises(NotLockedError, match="requirement"),
    ):
        locked(manifest.encode())

    assert rust_versions.problem(text)
    assert not rust_versions.fits(text, "1.0.0")


def test_values_of_a_manifest_are_written_as_they_were_read() -> None:
    value = {"a b": ["x", 'y"\\z\n\x7f\u2028é', 3, True], "c": {"d.e": {}}}
    text = f"value = {rust_manifest.toml(value)}\n"

    assert tomllib.loads(text) == {"value": value}
    with pytest.raises(TypeError, match="has no place"):
        rust_manifest.toml(1.5j)
