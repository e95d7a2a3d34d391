"""What the tool knows of Rust: names, dependencies, where packages come from, environments."""

import subprocess
import tomllib
from pathlib import Path

import crates
import pytest
import rust_services
from teams import MakeTeam, write

from scaffolder import names
from scaffolder.errors import UsageError
from scaffolder.languages import rust, toolchain
from scaffolder.languages.all import LANGUAGES
from scaffolder.templates import catalogue, template

ROOT = template.builtin().root
TAKEN = toolchain.load(ROOT, "rust").taken


def free(name: str, *also: str) -> None:
    names.check_free(name, LANGUAGES["rust"], [*TAKEN, *also])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("fn", "a keyword of Rust"),
        ("async", "a keyword of Rust"),
        ("yield", "a keyword of Rust"),
        ("std", "a crate that comes with Rust"),
        ("proc-macro", "a crate that comes with Rust"),
        ("test", "a crate that comes with Rust"),
        ("timeout", "its image has a program of this name"),
        ("sh", "its image has a program of this name"),
        ("deps", "cargo builds in a directory of this name"),
        ("con", "Windows has no files of this name"),
        ("actix-web", "a crate that the service uses"),
        ("serde-json", "a crate that the service uses"),
        ("bytes", "a crate that the service uses"),
    ],
)
def test_a_name_that_would_break_the_service_is_refused(name: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        free(name)

    free(caught.value.hint.removeprefix("viscaffold new "))


@pytest.mark.parametrize(
    "name", ["orders", "union", "health", "app", "class", "pytest", "starlette", "json", "pass"]
)
def test_other_names_are_free_whatever_they_are_in_other_languages(name: str) -> None:
    free(name)


@pytest.mark.slow
def test_cargo_refuses_or_warns_of_the_same_names(tmp_path: Path) -> None:
    rust_services.require_cargo()
    listed = {n for names in rust.REASONS if names != rust.PROGRAMS for n in names.split()}
    said = set()
    for name in sorted({*listed, "orders", "union", "src", "target", "cargo", "tests"}):
        command = ["cargo", "new", "--vcs", "none", name]
        ran = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True, check=False)
        said |= {name} if "error:" in ran.stderr or "warning:" in ran.stderr else set()

    assert said == listed - {"gen"}  # a keyword of this edition alone


def test_every_crate_that_a_service_is_built_with_is_no_name_for_one() -> None:
    every = tuple(catalogue.load(ROOT, "rust").stages)
    lock = (rust_services.sources(every) / "Cargo.lock").read_text(encoding="utf-8")
    locked = tomllib.loads(lock)["package"]
    found = {rust.normalized(one["name"]) for one in locked if "source" in one}

    assert {"serde", "tokio", "actix-http"} <= found
    assert {name for name in found if names.PATTERN.fullmatch(name)} - {*TAKEN} == set()
    for name in TAKEN:
        with pytest.raises(UsageError):
            free(name)


@pytest.mark.parametrize(
    "also",
    ['rdkafka = "0.37"', '"rdkafka" = "1"', 'rdkafka = { version = "1", features = ["ssl"] }',
     'rdkafka.version = "1"', "rdkafka"],
)  # fmt: skip
def test_what_a_stage_of_others_brings_is_no_name_either(also: str) -> None:
    free("rdkafka")
    with pytest.raises(UsageError, match="the service uses"):
        free("rdkafka", also)


@pytest.mark.parametrize(
    "text",
    ['argon2 = "0.6"', 'jsonwebtoken = { version = "11.1", default-features = false }',
     'a_b-c = ">=1.2, <3"', 'x = { version = "1", git = "https://x/y", tag = "v1" }',
     'x = { package = "y", version = "*", registry = "own" }'],
)  # fmt: skip
def test_a_line_of_a_table_of_dependencies_is_one(text: str) -> None:
    assert rust.dependency_problem(text) == ""


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("argon2", "not a line such as"),
        ("argon2 = ", "not a line such as"),
        ('a = "1"\nb = "1"', "not a line such as"),
        ('[a]\nversion = "1"', "more than a dependency"),
        ('a = "1" # why', "more than a dependency"),
        ('"a b" = "1"', "a name that no crate has"),
        ("a = 1", "no version"),
        ('a = { git = "x" }', "no version"),
        ('a = { version = "1", path = "../a" }', "it has path"),
        ('a = { version = "1", optional = true }', "it has optional"),
        ('a = "one"', "'one' is not a version requirement"),
        ('a = { version = "=>1" }', "'=>1' is not a version requirement"),
    ],
)
def test_any_other_line_is_refused(text: str, problem: str) -> None:
    assert problem in rust.dependency_problem(text)


