# ruff: noqa: ANN401, SLF001 - the modules of a rendered service are known when the tests run
"""Parts of the stage jobs in Python; what a service does is in tests/conformance/."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import Imported
from sqlalchemy import text
from starlette.testclient import TestClient

SECONDS = 10.0


class Unspeakable(Exception):  # noqa: N818 - it is what a service might have
    """An error without words."""

    def __str__(self) -> str:
        raise RuntimeError


class Service:
    """An application with the stage jobs, in this process."""

    def __init__(self, imported: Imported, *partners: str) -> None:
        stages = ("jobs", *partners)
        self._imported, self._stages = imported, stages
        self.app: Any = imported("app", *stages).create_app()
        self.jobs: Any = imported("stages.jobs", *stages)
        self.database = imported("stages.database", *stages).of(self.app)
        self.worker = self.jobs.of(self.app)

    def module(self, name: str) -> Any:
        return self._imported(f"runtime.jobs.{name}", *self._stages)

    def handle(self, kind: str, function: Callable[[Any], Awaitable[None]]) -> None:
        self.jobs.handler(self.app, kind, function)

    def run(self, work: Callable[[], Awaitable[object]]) -> None:
        """Run the application while something else is done."""

        async def whole() -> None:
            async with self.app.router.lifespan_context(self.app):
                await until(lambda: self.worker.rounds > 0)
                await work()

        asyncio.run(whole())

    async def enqueue(self, kind: str, payload: object = None) -> str:
        async with self.database.write() as connection:
            return str(await self.jobs.enqueue(connection, kind, payload))

    async def ask(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.database.write() as connection:
            found = await connection.execute(text(statement))
            return [tuple(row) for row in found] if found.returns_rows else []

    async def settled(self, job: str, state: str) -> None:
        """Wait until a job is in a state."""
        end = time.monotonic() + SECONDS
        while await self.ask(f"SELECT state FROM jobs WHERE id = '{job}'") != [(state,)]:
            assert time.monotonic() < end
            await asyncio.sleep(0.05)


async def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


@pytest.fixture
def make(
    imported: Imported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Service]:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:{tmp_path}/jobs.db")

    def made(*partners: str, **settings: object) -> Service:
        for name, value in settings.items():
            monkeypatch.setenv(name, str(value))
        return Service(imported, *partners)

    return made


async def nothing(_job: Any) -> None:
    pass


def said(caplog: pytest.LogCaptureFixture, words: str) -> list[logging.LogRecord]:
    return [record for record in caplog.records if words in record.getMessage()]


# --- What is enqueued and registered ---


@pytest.mark.parametrize("kind", ["", "two words", "a" * 101, "line\n", "ä"])
def test_a_kind_that_would_not_fit_into_a_line_is_refused(
    make: Callable[..., Service], kind: str
) -> None:
    service = make()
    with pytest.raises(ValueError, match="a kind of jobs is 1 to 100 of"):
        service.handle(kind, nothing)
    with pytest.raises(ValueError, match="a kind of jobs is 1 to 100 of"):
        service.run(lambda: service.enqueue(kind))


def test_a_kind_has_one_handler(make: Callable[..., Service]) -> None:
    service = make()
    service.handle("mail", nothing)
    with pytest.raises(ValueError, match="'mail' have a handler already"):
        service.handle("mail", nothing)


def nested(levels: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(levels - 1):
        found = [found]
    return found


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (float("nan"), "not JSON compliant"),
        (nested(128), "nested at most 127 deep"),
        (nested(100_000), "nested at most 127 deep"),
        ({"to": ["\udcff"]}, "surrogates not allowed"),
        ({"\ud800": 1}, "surrogates not allowed"),
        ([10**400], "no number beyond"),
    ],
    ids=["nan", "deep", "deeper", "surrogate", "key", "number"],
)
def test_a_payload_is_json_that_rust_reads(
    make: Callable[..., Service], payload: object, why: str
) -> None:
    as_json = make().module("job").as_json
    with pytest.raises(ValueError, match=why):
        as_json(payload)


def test_a_payload_may_be_anything_else(make: Callable[..., Service]) -> None:
    as_json = make().module("job").as_json
    for payload in (nested(127), "\U0001f375\0", 10**300, -(2**70), 1e308, None, {"a": [True]}):
        assert json.loads(as_json(payload)) == payload


def test_who_is_enqueued_here_does_not_wait_for_the_next_poll(make: Callable[..., Service]) -> None:
    service, done = make(JOBS_POLL_SECONDS=60, JOBS_LEASE_SECONDS=600), []

    async def note(job: Any) -> None:
        done.append(job.payload)

    async def work() -> None:
        for number in range(3):
            await service.enqueue("note", number)
            await until(lambda: done == [*range(number + 1)])  # noqa: B023 - it is over by then

    service.handle("note", note)
    began = time.monotonic()
    service.run(work)
    assert time.monotonic() - began < SECONDS


# --- How a run ends ---


def test_pauses_grow_to_five_minutes(make: Callable[..., Service]) -> None:
    job = make().module("job")
    for attempt, longest in [(1, 1), (2, 2), (5, 16), (9, 256), (10, 300), (100, 300)]:
        found = [job.pause_after(attempt) for _ in range(50)]
        assert longest / 2 <= min(found) < max(found) <= longest


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (SystemExit(3), "SystemExit: 3"),
        (asyncio.CancelledError(), "CancelledError"),
        (KeyError("to"), "KeyError: 'to'"),
        (RuntimeError("x" * 1000), f"RuntimeError: {'x' * 1000}"[:500]),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (Unspeakable(), "Unspeakable"),
    ],
    ids=["exit", "cancelled", "key", "long", "interrupt", "unspeakable"],
)
def test_whatever_a_handler_raises_is_a_reason(
    make: Callable[..., Service], error: BaseException, reason: str
) -> None:
    service = make(JOBS_ATTEMPTS=1)

    async def fail(_job: Any) -> None:
        raise error

    async def work() -> None:
        made = await service.enqueue("fail")
        await service.settled(made, "dead")
        assert await service.ask("SELECT reason FROM jobs") == [(reason,)]

    service.handle("fail", fail)
    service.run(work)


def test_a_reason_is_a_text_that_every_database_takes(make: Callable[..., Service]) -> None:
    run = make().module("run")
    assert run._said(ValueError("a\0b \udcff")) == "ValueError: a b \\udcff"


def test_a_payload_that_is_none_is_not_tried_again(make: Callable[..., Service]) -> None:
    service = make(JOBS_ATTEMPTS=5)

    async def work() -> None:
        made = await service.enqueue("mail")
        await service.settled(made, "ready")
        await service.ask("UPDATE jobs SET payload = '{', kind = 'late'")
        await service.settled(made, "dead")
        ((reason,),) = await service.ask("SELECT reason FROM jobs")
        assert reason.startswith("its payload is no JSON: ")

    service.handle("late", nothing)
    service.run(work)


def test_a_handler_that_does_not_end_is_named_and_keeps_its_slot(
    make: Callable[..., Service], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    service = make(JOBS_LIMIT_SECONDS=1, JOBS_ATTEMPTS=1, JOBS_WORKERS=1)
    monkeypatch.setattr(service.module("run"), "GRACE_SECONDS", 0.2)
    over = asyncio.Event()

    async def stubborn(_job: Any) -> None:
        while not over.is_set():
            try:
                await over.wait()
            except asyncio.CancelledError:
                continue

    async def work() -> None:
        made = await service.enqueue("stubborn")
        try:
            await until(lambda: any(run.is_endless for run in service.worker.runs.values()))
            assert await service.ask("SELECT state FROM jobs") == [("running",)]
            with pytest.raises(Exception, match=f"hold all workers: job stubborn {made}"):
                service.worker.require_free()
        finally:
            over.set()
        await service.settled(made, "dead")
        service.worker.require_free()

    service.handle("stubborn", stubborn)
    service.run(work)
    assert len(said(caplog, "does not end, although it was cancelled")) == 1
    assert len(said(caplog, "is dead: not done within 1 s")) == 1


def test_a_job_is_not_enqueued_where_it_would_be_lost(make: Callable[..., Service]) -> None:
    service = make()

    async def work() -> None:
        async with service.database.read() as connection:
            with pytest.raises(ValueError, match=r"database\.write"):
                await service.jobs.enqueue(connection, "mail", None)

    service.run(work)


# --- Who has a job ---


def test_who_has_lost_a_job_can_neither_finish_nor_keep_it(make: Callable[..., Service]) -> None:
    service = make(JOBS_WORKERS=0)
    table, job = service.module("table"), service.module("job")

    async def both() -> None:
        async with service.app.router.lifespan_context(service.app):
            await until(lambda: not service.database._schema.problem)
            made = await service.enqueue("mail")
            async with service.database.write() as connection:
                (first,), _ = await table.claim(connection, "a", ["mail"], 5, 0.0)
                assert await table.claim(connection, "b", ["mail"], 5, 30.0) == ([], [])
                (expired,) = await table.expire(connection, ["mail"], 5)
                assert expired.reason == "its worker did not come back (attempt 1 of 5)"
                (second,), _ = await table.claim(connection, "b", ["mail"], 5, 30.0)
                assert (first.attempts, second.attempts) == (1, 2)
                for end in job.End:
                    ended = [(first, job.Outcome(end, "late"))]
                    assert await table.settle(connection, "a", ended) == set()
                for worker, claimed in (("a", second), ("b", first)):  # whose, and which attempt
                    ended = [(claimed, job.Outcome(job.End.OK))]
                    assert await table.settle(connection, worker, ended) == set()
                assert await table.beat(connection, "a", [first], 30.0) == set()
                assert await table.beat(connection, "b", [second], 30.0) == {made}
                assert await table.expire(connection, ["mail"], 5) == []
            rows = await service.ask("SELECT state, attempts, worker FROM jobs")
            assert rows == [("running", 2, "b")]

    asyncio.run(both())


# --- A worker that does not move ---


def hastened(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be stuck after a short time."""
    monkeypatch.setattr(service.module("stalls"), "LOOK_SECONDS", 0.05)
    service.app.state.jobs_stalls._limit = 1.5


