"""The memory that this container uses, and a warning before the kernel acts."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from . import cgroup
from .exit_reason import megabytes
from .log import Reporter

LOOK_SECONDS = 0.5
BACK_PERCENT = 5
"""How far below the warning it has to fall before there is another one."""

log = Reporter(logging.getLogger(__name__))


class Memory(NamedTuple):
    """Bytes that cannot be reclaimed, and the limit."""

    used: int
    limit: int


def memory() -> Memory | None:
    """Return what this container uses; None without a limit, or where it cannot be read.

    The kernel drops the inactive part of the page cache before it kills anything.
    """
    limit = cgroup.memory_limit()
    usage = cgroup.own("memory.current", "memory.usage_in_bytes").strip()
    if limit is None or not usage.isdecimal():
        return None
    lines = cgroup.own("memory.stat", "memory.stat").splitlines()
    counts = dict(line.split(" ", 1) for line in lines if " " in line)
    # Version 1 counts that of the cgroups below apart.
    inactive = int(counts.get("total_inactive_file") or counts.get("inactive_file") or 0)
    return Memory(max(int(usage) - inactive, 0), limit)


class MemoryCollector(Collector):
    """The memory as metrics, looked at when they are read."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = memory()
        if found:
            used = "Memory of the container that cannot be reclaimed."
            limit = "Limit of the container's memory, at which the kernel kills."
            yield GaugeMetricFamily("service_memory_used_bytes", used, found.used)
            yield GaugeMetricFamily("service_memory_limit_bytes", limit, found.limit)


class Watch:
    """Warns once whenever the memory in use exceeds a part of the limit.

    A thread, because what fills the memory may block the event loop meanwhile.
    """

    def __init__(self, percent: int) -> None:
        self._percent = percent
        self._warned = False
        self._ended = threading.Event()

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look at the memory until the block ends."""
        thread = threading.Thread(target=self._run, name="memory watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join(LOOK_SECONDS)

    def _run(self) -> None:
        while True:
            try:
                self.look(memory())
            except Exception:
                log.exception("the watchdog failed; it continues")
            if self._ended.wait(LOOK_SECONDS):
                return

    def look(self, found: Memory | None) -> None:
        """Log that the memory in use has become too much, or is below that again."""
        if found is None:
            return
        used, limit = megabytes(found.used), megabytes(found.limit)
        used_percent = found.used * 100
        if not self._warned and used_percent >= self._percent * found.limit:
            self._warned = True
            log.warning(
                "%s of %s of memory are in use: METRICS_MEMORY_PERCENT is %d;"
                " docs/runbook.md#pattern-memory",
                *(used, limit, self._percent),
            )
        elif self._warned and used_percent < (self._percent - BACK_PERCENT) * found.limit:
            self._warned = False
            log.info(
                "%s of %s of memory are in use: below METRICS_MEMORY_PERCENT again", used, limit
            )
