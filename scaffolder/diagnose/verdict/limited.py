"""Copies without one of the container's limits."""

from collections.abc import Iterator
from dataclasses import replace

from scaffolder.diagnose.evidence.config import Config

from . import cures
from .cures import Cure
from .factor import Factor

MEMORY = 512 * 1024 * 1024
PROCESSES = 512
"""What a copy may use where the container's own limits are lifted."""
CPUS = Cure(
    "cpus",
    "cpu-starved",
    "memory",
    "its share of the CPUs is too small: what it does takes too long, or it counts its CPUs, and is"
    " not made for so few",
    "raise it (--cpus), give what waits for it more time, or set what it makes of that number, such"
    " as the sizes of pools of threads",
    proves=True,
)


def limits(config: Config) -> Iterator[Factor]:
    """Return what a container may not have more of."""
    yield from _cpus(config)
    if config.memory:
        more = max(4 * config.memory, MEMORY)
        yield Factor(
            "more memory",
            replace(config, memory=more, swap=0),
            flags=f"--memory {more >> 20}m",
            cure=cures.MEMORY,
        )
    if config.pids and config.pids < PROCESSES:
        yield Factor(
            "more processes",
            replace(config, pids=PROCESSES),
            flags=f"--pids-limit {PROCESSES}",
            cure=cures.PROCESSES,
        )


def ulimits(config: Config) -> Iterator[Factor]:
    """Return what a process of an ordinary user may not have more of; root is not held by all."""
    for name in list(config.ulimits)[:4]:
        rest = {other: value for other, value in config.ulimits.items() if other != name}
        yield Factor(
            f"no ulimit {name}",
            replace(config, ulimits=rest),
            without=f"--ulimit {name}",
            cure=cures.ulimit(name),
        )


def _cpus(config: Config) -> Iterator[Factor]:
    """Give it all CPUs, all of the time: what it does is the same, and only sooner."""
    rest = {name: at for name, at in config.limits.items() if not name.startswith("cpuset")}
    limited = [o for o in config.slowed if o.startswith("--cpu")]
    if limited:
        yield Factor(
            "all CPUs",
            replace(config, cpus=0.0, limits=rest),
            without=" ".join(limited),
            cure=replace(CPUS, text=f"{CPUS.text} ({' '.join(limited)})"),
        )
