"""Docker, for the tests that need it."""

import os
import shutil
import subprocess

IMAGE = "python:3.13-slim-trixie"


def docker(*args: str, expect: int | None = 0) -> str:
    ran = subprocess.run(
        ["docker", *args], text=True, capture_output=True, check=False, env={**os.environ}
    )
    assert expect is None or ran.returncode == expect, f"{args}: {ran.stdout}{ran.stderr}"
    return ran.stdout + ran.stderr


def obstacle() -> str:
    """Return why containers cannot be tested here, or an empty string."""
    if not shutil.which("docker"):
        return "docker was not found"
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        return "the Docker daemon does not answer"
    local = subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False)
    if local.returncode and "Error" in docker("pull", "--quiet", IMAGE, expect=None):
        return f"there is no image {IMAGE}, and none can be pulled"
    return ""
