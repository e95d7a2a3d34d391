"""Services in Rust as `docker build` needs them: two images for all tests, for each takes minutes.

Docker keeps the layers: whoever builds an image again, or a variant of it, has the dependencies.
"""

import os
import shutil
from pathlib import Path

import rust_services
from containers import require_docker

OLD = 1_000_000_000
"""When files were changed: long before anything was compiled, as in an old checkout."""


def context(stages: rust_services.Stages, place: Path) -> Path:
    """Write a service, locked, into a new directory."""
    require_docker("rust")
    source = rust_services.sources(stages, variant="image")
    rust_services.cargo(source, "metadata", "--format-version=1", "--quiet")
    shutil.copytree(source, place)
    for path in (place, *place.rglob("*")):
        os.utime(path, (OLD, OLD))
    return place
