"""Rust: cargo builds and tests; Cargo.toml is the manifest."""

import os
import re
import subprocess
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from . import (
    cargo,
    rust_lock,
    rust_manifest,
    rust_source,
    rust_tools,
    rust_versions,
    rust_wiring,
    rust_workspaces,
    toml_text,
)
from .base import Command, Tree

NAME = "rust"
TITLE = "Rust"
SUFFIX = rust_source.SUFFIX
LOCAL = frozenset({"target"})

FOREIGN = re.compile(
    r"""\b(git|registry(-index)?)['"]?\s*=\s*['"]|\bregistries\b|\bpath['"]?\s*=\s*['"](\.\.|/|~)|"""
    r"""[{,]\s*['"]?path['"]?\s*=|^\s*\[(patch|source|replace)\b|\breplace-with\b|"""
    r"cargo\b.*--(git|index|registry|path|config)\b|\bCARGO_(REGISTR|SOURCE|HOME)",
)
"""Dependencies with a place of their own, and other registries, as cargo is given them."""

KEYWORDS = """
abstract as async await become box break const continue crate do dyn else enum extern false final fn
for gen if impl in let loop macro match mod move mut override priv pub ref return self static struct
super trait true try type typeof unsafe unsized use virtual where while yield
"""
PROGRAMS = """
bash cat chmod cp cut date dd df echo env false find grep head id kill ln ls mkdir mv ps pwd rm sed
sh sleep sort stat tail tar tee timeout touch tr true wc
"""
REASONS = {
    KEYWORDS: "it is a keyword of Rust",
    "alloc core proc-macro std test": "it is a crate that comes with Rust",
    "build deps examples incremental": "cargo builds in a directory of this name",
    PROGRAMS: "its image has a program of this name",
    "aux con nul prn com1 com2 com3 com4 com5 com6 com7 com8 com9 "
    "lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9": "Windows has no files of this name",
}
"""Names that a service cannot have, and why."""

KEYS = ("version", "features", "default-features", "package", "registry", "git", "tag", "rev")
"""What a dependency of a stage may have."""

PACKAGE = "package"
"""In an environment, what depends on all that services need."""

UNREACHABLE = re.compile(
    r"spurious network error|could not resolve host|couldn't connect|timed out|"
    r"failed to download|attempting to make an HTTP request",
    re.IGNORECASE,
)

place_note = rust_workspaces.note
module_of = rust_source.module_of
spellings = rust_source.spellings
read = rust_source.read
texts = rust_source.texts
tools = rust_tools.tools
installed_problem = rust_tools.installed_problem
wired = rust_wiring.wired


def word_problem(word: str) -> str:
    """Return why code cannot call something `word`, or an empty text."""
    return "it is a keyword of Rust" if word in KEYWORDS.split() else ""


def name_problem(name: str, taken: Iterable[str]) -> str:
    """Return why no package can be called like the service, or an empty text."""
    found = [reason for names, reason in REASONS.items() if name in names.split()]
    if name in map(normalized, taken):
        found.append("it is a crate that the service uses, or its tests do")
    return "".join(found[:1])


def normalized(dependency: str) -> str:
    """Return the name in a dependency, as registries compare it."""
    found = re.match(r"""["']?([\w-]*)""", dependency.strip(), re.ASCII)
    return (found[1] if found else "").replace("_", "-").lower()


def test_modules(paths: Iterable[str]) -> list[str]:  # noqa: ARG001 - as other languages
    """Return nothing: each integration test is a crate that nothing else names."""
    return []


def dependency_problem(text: str) -> str:
    """Return why a text is no line of a table of dependencies in Cargo.toml."""
    try:
        ((name, value),) = tomllib.loads(text).items()
    except ValueError:
        return 'it is not a line such as name = "1.0" or name = { version = "1.0" }'
    if "\n" in text or "#" in text:
        return "it is more than a dependency"
    if not rust_lock.NAME.fullmatch(name):
        return "it has a name that no crate has"
    return _value_problem({"version": value} if isinstance(value, str) else value)


def _value_problem(value: object) -> str:
    """Return why a dependency does not have what is on the right, or an empty text."""
    if not isinstance(value, dict) or not isinstance(value.get("version"), str):
        return "it has no version"
    strange = [key for key in value if key not in KEYS]
    if strange:
        return f"it has {strange[0]}; a dependency of a stage has {', '.join(KEYS)}"
    return rust_versions.problem(value["version"])


def requirements(tree: Tree) -> list[str]:
    """Return the dependencies of Cargo.toml, as lines of a manifest."""
    manifest = tomllib.loads(tree["Cargo.toml"][1].decode())
    tables = (manifest.get(kind, {}) for kind in rust_manifest.KINDS)
    return sorted({f"{n} = {rust_manifest.toml(v)}" for table in tables for n, v in table.items()})


manifest_problem = toml_text.problem
is_lock = rust_lock.is_lock
is_current = rust_lock.is_current
lock = rust_lock.lock


def make_environment(directory: Path, requirements: Iterable[str]) -> None:
    """Fetch and build dependencies; raise CalledProcessError if cargo fails."""
    package = Path(os.path.abspath(directory)) / PACKAGE  # noqa: PTH100 - a link stays one
    (package / "src").mkdir(parents=True)
    (package / "src/lib.rs").touch()
    lines = ["[package]", 'name = "environment"', 'edition = "2024"', "[workspace]"]
    lines += ["[dependencies]", *requirements]
    (package / "Cargo.toml").write_text("\n".join([*lines, ""]), encoding="utf-8")
    subprocess.run(
        ["cargo", "build", "--quiet", "--manifest-path", str(package / "Cargo.toml")],
        cwd=cargo.NOWHERE,
        env={**cargo.environment(), "CARGO_TARGET_DIR": str(package.parent / "target")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )


def environment_key(service: Path, files: Mapping[str, str]) -> str:  # noqa: ARG001 - of the protocol
    """Return the compiler: cargo itself tells apart what it built from which lock."""
    return cargo.compiler()


def installation(directory: Path, service: Path, files: Mapping[str, str]) -> Iterator[Command]:
    """Return what downloads dependencies; building them is the service's own build."""
    directory.mkdir(exist_ok=True)
    locked = ["--locked"] if any((service / path).exists() for path in files.values()) else []
    manifest = ("--manifest-path", str(service / "Cargo.toml"))
    yield Command((cargo.program(), "fetch", *locked, *manifest), cargo.environment())


def is_unreachable(said: str) -> bool:
    """Tell whether cargo says that no registry answered."""
    return bool(UNREACHABLE.search(said))


def environment_problem(directory: Path) -> str:
    """Return why a directory is none that cargo builds in, or an empty text."""
    if directory.is_dir():
        return ""
    return f"it is not a directory; make one: mkdir {directory}"


def variables(directory: Path) -> dict[str, str]:
    """Return what has cargo build there; where it was made here, all is downloaded already."""
    target = os.path.abspath(directory / "target")  # noqa: PTH100 - as above
    offline = {"CARGO_NET_OFFLINE": "true"} if (directory / PACKAGE).is_dir() else {}
    return {"CARGO_TARGET_DIR": target, **offline}
