"""The cache in traces and metrics: the same in each language."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import applications
import pytest
from collector import BROUGHT, TRACE, Collector, Span, collecting
from conftest import MakeInEachLanguage, Pristine
from redis_server import Redis, redis_server
from running import Program
from served import Served, serving, wait_until
from test_cache import change, value
from test_prometheus import promtool

STAGES = ("logging", "metrics", "tracing")
CLIENT = 3
"""SPAN_KIND_CLIENT of OTLP."""
BOUNDS = {"0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1",
          "5", "+Inf"}  # fmt: skip
SECRET = "hunter2"


@pytest.fixture(scope="module")
def observed(in_each_language: MakeInEachLanguage) -> Program:
    """Make a service with a cache, and with all that tells of it."""
    in_rust = partial(applications.cached_in_rust, *STAGES)
    return in_each_language(in_rust, applications.cached_in_python, "cache", *STAGES)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture
def service(observed: Program, redis: Redis, collector: Collector) -> Iterator[Served]:
    settings = {"CACHE_URL": redis.url, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    with serving(observed, **settings, CACHE_MAX_VALUE_BYTES="100") as served:
        wait_until(lambda: f"the cache at {redis.name} answers" in served.log(), "no cache")
        yield served


def measured(service: Served) -> dict[str, float]:
    """Return the metrics of the cache, by name with labels."""
    lines = service.ask("/metrics").body.decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line.startswith("cache_"))
    return {name: float(number) for name, number in pairs}


def operations(service: Served) -> dict[tuple[str, str], float]:
    pattern = re.compile(r'cache_operations_total\{operation="(\w+)",outcome="(\w+)"\}')
    found = ((pattern.fullmatch(name), number) for name, number in measured(service).items())
    return {(match[1], match[2]): number for match, number in found if match}


def spans_of(collector: Collector, count: int) -> list[Span]:
    """Return the spans of the cache, when there are so many."""

    def found() -> list[Span]:
        return [span for span in collector.spans if "db.system.name" in span.attributes]

    collector.wait(lambda: len(found()) >= count, f"{count} spans of the cache")
    return found()


def test_operations_are_spans_of_the_request_and_show_no_key_and_no_value(
    service: Served, collector: Collector, redis: Redis
) -> None:
    assert service.ask(f"/cached/{SECRET}", headers=BROUGHT).status == 200
    assert service.ask(f"/cached/{SECRET}?value={SECRET}", "PUT", headers=BROUGHT).status == 200
    spans = spans_of(collector, 3)
    requests = {span.span_id: span.name for span in collector.spans if span.kind != CLIENT}

    assert {(requests[span.parent_id], span.name) for span in spans} == {
        ("GET /cached/{key}", "GET"),
        ("GET /cached/{key}", "SET"),
        ("PUT /cached/{key}", "UNLINK"),
    }
    for span in spans:
        assert (span.trace_id, span.kind, span.is_error) == (TRACE, CLIENT, False)
        assert span.attributes == {
            "db.system.name": "redis",
            "db.operation.name": span.name,
            "db.namespace": "3",
            "server.address": "127.0.0.1",
            "server.port": redis.port,
        }


def test_operations_are_counted_by_outcome_and_timed(service: Served) -> None:
    for _ in range(3):
        value(service, "pen")
    change(service, "pen", "blue")
    service.ask(f"/kept/ink?value={'x' * 99}", "PUT")

    assert operations(service) == {
        ("get", "miss"): 1,
        ("get", "hit"): 2,
        ("set", "ok"): 1,
        ("set", "skipped"): 1,  # too large: what is there is outdated, and goes
        ("delete", "ok"): 2,
    }
    found = measured(service)
    for operation, count in {"get": 3, "set": 1, "delete": 2}.items():
        name = "cache_operation_duration_seconds"
        assert found[f'{name}_count{{operation="{operation}"}}'] == count
        assert 0 < found[f'{name}_sum{{operation="{operation}"}}'] < 3
    assert {bound[1] for name in found if (bound := re.search('le="(.+?)"', name))} == BOUNDS
    assert found["cache_breaker_open"] == 0


def test_what_the_server_refuses_is_an_error(
    service: Served, collector: Collector, redis: Redis
) -> None:
    redis.ask("LPUSH", "orders:ink", "1")
    service.ask("/kept/ink", headers=BROUGHT)
    (span,) = spans_of(collector, 1)

    assert span.is_error
    assert span.attributes["error.type"] == "WRONGTYPE"
    assert span.attributes["db.response.status_code"] == "WRONGTYPE"
    assert operations(service) == {("get", "error"): 1}
    assert measured(service)["cache_breaker_open"] == 0


def test_a_server_that_is_away_is_an_error_once_and_then_skipped(
    service: Served, collector: Collector, redis: Redis
) -> None:
    redis.pause()
    service.ask("/kept/ink", headers=BROUGHT)
    wait_until(lambda: measured(service)["cache_breaker_open"] == 1, "it is asked")
    for _ in range(3):
        service.ask("/kept/ink", headers=BROUGHT)
    collector.wait(lambda: len(collector.named("GET /kept/{key}")) == 4, "spans of requests")
    (span,) = spans_of(collector, 1)
    found = operations(service)
    redis.resume()

    assert span.is_error
    assert span.attributes["error.type"] == "timeout"
    assert "db.response.status_code" not in span.attributes
    assert found == {("get", "error"): 1, ("get", "skipped"): 3}
    wait_until(lambda: measured(service)["cache_breaker_open"] == 0, "it stays open")


def test_without_a_server_operations_are_skipped(observed: Program, collector: Collector) -> None:
    with serving(observed, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url) as service:
        value(service, "pen")
        change(service, "pen", "blue")

        assert operations(service) == {
            ("get", "skipped"): 1,
            ("set", "skipped"): 1,
            ("delete", "skipped"): 1,
        }
        assert measured(service)["cache_breaker_open"] == 0
        collector.wait(lambda: bool(collector.named("PUT /cached/{key}")), "spans of requests")
    assert not spans_of(collector, 0)


def test_dashboard_and_alerts_ask_for_what_there_is(service: Served, pristine: Pristine) -> None:
    value(service, "pen")
    monitoring = pristine(("cache", "metrics")) / "monitoring"
    there = {name.partition("{")[0] for name in measured(service)}
    for file, expected in {
        "dashboard.json": {
            "cache_operations_total",
            "cache_operation_duration_seconds_bucket",
            "cache_breaker_open",
        },
        "alerts.yml": {"cache_breaker_open"},
    }.items():
        asked = re.findall(r"\bcache_\w+", (monitoring / file).read_text(encoding="utf-8"))
        assert set(asked) == expected <= there
    scrape = service.ask("/metrics").body.decode()
    assert promtool("check", "metrics", cwd=monitoring, stdin=scrape) == ""
