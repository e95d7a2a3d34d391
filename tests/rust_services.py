"""Services in Rust, built for tests: all of them share compiled dependencies and their versions.

What is built is kept between runs: below .cache/rust of the checkout, or in RUST_SERVICES; what
cargo makes, in CARGO_TARGET_DIR if that is set. Delete it to begin anew, with the newest versions.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from types import MappingProxyType

import pytest

from scaffolder.engine.trees import Tree, read_tree
from scaffolder.templates import catalogue, template
from scaffolder.templates.render import rendered

PLACE = Path(
    os.environ.get("RUST_SERVICES", Path(__file__).resolve().parents[1] / ".cache" / "rust")
)
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", PLACE / "target"))
LOCK = PLACE / "Cargo.lock"
"""The versions of every dependency of every stage."""
EVERY = PLACE / "every-dependency"
"""A crate that has the dependencies of all stages, and no code."""

NAME = "orders"
COMPILED = ("Cargo.toml", "build.rs", "src/", ".cargo/")
"""Where the files are that a binary depends on."""

Stages = tuple[str, ...]
Files = Mapping[str, str]
"""Path → content of what stands in a service instead of, or beside, what the template has."""

NONE: Files = MappingProxyType({})
BUILD = ("build",)


def obstacle() -> str:
    """Return why no service in Rust can be built here, or an empty string."""
    return "" if shutil.which("cargo") else "cargo was not found"


def require_cargo() -> None:
    """Skip where nothing in Rust can be built, with the reason; fail where it has to be."""
    reason = obstacle()
    if reason and os.environ.get("REQUIRE_CARGO"):
        pytest.fail(reason)
    if reason:
        pytest.skip(f"services in Rust: {reason}")


def binary(
    stages: Stages = (),
    files: Files = NONE,
    *,
    variant: str = "",
    command: Sequence[str] = BUILD,
) -> Path:
    """Return the program of a service, built once; with `files`, `variant` names what it is.

    `command` is another one for cargo, which builds the program, too.
    """
    require_cargo()
    stages = tuple(name for name in sorted(stages) if name in _coded())
    tree = _sharing(stages, _tree(stages, files))
    slot = _slot(stages, variant)
    kept = PLACE / "binaries" / slot / _digest(tree, command) / NAME
    if not kept.exists():
        with alone():
            if not kept.exists():
                run(_written(tree, slot), *command)
                _keep(kept)
    return kept


def sources(
    stages: Stages = (), files: Files = NONE, *, variant: str = "", sharing: bool = False
) -> Path:
    """Return the directory of a service, locked, for `cargo` to work in; change nothing.

    When it is `sharing`, it is compiled with the dependencies of all.
    """
    require_cargo()
    versions()
    stages = tuple(sorted(stages))
    tree = _tree(stages, files)
    with alone():
        return _written(_sharing(stages, tree) if sharing else tree, _slot(stages, variant))


def run_tests(stages: Stages, files: Files = NONE, *, variant: str = "", only: str = "") -> str:
    """Run the tests of a service, or only those of one file; return what cargo prints."""
    directory = sources(stages, files, variant=variant or "tests", sharing=True)
    return cargo(directory, "test", *(("--test", only) if only else ()))


def text(path: str, stages: Stages = ()) -> str:
    """Return a file of a service, as the template has it."""
    return _rendered(tuple(sorted(stages)))[path][1].decode()


def cargo(directory: Path, *args: str, expect: int | None = 0) -> str:
    """Run cargo, as soon as no other test does; return what it prints."""
    with alone():
        return run(directory, *args, expect=expect)


def copy_dependencies(place: Path) -> None:
    """Give another target directory what cargo has made of dependencies."""
    services = shutil.ignore_patterns(f"{NAME}*", f"lib{NAME}*", "incremental")
    with alone():
        if TARGET.exists():
            shutil.copytree(
                TARGET, place, symlinks=True, ignore=services, copy_function=_copy_or_link
            )


def _copy_or_link(source: str, target: str) -> None:
    """Link what the compiler replaces as a whole, for it takes room; copy all else."""
    with suppress(OSError):  # on another file system
        if source.endswith((".rlib", ".rmeta")):
            os.link(source, target)
            return
    shutil.copy2(source, target)


def run(directory: Path, *args: str, expect: int | None = 0) -> str:
    """Run cargo for whoever is alone.

    To cargo, a package in another directory is the same, and what was built of that is fresh:
    hence all files are made newer than that, and nothing of it is needed again.
    """
    for file in directory.rglob("*.rs"):
        file.touch()
    done = subprocess.run(
        ["cargo", *args],
        cwd=directory,
        env={
            **os.environ,
            "CARGO_TARGET_DIR": str(TARGET),
            "CARGO_NET_OFFLINE": "true",
            # What it keeps for the next build of the same code: most code here is built once.
            "CARGO_INCREMENTAL": "0",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    drop_services()
    assert expect is None or done.returncode == expect, f"cargo {' '.join(args)}: {done.stdout}"
    return done.stdout


def drop_services() -> None:
    """Remove the libraries and programs of services: one set of stages takes several 100 MB.

    Not while a cargo is at work that a test has started in another way: it has this lock.
    """
    try:
        with (TARGET / "debug" / ".cargo-lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for file in (TARGET / "debug" / "deps").iterdir():
                if file.is_dir():  # rustc's own, where it was killed
                    shutil.rmtree(file)
                    continue
                is_program = not file.suffix  # those of tests are named after these
                if is_program or file.name.startswith((f"{NAME}-", f"lib{NAME}-")):
                    file.unlink()
    except (BlockingIOError, FileNotFoundError):
        return


@contextmanager
def alone() -> Iterator[None]:
    """Wait until no other process builds: they would wait for each other in cargo anyway."""
    PLACE.mkdir(parents=True, exist_ok=True)
    with (PLACE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _slot(stages: Stages, variant: str) -> str:
    """Return the name of the one directory of a combination."""
    return "-".join([*(sorted(stages) or ["base"]), *filter(None, [variant])])


@cache
def _rendered(stages: Stages) -> Tree:
    answers = {"name": NAME, "language": "rust", "stages": list(stages)}
    with rendered(template.builtin(), answers) as directory:
        return read_tree(directory)


def _tree(stages: Stages, files: Files) -> Tree:
    own = {path: ("100644", content.encode()) for path, content in files.items()}
    return {**_rendered(stages), **own}


def _sharing(stages: Stages, tree: Tree) -> Tree:
    """Have a service depend on what any stage needs, too: all is compiled once for all services.

    Otherwise each set of stages would have its own features of the same crates. What a stage
    forgets to ask for, `scripts/full` finds, which lints services as they are.
    """
    if not stages:
        return tree  # is most often built, and what others seed their own builds with
    mode, manifest = tree["Cargo.toml"]
    line = f'[dependencies]\n{EVERY.name} = {{ path = "{EVERY}" }}\n'
    return {**tree, "Cargo.toml": (mode, manifest.replace(b"[dependencies]\n", line.encode()))}


def _digest(tree: Tree, command: Sequence[str]) -> str:
    """Return a name for what is built from these files: with these versions, by this compiler."""
    found = hashlib.sha256("\0".join((*command, _compiler())).encode())
    found.update(versions().read_bytes())
    for path, (mode, content) in sorted(tree.items()):
        if path.startswith(COMPILED):
            found.update(f"\0{path}\0{mode}\0{len(content)}\0".encode() + content)
    return found.hexdigest()[:16]


@cache
def _coded() -> frozenset[str]:
    """Return the stages with code: with or without the others, the program is the same."""
    known = catalogue.load(template.builtin().root, "rust").stages.values()
    return frozenset(stage.name for stage in known if stage.code)


@cache
def _compiler() -> str:
    return subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout


@cache
def versions() -> Path:
    """Return the lock with the dependencies of all stages; versions stay while they fit."""
    every = tuple(sorted(catalogue.load(template.builtin().root, "rust").stages))
    tree = _tree(every, NONE)
    with alone():
        (EVERY / "src").mkdir(parents=True, exist_ok=True)
        (EVERY / "src/lib.rs").touch()
        manifest = tree["Cargo.toml"][1].replace(f'"{NAME}"'.encode(), f'"{EVERY.name}"'.encode())
        (EVERY / "Cargo.toml").write_bytes(manifest)
        directory = _write(tree, _slot(every, ""))
        if LOCK.exists():
            shutil.copy(LOCK, directory)
        fetch(directory)
        if not LOCK.exists() or LOCK.read_bytes() != (directory / LOCK.name).read_bytes():
            shutil.copy(directory / LOCK.name, LOCK)
    return LOCK


def _written(tree: Tree, slot: str) -> Path:
    """Write a service, with the versions that all have; cargo takes out of them what it lacks."""
    directory = _write(tree, slot)
    shutil.copy(LOCK, directory)
    fetch(directory)
    return directory


def fetch(directory: Path) -> None:
    """Lock a service's dependencies, and download those that are not here yet."""
    known = ["cargo", "metadata", "--offline", "--format-version=1"]
    if subprocess.run(known, cwd=directory, capture_output=True, check=False).returncode:
        subprocess.run(["cargo", "fetch", "--quiet"], cwd=directory, check=True)


def _write(tree: Tree, slot: str) -> Path:
    """Write a service, and nothing else, into its directory."""
    directory = PLACE / "services" / slot
    for path, (_, content) in tree.items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    for file in [found for found in directory.rglob("*") if found.is_file()]:
        if str(file.relative_to(directory)) not in tree and file.name != LOCK.name:
            file.unlink()
    return directory


def _keep(kept: Path) -> None:
    """Copy what was built out of cargo's way; earlier builds of it have had their time."""
    shutil.rmtree(kept.parents[1], ignore_errors=True)
    kept.parent.mkdir(parents=True)
    new = kept.with_suffix(".new")
    shutil.copy2(TARGET / "debug" / NAME, new)
    new.rename(kept)
