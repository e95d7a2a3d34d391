"""The image of a service in Rust: what ships is the service, compiled in layers that are kept."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import containers
import pytest
import rust_images
from containers import docker
from samples import FULL

pytestmark = pytest.mark.slow

COMPILES_DEPENDENCIES = "RUN cargo build --release --locked && rm -r src\n"
CACHED = re.compile(f"{COMPILES_DEPENDENCIES[4:]}(?: ---> Using cache|#\\d+ CACHED)")
PROGRAM = "/usr/local/bin/orders"

Variant = Callable[..., Path]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service that has been built: Docker has its layers."""
    directory = rust_images.context((), tmp_path_factory.mktemp("image") / "orders")
    containers.build(directory)
    return directory


@pytest.fixture
def variant(context: Path, tmp_path: Path) -> Variant:
    """Make a copy of the service with one text in one file replaced by another."""

    def make(file: str, old: str, new: str) -> Path:
        directory = tmp_path / "orders"
        shutil.copytree(context, directory)
        text = (directory / file).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (directory / file).write_text(text.replace(old, new), encoding="utf-8")
        return directory

    return make


def test_an_image_that_would_ship_the_empty_program_is_not_built(variant: Variant) -> None:
    # A layer of an earlier run would print nothing: this one is never the same.
    cleans = "cargo clean --release --package orders"
    printed = containers.build(variant("Dockerfile", cleans, f"true {uuid4()}"), fails=True)

    assert "Finished `release`" in printed, "cargo takes the empty program for the service"
    assert "orders --version" in printed.splitlines()[-1]


def test_an_image_whose_program_serves_instead_of_naming_itself_is_not_built(
    variant: Variant,
) -> None:
    broken = variant("Dockerfile", "timeout 10 orders --version", "timeout 1 sleep 10")

    containers.build(broken, fails=True)


def test_a_change_of_the_source_compiles_no_dependency_again(variant: Variant) -> None:
    changed = variant("src/lib.rs", "pub mod app;", 'compile_error!("here it is");\npub mod app;')
    printed = containers.build(changed, fails=True)

    assert CACHED.search(printed), printed
    assert "here it is" in printed
    assert printed.count("Compiling ") == 1, printed


def test_a_lock_that_does_not_fit_the_manifest_is_not_used(variant: Variant) -> None:
    changed = variant("Cargo.toml", 'anyhow = "1"', 'anyhow = "=1.0.1"')

    assert "--locked" in containers.build(changed, fails=True)


def test_a_service_without_a_lock_gets_one_for_its_image(variant: Variant) -> None:
    unlocked = variant("Dockerfile", COMPILES_DEPENDENCIES, "# the end\n")
    (unlocked / "Cargo.lock").unlink()
    text = (unlocked / "Dockerfile").read_text(encoding="utf-8")
    (unlocked / "Dockerfile").write_text(text.split("# the end\n")[0], encoding="utf-8")
    with containers.image(unlocked) as tag:
        locked = docker("run", "--rm", tag, "cat", "Cargo.lock")

    assert 'name = "actix-web"' in locked


def test_crates_come_from_the_mirror_of_a_company(context: Path) -> None:
    mirror = "CRATES_MIRROR=sparse+http://127.0.0.1:9/index/"

    assert "127.0.0.1:9" in containers.build(context, "--build-arg", mirror, fails=True)


@pytest.mark.skipif(not FULL, reason="to optimize a program takes minutes: for scripts/full")
def test_the_program_is_as_small_as_the_readme_says(context: Path) -> None:
    stated = re.search(r"a program of about (\d+) MB", (context / "README.md").read_text("utf-8"))
    with containers.image(context) as tag:
        size = docker("run", "--rm", "--entrypoint", "stat", tag, "-c", "%s", PROGRAM)

    assert stated
    assert 0.8 < int(size) / 1_000_000 / int(stated[1]) < 1.2


def test_the_health_check_fails_where_nobody_listens(context: Path) -> None:
    with containers.image(context) as tag:
        (check,) = re.findall(
            r'CMD \["(.+)", "(.+)"\]', (context / "Dockerfile").read_text("utf-8")
        )

        docker("run", "--rm", "--entrypoint", check[0], tag, check[1], expect=1)