@pytest.mark.parametrize(
    "line",
    [
        'web = { git = "https://example.invalid/web" }',
        '# web = { version = "1", git = "https://example.invalid/web" }',
        'git = "ssh://git@example.invalid/web"',
        'web = { version = "1", registry = "own" }',
        'registry-index = "https://example.invalid"',
        'web = { path = "vendor/web" }',
        'path = "../web"',
        "[patch.crates-io]",
        "  [source.crates-io]",
        'replace-with = "mirror"',
        "[registries.own]",
        "cargo install --git https://example.invalid/x",
        "RUN cargo build --config net.offline=true",
        "ENV CARGO_REGISTRIES_OWN_INDEX=https://example.invalid",
        "CARGO_HOME: /elsewhere",
    ],
)  # fmt: skip
def test_a_line_by_which_crates_come_from_elsewhere_is_seen(line: str) -> None:
    assert rust.FOREIGN.search(line)


@pytest.mark.parametrize(
    "line",
    ['serde = { version = "1", features = ["derive"] }', 'path = "src/main.rs"', "git push",
     "uses: actions/checkout", "cargo test --all-targets", 'registry: "the usual one"',
     "let path = args.next();", "the registry and its patches"],
)  # fmt: skip
def test_other_lines_are_not(line: str) -> None:
    assert not rust.FOREIGN.search(line)


def test_who_is_asked_for_trust_sees_them(team: MakeTeam) -> None:
    from scaffolder.overlays import summary
    from scaffolder.overlays.format import files

    line = 'vault = { version = "1", git = "https://example.invalid/vault" }'
    root = write(team(), {"template/rust/Cargo.toml.jinja": f"[dependencies]\n{line}\n"})
    found = summary.elsewhere(files.from_directory(root, ""))

    assert f"template/rust/Cargo.toml.jinja:2: {line}" in found


def test_all_that_a_manifest_names_is_required() -> None:
    manifest = (
        b'[dependencies]\nweb = "1"\nlib = { version = "2", features = ["a"] }\n'
        b'[dev-dependencies]\ntester = "1"\n[build-dependencies]\nbuilder = "1"\n'
    )

    assert rust.requirements({"Cargo.toml": ("100644", manifest)}) == [
        *('builder = "1"', 'lib = {"version" = "2", "features" = ["a"]}'),
        *('tester = "1"', 'web = "1"'),
    ]


def test_an_environment_is_a_directory_that_cargo_builds_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rust_services.require_cargo()
    crates.publish(tmp_path / "registry", {})
    monkeypatch.chdir(tmp_path)
    with crates.serving(tmp_path / "registry", tmp_path, monkeypatch):
        rust.make_environment(Path("environment"), [])

    assert rust.variables(Path("environment")) == {
        "CARGO_TARGET_DIR": str(tmp_path / "environment/target"),
        "CARGO_NET_OFFLINE": "true",
    }
    assert rust.variables(tmp_path) == {"CARGO_TARGET_DIR": str(tmp_path / "target")}
    assert (tmp_path / "environment/target/debug").is_dir()
    assert rust.environment_problem(Path("environment")) == ""
    assert "mkdir gone" in rust.environment_problem(Path("gone"))


def test_an_environment_that_cannot_be_made_says_what_cargo_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rust_services.require_cargo()
    crates.publish(tmp_path / "registry", {})
    with (
        crates.serving(tmp_path / "registry", tmp_path, monkeypatch),
        pytest.raises(subprocess.CalledProcessError) as caught,
    ):
        rust.make_environment(tmp_path / "environment", ['absent = "1"'])

    assert "no matching package named `absent` found" in caught.value.stdout
