"""Services as processes, and the commands of a document, for the tests that run them for real."""

import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 30


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def shell_commands(page: Path) -> list[str]:
    """Return what follows `$ ` in the console blocks of a Markdown page."""
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def wait_for(url: str) -> str:
    """Ask until it answers; return the body."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < deadline, f"{url} did not answer"
            time.sleep(0.05)


@contextmanager
def serving(command: str, cwd: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    """Run a service; it has to answer, and to end with status 0 when it is told to stop."""
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port)}
    process = subprocess.Popen(
        ["bash", "-c", f"exec {command}"],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/health/live")
        yield process
        process.terminate()
        output, _ = process.communicate(timeout=10)
        assert process.returncode == 0, output
    finally:
        process.kill()
        process.communicate()
