"""Services in Rust as `docker build` needs them: two images for all tests, for they take minutes.

Docker keeps the layers: whoever builds an image again, or a variant of it, has the dependencies.
"""

import os
import shutil
from pathlib import Path

import rust_services
from conftest import STAGES
from containers import require_docker
from samples import FULL

BUILDER = "FROM ${BUILDER_IMAGE} AS builder\n"

OLD = 1_000_000_000
"""When files were changed: long before anything was compiled, as in an old checkout."""


def context(stages: rust_services.Stages, place: Path) -> Path:
    """Write a service, locked, into a new directory.

    But in full runs, the compiler does not optimize it, and it has the dependencies of all stages:
    the layer with them is the same for all.
    """
    require_docker("rust")
    source, every = _locked(stages), _locked(STAGES)
    with rust_services.alone():  # other tests write the same files again
        shutil.copytree(source, place)
        if not FULL:
            for name in ("Cargo.toml", "Cargo.lock"):
                shutil.copyfile(every / name, place / name)
    if not FULL:
        leave_unoptimized(place)
    for path in (place, *place.rglob("*")):
        os.utime(path, (OLD, OLD))
    return place


def _locked(stages: rust_services.Stages) -> Path:
    source = rust_services.sources(stages, variant="image")
    rust_services.cargo(source, "metadata", "--format-version=1", "--quiet")
    return source


def leave_unoptimized(service: Path) -> None:
    """Change its Dockerfile: to optimize a program takes minutes."""
    text = (service / "Dockerfile").read_text(encoding="utf-8")
    assert text.count(BUILDER) == 1
    text = text.replace(BUILDER, f"{BUILDER}ENV CARGO_PROFILE_RELEASE_OPT_LEVEL=0\n")
    (service / "Dockerfile").write_text(text, encoding="utf-8")
