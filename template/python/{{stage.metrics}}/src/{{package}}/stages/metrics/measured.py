"""What is measured: the names, labels and buckets that dashboards and alerts rely on."""

import asyncio
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate
from operator import add

import prometheus_client
from prometheus_client import CollectorRegistry, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from ...runtime.container_memory import MemoryCollector

# The time at which each series began: half as many series again, and nobody asks for it.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LAG_SECONDS = 0.5
"""Between two looks at the event loop."""


class Requests(Collector):
    """Requests by method, route and status, and how long they took.

    The library's own counters take a lock for each value: of all that the stage does for a
    request, that was the larger part. Requests are counted and read in the event loop alone.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self._series = defaultdict[tuple[str, str, int], list[float]](_none)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that has been answered."""
        series = self._series[method, route, status]
        series[bisect_left(SECONDS, seconds)] += 1
        series[-1] += seconds

    def collect(self) -> Iterator[Metric]:
        """Return them as metrics."""
        about = "Requests that were answered, by the template of their route."
        requests = CounterMetricFamily("http_requests", about, labels=("method", "route", "status"))
        took = defaultdict[tuple[str, str], list[float]](_none)
        for (method, route, status), series in self._series.items():
            requests.add_metric((method, route, str(status)), sum(series[:-1]))
            took[method, route] = list(map(add, took[method, route], series))
        yield requests
        about = "Time from the head of a request to the end of its answer."
        labels = ("method", "route")
        durations = HistogramMetricFamily("http_request_duration_seconds", about, labels=labels)
        bounds = [*(f"{bound:g}" for bound in SECONDS), "+Inf"]
        for key, (*buckets, seconds) in took.items():
            upto = list(zip(bounds, accumulate(buckets), strict=True))
            durations.add_metric(key, upto, seconds)
        yield durations


def _none() -> list[float]:
    """Return how many requests took how long, by bucket, and last the seconds of all."""
    return [0] * (len(SECONDS) + 2)


class Measured:
    """The metrics of one application, in a registry of their own."""

    def __init__(self, service: str, version: str) -> None:
        """Begin at zero."""
        self.registry = CollectorRegistry()
        self.requests = Requests()
        self.registry.register(self.requests)
        self.in_flight = 0
        flying = Gauge(
            "http_requests_in_flight",
            "Requests that are being answered.",
            registry=self.registry,
        )
        flying.set_function(lambda: self.in_flight)
        self._lag = Histogram(
            "service_event_loop_lag_seconds",
            "How late an event loop ran what was due, looked at twice a second.",
            buckets=SECONDS,
            registry=self.registry,
        )
        about = Info("service", "The service and its version.", registry=self.registry)
        about.info({"service": service, "version": version})
        ProcessCollector(registry=self.registry)
        self.registry.register(MemoryCollector())

    async def watch_event_loop(self) -> None:
        """Record how late the event loop is, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_SECONDS
            await asyncio.sleep(LAG_SECONDS)
            self._lag.observe(max(loop.time() - due, 0.0))
