"""The health check of a service in Python: what it loads, and what it says while code blocks.

tests/conformance has what it says otherwise.
"""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from running import free_port, started, wait_for

HEAVY = {"starlette", "uvicorn", "typing", "json", "asyncio", "urllib", "ssl", "dataclasses"}

Pristine = Callable[[tuple[str, ...]], Path]


def ask(
    service: Path, port: int, *flags: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *flags, "-m", "orders.health"],
        env={**os.environ, **_environment(service, port), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def _environment(service: Path, port: int) -> dict[str, str]:
    return {"PYTHONPATH": str(service / "src"), "HOST": "127.0.0.1", "PORT": str(port)}


APPLICATION = """
import asyncio, pathlib, time
from contextlib import asynccontextmanager
from starlette.applications import Starlette
from starlette.routing import Route
from . import health, stages

@asynccontextmanager
async def lifespan(app):
    while pathlib.Path("starting").exists():
        await asyncio.sleep(0.01)
    yield

async def block(request):
    time.sleep(30)

def create_app():
    app = Starlette(routes=[Route("/block", block), *health.ROUTES], lifespan=lifespan)
    stages.install(app)
    return app
"""


@pytest.fixture
def orders(tmp_path: Path, pristine: Pristine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a service that can be held at its start, and that blocks its event loop on request."""
    service = tmp_path / "orders"
    shutil.copytree(pristine(()) / "src", service / "src")
    (service / "src/orders/app.py").write_text(APPLICATION, encoding="utf-8")
    monkeypatch.chdir(service)
    return service


def test_a_service_is_healthy_once_it_has_started_and_until_its_event_loop_is_blocked(
    orders: Path,
) -> None:
    port = free_port()
    (orders / "starting").touch()
    with started(orders, PORT=str(port)) as process:
        assert process.stdout
        while "listening on" not in process.stdout.readline():
            pass
        starting = ask(orders, port)
        (orders / "starting").unlink()
        wait_for(f"http://127.0.0.1:{port}/health/live")
        healthy = ask(orders, port)
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET /block HTTP/1.1\r\nHost: orders\r\n\r\n")
            blocked = ask(orders, port)

    assert (starting.returncode, blocked.returncode) == (1, 1)
    assert (healthy.returncode, healthy.stderr) == (0, "")
    assert "Connection refused" in starting.stderr
    assert "in time: the service hangs or is frozen" in blocked.stderr


def test_it_loads_no_more_than_it_needs_and_heeds_no_proxy(orders: Path) -> None:
    port = free_port()
    with started(orders, PORT=str(port)):
        wait_for(f"http://127.0.0.1:{port}/health/live")
        proxy = "http://127.0.0.1:9"
        asked = ask(orders, port, "-S", "-X", "importtime", http_proxy=proxy, HTTP_PROXY=proxy)
    loaded = {line.rpartition("|")[2].strip() for line in asked.stderr.splitlines()}

    assert asked.returncode == 0
    assert "orders.runtime.healthcheck" in loaded
    assert not {name.partition(".")[0] for name in loaded} & HEAVY
    assert "encodings.idna" not in loaded
