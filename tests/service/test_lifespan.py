"""What stages open and close: in order, in time, and by name when it fails."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import Imported
from running import free_port, wait_for
from starlette.applications import Starlette
from starlette.testclient import TestClient

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[object]]


def stage(name: str, lifespan: Lifespan | None = None) -> Any:  # noqa: ANN401 - stands in for a module
    found = SimpleNamespace(__name__=f"orders.stages.{name}", install=lambda _app: None)
    if lifespan:
        found.lifespan = lifespan
    return found


def noting(log: list[str], name: str) -> Any:  # noqa: ANN401 - as above
    """A stage that notes when it is opened and closed."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        log.append(f"{name} opens")
        yield
        log.append(f"{name} closes")

    return stage(name, lifespan)


def test_stages_open_in_order_around_the_application_and_close_in_reverse(
    imported: Imported,
) -> None:
    log: list[str] = []

    @asynccontextmanager
    async def own(_app: Starlette) -> AsyncIterator[dict[str, str]]:
        log.append("own opens")
        yield {"key": "value"}
        log.append("own closes")

    app = Starlette(lifespan=own)
    imported("runtime.lifespan").install(app, [noting(log, "a"), stage("b"), noting(log, "c")])
    with TestClient(app) as client:
        assert log == ["a opens", "c opens", "own opens"]
        assert client.app_state == {"key": "value"}

    assert log[3:] == ["own closes", "c closes", "a closes"]


def test_without_a_lifespan_the_application_stays_as_it_is(imported: Imported) -> None:
    app = Starlette()
    before = app.router.lifespan_context
    imported("runtime.lifespan").install(app, [stage("a")])

    assert app.router.lifespan_context is before


def test_a_task_group_in_a_stage_outlives_a_late_stage_that_fails(imported: Imported) -> None:
    """The context managers nest, whatever a stage does in its own."""
    log: list[str] = []

    @asynccontextmanager
    async def grouped(_app: Starlette) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            worker = group.create_task(asyncio.sleep(60))
            yield
            worker.cancel()
        log.append("group ended")

    @asynccontextmanager
    async def broken(_app: Starlette) -> AsyncIterator[None]:
        raise RuntimeError("no database")
        yield

    app = Starlette()
    imported("runtime.lifespan").install(app, [stage("group", grouped), stage("broken", broken)])
    with pytest.raises(RuntimeError, match="no database"), TestClient(app):
        pass

    assert log == ["group ended"]


# --- As a process ---

SCRIPT = """
import asyncio, errno, os, sys, time
from contextlib import asynccontextmanager
from types import SimpleNamespace
from orders import config, stages
from orders.__main__ import main

def say(*words):
    print(*words, flush=True)

def stage(name, opening=None, closing=None):
    @asynccontextmanager
    async def lifespan(app):
        if opening:
            await opening()
        say("opened", name)
        yield
        if closing:
            await closing()
        say("closed", name)
    return SimpleNamespace(__name__="orders.stages." + name, Settings=config.Settings,
                           install=lambda app: None, lifespan=lifespan)

async def no_database():
    raise RuntimeError("no database")
"""
MAIN = """
stages.STAGES[:] = [stage("first"), second, stage("third")]
sys.exit(main())
"""