async def readiness(service: Service) -> str:
    try:
        await service.app.state.readiness_checks["jobs"]()
    except Exception as error:  # noqa: BLE001 - it is what the check says
        return f"{type(error).__name__}: {error}"
    return "ok"


def test_a_worker_that_hangs_is_named_and_so_is_its_return(
    make: Callable[..., Service], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    service = make()
    hastened(service, monkeypatch)
    caplog.set_level(logging.INFO)

    async def work() -> None:
        over, once = asyncio.Event(), service.worker._round

        async def hang() -> None:
            await over.wait()
            await once()

        assert await readiness(service) == "ok"
        monkeypatch.setattr(service.worker, "_round", hang)
        await until(lambda: said(caplog, "the jobs worker has not moved for 2 s"))
        await asyncio.sleep(0.5)
        assert await readiness(service) == "StuckError: the jobs worker has not moved for 2 s"
        over.set()
        await until(lambda: said(caplog, "the jobs worker moves again"))
        assert await readiness(service) == "ok"

    service.run(work)
    assert len(said(caplog, "has not moved")) == 1


def test_a_worker_whose_task_has_ended_is_named(
    make: Callable[..., Service], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    service = make()
    hastened(service, monkeypatch)

    async def work() -> None:
        (task,) = [task for task in asyncio.all_tasks() if task.get_name() == "jobs worker"]
        task.cancel()
        await until(lambda: said(caplog, "the jobs worker has not moved for 2 s"))
        assert "has not moved" in await readiness(service)

    service.run(work)


def test_a_worker_that_fails_begins_again(
    make: Callable[..., Service], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    service, done = make(), []
    monkeypatch.setattr(service.module("worker"), "FIRST_PAUSE", 0.1)

    async def note(job: Any) -> None:
        done.append(job.id)

    async def work() -> None:
        once = service.worker._round

        async def fail() -> None:
            monkeypatch.setattr(service.worker, "_round", once)
            raise RuntimeError("out of luck")

        monkeypatch.setattr(service.worker, "_round", fail)
        made = await service.enqueue("note")
        await until(lambda: done == [made])

    service.handle("note", note)
    service.run(work)
    (line,) = said(caplog, "the jobs worker failed; again in ")
    assert line.exc_info
    assert "out of luck" in str(line.exc_info[1])


# --- Beside other stages ---


def test_a_reason_is_kept_without_its_secrets(make: Callable[..., Service]) -> None:
    service = make("logging", JOBS_ATTEMPTS=1)

    async def fail(_job: Any) -> None:
        raise RuntimeError("postgresql://ada:hunter2@db/orders refuses password=hunter2")

    async def work() -> None:
        made = await service.enqueue("fail")
        await service.settled(made, "dead")
        ((reason,),) = await service.ask("SELECT reason FROM jobs")
        assert "refuses" in reason
        assert "hunter2" not in reason

    service.handle("fail", fail)
    service.run(work)


def test_lines_of_a_handler_have_the_job(make: Callable[..., Service]) -> None:
    from structlog.contextvars import get_contextvars

    service, found = make("logging"), []

    async def note(job: Any) -> None:
        found.append((job.id, get_contextvars()))

    async def work() -> None:
        made = await service.enqueue("note")
        await until(lambda: found)
        assert found == [(made, {"job.id": made, "job.kind": "note"})]

    service.handle("note", note)
    service.run(work)


def test_jobs_are_counted(make: Callable[..., Service], monkeypatch: pytest.MonkeyPatch) -> None:
    service = make("metrics", JOBS_ATTEMPTS=1)
    monkeypatch.setattr(service.module("worker"), "SURVEY_SECONDS", 0.0)

    async def fail(_job: Any) -> None:
        raise RuntimeError

    async def work() -> None:
        for kind in ("note", "note", "unknown"):
            await service.enqueue(kind)
        await service.settled(await service.enqueue("fail"), "dead")
        rounds = service.worker.rounds
        await until(lambda: service.worker.rounds > rounds + 1)

    service.handle("fail", fail)
    service.handle("note", nothing)
    service.run(work)
    metrics = TestClient(service.app).get("/metrics").text
    for line in (
        'jobs_done_total{kind="note",outcome="ok"} 2.0',
        'jobs_done_total{kind="fail",outcome="dead"} 1.0',
        'jobs_seconds_count{kind="note"} 2.0',
        "jobs_waiting 1.0",
        "jobs_dead 1.0",
        "jobs_running 0.0",
    ):
        assert f"{line}\n" in metrics
    assert 'kind="unknown"' not in metrics


def test_the_run_of_a_job_belongs_to_the_trace_that_enqueued_it(
    make: Callable[..., Service],
) -> None:
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    from opentelemetry.trace import SpanKind

    service = make("tracing", "logging", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    provider, spans = service.app.state.tracer_provider, InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    seen: list[Any] = []

    async def note(_job: Any) -> None:
        from structlog.contextvars import get_contextvars

        seen.append(SimpleNamespace(**get_contextvars()))

    async def work() -> None:
        with provider.get_tracer("tests").start_as_current_span("request"):
            await service.enqueue("note")
        await until(lambda: len(spans.get_finished_spans()) == 2)

    service.handle("note", note)
    service.run(work)
    request, job = spans.get_finished_spans()
    assert (job.name, job.kind) == ("job note", SpanKind.CONSUMER)
    assert job.parent is not None
    assert job.parent.span_id == request.context.span_id
    assert seen[0].trace_id == f"{request.context.trace_id:032x}"
    assert seen[0].span_id == f"{job.context.span_id:016x}"
