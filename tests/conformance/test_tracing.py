"""Spans of requests reach a collector; one that fails harms nobody."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import running
from client import Client
from collector import BROUGHT, PARENT, STUCK_SECONDS, TRACE, Collector, collecting
from conftest import MakeProgram, Pristine
from running import Program, Run, free_port

ALL = ("api", "auth", "logging", "tracing")


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture
def traced(program: MakeProgram) -> Program:
    return program(*ALL)


def settings(collector: Collector, **more: str) -> dict[str, Any]:
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **more}


NAMES = {
    "/": "GET /",
    "/api/v1/items?token=hunter2": "GET /api/v1/items",
    "/api/v1/items/7": "GET /api/v1/items/{item_id}",
    "/api/v1/me": "GET /api/v1/me",
    "/api/nowhere": "GET",
    "/nowhere": "GET",
}
"""What a client asks for → the name of the span."""


@pytest.mark.parametrize("root_path", ["", "/shop"])
def test_a_span_is_named_by_the_template_of_its_route(
    traced: Program, collector: Collector, root_path: str
) -> None:
    variables: dict[str, Any] = {"ROOT_PATH": root_path} if root_path else {}
    with traced.start(**settings(collector, **variables)) as run:
        client = Client(run.port)
        answers = {path: client.get(root_path + path, BROUGHT).status for path in NAMES}
        assert run.stop() == 0, run.log()
    spans = {span.attributes["url.path"]: span for span in collector.spans}

    assert len(collector.spans) == len(NAMES)
    for path, name in NAMES.items():
        span = spans[root_path + path.partition("?")[0]]
        assert (span.name, span.kind, span.service) == (name, 2, "orders")
        assert (span.trace_id, span.parent_id) == (TRACE, PARENT)
        assert span.attributes.get("http.route") == (name.partition(" ")[2] or None)
        assert span.attributes["http.response.status_code"] == answers[path]
        assert span.attributes["http.request.method"] == "GET"
        assert not span.is_error
    assert "hunter2" not in str(collector.spans)


def test_probes_and_scrapes_have_no_spans_and_methods_are_few(
    traced: Program, collector: Collector
) -> None:
    with traced.start(**settings(collector)) as run:
        client = Client(run.port)
        for path in ("/health", "/health/live", "/health/ready"):
            assert client.get(path).status == 200
        client.get("/metrics")  # whether the stage is there or not
        client.ask("HACK", "/")
        assert run.stop() == 0
    (span,) = collector.spans

    assert span.attributes["http.request.method"] == "_OTHER"
    assert span.parent_id == ""


def test_lines_have_the_ids_of_the_span(traced: Program, collector: Collector) -> None:
    with traced.start(**settings(collector)) as run:
        Client(run.port).get("/nowhere", BROUGHT)
        collector.wait(lambda: bool(collector.spans), "a span")
        lines = [json.loads(line) for line in run.log().splitlines() if line.startswith("{")]
    (span,) = collector.spans
    (line,) = (line for line in lines if line.get("url.path") == "/nowhere")

    assert (line["trace_id"], line["span_id"]) == (TRACE, span.span_id)


def test_lines_have_them_without_the_stage_logging(
    pristine: Pristine, collector: Collector
) -> None:
    """A service in Rust has no line of a request then; the fields of spans are in all others."""
    with running.python(pristine(("tracing",))).start(**settings(collector)) as run:
        Client(run.port).get("/nowhere", BROUGHT)
        collector.wait(lambda: bool(collector.spans), "a span")
        log = run.log()
    (span,) = collector.spans

    assert f'trace_id="{TRACE}" span_id="{span.span_id}"' in log, log


def test_the_last_spans_are_sent_at_the_stop(traced: Program, collector: Collector) -> None:
    with traced.start(**settings(collector)) as run:
        for _ in range(20):
            Client(run.port).get("/")
        assert run.stop() == 0
        assert "lost" not in run.log()

    assert len(collector.named("GET /")) == 20


def test_the_headers_of_the_collector_reach_it_and_no_log(
    traced: Program, collector: Collector
) -> None:
    secret = {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20hunter2,x-team=shop"}
    with traced.start(**settings(collector, **secret, LOG_LEVEL="DEBUG")) as run:
        Client(run.port).get("/")
        collector.status = 401
        collector.wait(lambda: bool(collector.headers), "headers")
        Client(run.port).get("/")
        run.wait_for_line("does not take spans")
        assert run.stop() == 0
        log = run.log()

    assert collector.headers[0]["authorization"] == "Bearer hunter2"
    assert collector.headers[0]["x-team"] == "shop"
    assert "hunter2" not in log


def test_the_headers_may_come_from_a_file(
    pristine: Pristine, collector: Collector, tmp_path: Path
) -> None:
    """What the stage config reads is in no variable of the environment."""
    file = tmp_path / "headers"
    file.write_text("authorization=Bearer%20hunter2\n", encoding="utf-8")
    service = running.python(pristine(("config", "tracing")))
    with service.start(**settings(collector, OTEL_EXPORTER_OTLP_HEADERS_FILE=str(file))) as run:
        Client(run.port).get("/")
        assert run.stop() == 0, run.log()

    assert collector.headers[0]["authorization"] == "Bearer hunter2"


@pytest.mark.parametrize(("share", "flags", "kept"), [("0", "", 0), ("0", "01", 1), ("1", "00", 0)])
def test_a_trace_is_kept_as_its_beginning_says(
    traced: Program, collector: Collector, share: str, flags: str, kept: int
) -> None:
    brought = {"traceparent": f"00-{TRACE}-{PARENT}-{flags}"} if flags else {}
    with traced.start(**settings(collector, OTEL_TRACES_SAMPLER_ARG=share)) as run:
        assert Client(run.port).get("/", brought).status == 200
        assert run.stop() == 0

    assert len(collector.spans) == kept


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, {"service.name": "orders"}),
        ({"OTEL_SERVICE_NAME": "shop"}, {"service.name": "shop"}),
        (
            {"OTEL_RESOURCE_ATTRIBUTES": "service.name=shop,service.version=7, team=a%2Cb c"},
            {"service.name": "shop", "service.version": "7", "team": "a,b c"},
        ),
        (
            {"OTEL_SERVICE_NAME": "shop", "OTEL_RESOURCE_ATTRIBUTES": "service.name=other"},
            {"service.name": "shop"},
        ),
    ],
    ids=["nothing-set", "name", "attributes", "name-and-attributes"],
)
def test_spans_say_of_the_service_what_is_set(
    traced: Program, collector: Collector, variables: dict[str, str], expected: dict[str, str]
) -> None:
    with traced.start(**settings(collector, **variables)) as run:
        Client(run.port).get("/")
        assert run.stop() == 0, run.log()
    (span,) = collector.spans

    assert expected.items() <= span.resource.items()
    assert span.resource.keys() >= {"service.version", "telemetry.sdk.name"}


def refused(collector: Collector) -> None:
    collector.status = 401


def stuck(collector: Collector) -> None:
    collector.delay = STUCK_SECONDS


@pytest.mark.parametrize(
    ("fails", "reason"),
    [(refused, "401"), (stuck, "(time|no answer)"), (None, "Connection refused")],
    ids=["refuses", "is-stuck", "is-not-there"],
)
def test_a_collector_that_fails_delays_nothing_and_is_named_once(
    traced: Program, fails: "object", reason: str
) -> None:
    port = free_port()
    with collecting(port) as collector:
        if callable(fails):
            fails(collector)
        url = collector.url if fails else f"http://127.0.0.1:{free_port()}"
        with traced.start(OTEL_EXPORTER_OTLP_ENDPOINT=url) as run:
            slowest = max(timed(run) for _ in range(100))
            run.wait_for_line("does not take spans")
            began = time.monotonic()
            assert run.stop() == 0
            stopped = time.monotonic() - began
            log = run.log()

    assert slowest < 1.0
    assert stopped < 4.0
    assert len(re.findall(rf"{re.escape(url)} does not take spans: \S", log)) == 1, log
    assert re.search(rf"does not take spans: .*{reason}", log), log
    assert "opentelemetry" not in log


def timed(run: Run) -> float:
    began = time.monotonic()
    assert Client(run.port).get("/").status == 200
    return time.monotonic() - began


def test_another_cause_of_the_same_outage_is_named_once(traced: Program) -> None:
    port = free_port()
    with traced.start(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}") as run:
        client = Client(run.port)
        client.get("/")
        run.wait_for_line("does not take spans: ")
        with collecting(port) as collector:
            collector.status = 401
            for _ in range(2):
                attempts = collector.attempts
                client.get("/")
                collector.wait(lambda: collector.attempts > attempts, "an attempt")  # noqa: B023
            run.wait_for_line("still does not take spans: ")
        assert run.stop() == 0
        log = run.log()

    assert len(re.findall("does not take spans: .*Connection refused", log)) == 1, log
    assert len(re.findall("still does not take spans: .*401", log)) == 1, log


def test_a_collector_that_comes_back_gets_spans_again(traced: Program) -> None:
    port = free_port()
    with traced.start(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}") as run:
        client = Client(run.port)
        client.get("/")
        run.wait_for_line("does not take spans")
        with collecting(port) as collector:
            client.get("/api/v1/items")
            collector.wait(lambda: bool(collector.named("GET /api/v1/items")), "spans again")
            run.wait_for_line("takes spans again; ")
        assert run.stop() == 0


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "collector:4318",
            "an address like http://collector:4318, without user, query and fragment",
        ),
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "hunter2",
            "headers like name=value, comma-separated; special characters as %2C",
        ),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "hunter2",
            "attributes like name=value, comma-separated; special characters as %2C",
        ),
        ("OTEL_SERVICE_NAME", "", "some text"),
        ("OTEL_TRACES_SAMPLER_ARG", "2", "a number from 0 to 1, like 0.25"),
    ],
)
def test_a_wrong_setting_is_refused(traced: Program, name: str, value: str, accepted: str) -> None:
    with traced.start(ready=False, **{name: value}) as run:
        assert run.wait() == 78
        log = run.log()

    assert f"setting {name} is " in log
    assert f"expected {accepted}" in log
    assert "hunter2" not in log or name == "OTEL_RESOURCE_ATTRIBUTES"
