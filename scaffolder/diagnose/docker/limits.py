"""Limits in `docker inspect` that have an option of their own, as a person types it."""

from collections.abc import Iterator, Mapping
from typing import Any

CPUSETS = {"CpusetCpus": "cpuset-cpus", "CpusetMems": "cpuset-mems"}
DEVICES = {
    "BlkioDeviceReadBps": "device-read-bps",
    "BlkioDeviceWriteBps": "device-write-bps",
    "BlkioDeviceReadIOps": "device-read-iops",
    "BlkioDeviceWriteIOps": "device-write-iops",
}


def cpus(host: Mapping[str, Any]) -> float:
    """Return how many CPUs' time a container may use, however that was said; 0 if any."""
    period, quota = host.get("CpuPeriod") or 100_000, host.get("CpuQuota") or 0
    return (host.get("NanoCpus") or 0) / 1e9 or (quota / period if quota > 0 else 0.0)


def others(host: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the options with which a container was told which CPUs to use, and how fast I/O is."""
    return dict(_others(host))


def _others(host: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, option in CPUSETS.items():
        if host.get(name):
            yield option, (str(host[name]),)
    for name, option in DEVICES.items():
        if host.get(name):
            yield option, tuple(f"{one['Path']}:{one['Rate']}" for one in host[name])
