"""Docker, for the tests that need it."""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn
from uuid import uuid4

import pytest

COLOUR = re.compile(r"\x1b\[[\d;]*m")

LOST = "unknown parent image ID"
LAYERS = Path(tempfile.gettempdir()) / "viscaffold-test-images.left"
"""Where the layers are listed of images that were removed."""

IMAGE = "python:3.13-slim-trixie"
IMAGES = {
    "python": (IMAGE,),
    "rust": ("rust:1-slim-trixie", "debian:trixie-slim"),
}
"""What the images of services in each language are made from."""


def docker(*args: str, expect: int | None = 0) -> str:
    ran = subprocess.run(
        ["docker", *args], text=True, capture_output=True, check=False, env={**os.environ}
    )
    assert expect is None or ran.returncode == expect, f"{args}: {ran.stdout}{ran.stderr}"
    return ran.stdout + ran.stderr


def obstacle(language: str = "python") -> str:
    """Return why containers cannot be tested here, or an empty string."""
    if not shutil.which("docker"):
        return "docker was not found"
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        return "the Docker daemon does not answer"
    for image in IMAGES[language]:
        inspected = ["docker", "image", "inspect", image]
        local = subprocess.run(inspected, capture_output=True, check=False)
        if local.returncode and "Error" in docker("pull", "--quiet", image, expect=None):
            return f"there is no image {image}, and none can be pulled"
    return ""


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other test builds an image, or removes one."""
    with (Path(tempfile.gettempdir()) / "viscaffold-test-images.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(directory: Path, *flags: str, fails: bool = False) -> str:
    """Run `docker build`, while no other test does: it would compile the same once more.

    What it prints is returned without colours, which Docker's client may set within a line.
    """
    with _alone():
        ran = _built(directory, *flags)
        if LOST in ran.stdout:  # a command under test removed an image, and with it this layer
            ran = _built(directory, *flags)
    assert bool(ran.returncode) == fails, ran.stdout
    return COLOUR.sub("", ran.stdout)


def _built(directory: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", "build", *flags, str(directory)],
        env={**os.environ, "BUILDKIT_PROGRESS": "plain"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@contextmanager
def image(directory: Path) -> Iterator[str]:
    """Build the image of a service as its README says; it is removed afterwards."""
    tag = f"viscaffold-test-{uuid4().hex[:12]}"
    build(directory, "--tag", tag)
    try:
        yield tag
    finally:
        remove_image(tag)


def remove_image(name: str) -> None:
    """Remove an image, if it is there.

    Its layers stay until the end of the run: others are built from them, and dependencies in Rust
    take minutes to compile.
    """
    with _alone():
        layers = docker("history", "--quiet", "--no-trunc", name, expect=None).split()
        with LAYERS.open("a", encoding="utf-8") as left:
            left.writelines(f"{layer}\n" for layer in layers if layer.startswith("sha256:"))
        docker("image", "rm", "--force", "--no-prune", name, expect=None)


def remove_layers() -> None:
    """Remove the layers that are left of images, but for those that others still use."""
    if not LAYERS.is_file():
        return
    left = set(LAYERS.read_text("utf-8").split())
    unnamed = ["images", "--quiet", "--no-trunc", "--filter", "dangling=true"]
    for layer in left & set(docker(*unnamed, expect=None).split()):
        docker("image", "rm", layer, expect=None)  # and what only this one was made from
    LAYERS.unlink()


def inspect(name: str, template: str) -> str:
    return docker("inspect", "--format", template, name).strip()


def wait_for_health(name: str, status: str, seconds: float = 60) -> None:
    """Wait for a status that a check has found: before the first, Docker may say "unhealthy"."""
    deadline = time.monotonic() + seconds
    while inspect(name, "{{if .State.Health.Log}}{{.State.Health.Status}}{{end}}") != status:
        assert time.monotonic() < deadline, inspect(name, "{{json .State}}") + docker("logs", name)
        time.sleep(0.2)


def why_unhealthy(name: str) -> str:
    """Wait until a container is unhealthy; return what its health checks said."""
    wait_for_health(name, "unhealthy")
    return inspect(name, "{{range .State.Health.Log}}{{.ExitCode}} {{.Output}}{{end}}")


def require_docker(language: str = "python") -> None:
    """Skip where containers cannot be tested, with the reason; fail where they have to be."""
    if reason := obstacle(language):
        skip(reason)


def skip(reason: str) -> NoReturn:
    """Skip a test of containers, with the reason; fail where they have to be tested."""
    if os.environ.get("REQUIRE_DOCKER"):
        pytest.fail(reason)
    pytest.skip(f"container tests: {reason}")