class Service:
    """A service with three stages, of which a script makes the second."""

    def __init__(self, root: Path, script: str, **variables: str) -> None:
        self.port = free_port()
        environment = {"PYTHONPATH": str(root / "src"), "HOST": "127.0.0.1", "PORT": str(self.port)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT + script + MAIN],
            env={**os.environ, **environment, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wait_for_line(self, words: str) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            if words in line:
                return
        raise AssertionError(words)

    def stop(self) -> None:
        wait_for(f"http://127.0.0.1:{self.port}/health/live")
        self.process.send_signal(signal.SIGTERM)

    def ended(self, status: int) -> str:
        """Return the log of a service that has ended with this status."""
        output, _ = self.process.communicate(timeout=30)
        assert self.process.returncode == status, output
        return output


Run = Callable[..., Service]


@pytest.fixture
def run(pristine: Callable[[tuple[str, ...]], Path]) -> Any:  # noqa: ANN401 - Run, and its end
    services: list[Service] = []

    def make(script: str, **variables: str) -> Service:
        services.append(Service(pristine(()), script, **variables))
        return services[-1]

    yield make
    for service in services:
        with suppress(ProcessLookupError):
            os.killpg(service.process.pid, signal.SIGKILL)
        service.process.communicate()


def steps(log: str) -> list[str]:
    return [line for line in log.splitlines() if line.startswith(("opened", "closed"))]


@pytest.mark.parametrize(
    ("second", "status", "cause"),
    [
        ("stage('second', lambda: sys.exit(0))", 70, "SystemExit: 0"),
        ("SimpleNamespace(**{**vars(stage('second')), 'lifespan': no_database})", 70, "TypeError"),
        ("stage('second', cancelled)", 70, "CancelledError"),
    ],
    ids=["exit", "no lifespan", "cancelled"],
)
def test_a_stage_that_does_not_open_ends_the_start_with_its_cause(
    run: Run, second: str, status: int, cause: str
) -> None:
    script = """
async def cancelled():
    raise asyncio.CancelledError
"""
    log = run(f"{script}\nsecond = {second}").ended(status)

    assert f"CRITICAL orders.runtime.lifespan: stage second did not open: {cause}" in log
    assert "without being asked to" not in log
    assert steps(log) == ["opened first", "closed first"]


def test_a_stop_in_the_middle_of_code_that_opens_is_no_failure(run: Run) -> None:
    service = run("""
async def busy():
    say("hanging")
    time.sleep(60)

second = stage("second", busy)
""")
    service.wait_for_line("hanging")
    service.process.send_signal(signal.SIGTERM)
    log = service.ended(0)

    assert "did not open" not in log
    assert steps(log) == ["closed first"]


def test_a_stage_that_ends_the_process_as_it_closes_is_named_and_keeps_no_other_open(
    run: Run,
) -> None:
    service = run("second = stage('second', closing=lambda: sys.exit(3))")
    service.stop()
    log = service.ended(0)

    assert "ERROR orders.runtime.lifespan: stage second did not close" in log
    assert "SystemExit: 3" in log
    assert steps(log)[3:] == ["closed third", "closed first"]


def test_a_timeout_of_its_own_is_not_taken_for_the_limit(run: Run) -> None:
    service = run("""
async def late():
    raise TimeoutError("the server did not say goodbye")

second = stage("second", closing=late)
""")
    service.stop()
    log = service.ended(0)

    assert "stage second did not close\n" in log
    assert "the server did not say goodbye" in log


def test_a_worker_of_a_stage_that_fails_stops_the_service_and_is_named(run: Run) -> None:
    service = run("""
async def work():
    await asyncio.sleep(0.5)
    raise RuntimeError("no database")

@asynccontextmanager
async def lifespan(app):
    async with asyncio.TaskGroup() as group:
        worker = group.create_task(work())
        yield
        worker.cancel()

second = stage("second")
second.lifespan = lifespan
""")
    log = service.ended(70)

    assert "stage second did not close" in log
    assert "RuntimeError: no database" in log
    assert "the lifespan of the application ended while it served: the service stops" in log
    assert steps(log) == ["opened first", "opened third", "closed third", "closed first"]


@pytest.mark.parametrize("drains", [True, False])
def test_a_stage_that_finishes_work_gets_the_time_that_requests_left(
    run: Run, *, drains: bool
) -> None:
    service = run(f"""
async def finish():
    await asyncio.sleep(3)

second = stage("second", closing=finish)
second.DRAINS = {drains}
""")
    service.stop()
    log = service.ended(0)

    assert ("closed second" in log) == drains
    assert ("stage second did not close within 2 s" in log) != drains
