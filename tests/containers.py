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
        ran = subprocess.run(
            ["docker", "build", *flags, str(directory)],
            env={**os.environ, "BUILDKIT_PROGRESS": "plain"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    assert bool(ran.returncode) == fails, ran.stdout
    return COLOUR.sub("", ran.stdout)


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
    """Remove an image, if it is there; a build may just have found a layer of it in the cache."""
    with _alone():
        docker("image", "rm", "--force", name, expect=None)


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
