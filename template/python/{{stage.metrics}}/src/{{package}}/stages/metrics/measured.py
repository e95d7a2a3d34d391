"""What is measured: the names, labels and buckets that dashboards and alerts rely on."""

import asyncio

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector

from ...runtime.container_memory import MemoryCollector

# The time at which each series began: half as many series again, and nobody asks for it.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LAG_SECONDS = 0.5
"""Between two looks at the event loop."""


class Measured:
    """The metrics of one application, in a registry of their own."""

    def __init__(self, service: str, version: str) -> None:
        """Begin at zero."""
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "http_requests",
            "Requests that were answered, by the template of their route.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._durations = Histogram(
            "http_request_duration_seconds",
            "Time from the head of a request to the end of its answer.",
            ("method", "route"),
            buckets=SECONDS,
            registry=self.registry,
        )
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
        # Looking up series by labels takes longer than all else.
        self._series: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that has been answered."""
        key = (method, route, status)
        if key not in self._series:
            requests = self._requests.labels(method, route, status)
            self._series[key] = (requests, self._durations.labels(method, route))
        requests, durations = self._series[key]
        requests.inc()
        durations.observe(seconds)

    async def watch_event_loop(self) -> None:
        """Record how late the event loop is, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_SECONDS
            await asyncio.sleep(LAG_SECONDS)
            self._lag.observe(max(loop.time() - due, 0.0))
