"""Throw-away copies of a container, isolated: no network, its mounts read-only, a time limit."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .case import Case
from .engine import Engine
from .factors import MEMORY, PROCESSES, Factor
from .facts import Config
from .sources.inspection import inspect, state
from .throwaway import created

LONGEST_SECONDS = 8.0


@dataclass(frozen=True)
class Outcome:
    """How a copy fared."""

    alive: bool
    exit_code: int
    text: str
    oom: bool = False

    @property
    def words(self) -> str:
        """How it ended, for a sentence."""
        return "runs on" if self.alive else f"ends with {self.exit_code}"


def window(case: Case) -> float:
    """Return how long a copy has to live to count as cured, in seconds."""
    return min(max(3.0, case.state.seconds * 1.5 + 2.0), LONGEST_SECONDS)


def run(engine: Engine, case: Case, factor: Factor) -> Outcome:
    """Run a copy with one factor changed, and remove it."""
    image = case.config.image_id or case.config.image
    with _environment(factor.config) as file:
        options = (*_options(factor.config), "--env-file", file, *factor.options)
        argv = factor.config.argv
        entry = ("--entrypoint", argv[0]) if argv else ()
        with created(engine, image, *options, *entry, command=argv[1:]) as name:
            started = engine.run("start", name, seconds=20)
            if started.code:
                return Outcome(alive=False, exit_code=127, text=started.complaint)
            waited = engine.run("wait", name, seconds=window(case))
            found = state(inspect(engine, name) or {})
            logs = engine.run("logs", "--tail", "200", name, seconds=10, limit=1 << 20)
            text = (logs.out + logs.err).decode("utf-8", "replace")
            return Outcome(
                waited.code is None and found.status == "running",
                found.exit_code,
                text,
                found.oom_killed,
            )


@contextmanager
def _environment(config: Config) -> Iterator[str]:
    """Write the variables into a private file: on a command line, others could read them."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="viscaffold-") as file:
        os.fchmod(file.fileno(), 0o600)
        file.writelines(f"{k}={v}\n" for k, v in config.env.items() if "\n" not in v and k)
        file.flush()
        yield file.name


def _options(config: Config) -> list[str]:
    flags = ["--network", "none", "--log-driver", "json-file", "--workdir", config.workdir]
    flags += [
        "--memory",
        str(config.memory or MEMORY),
        "--pids-limit",
        str(config.pids or PROCESSES),
        "--no-healthcheck",
    ]
    flags += [
        *(("--user", config.user) if config.user else ()),
        *(("--read-only",) if config.read_only else ()),
    ]
    flags += [
        *(("--init",) if config.init else ()),
        *(("--tty",) if config.tty else ()),
        *(("--interactive",) if config.stdin else ()),
    ]
    flags += [f"--memory-swap={config.swap or -1}"] if config.memory and config.swap else []
    flags += [f"--cap-drop={name}" for name in config.capabilities_dropped]
    flags += [
        f"--cap-add={name}"
        for name in config.capabilities_added
        if name.upper() not in {"ALL", "SYS_ADMIN", "CAP_SYS_ADMIN"}
    ]
    flags += [
        f"--security-opt={option}"
        for option in config.security
        if "unconfined" not in option and "disable" not in option
    ]
    flags += [f"--ulimit={name}={value}" for name, value in config.ulimits.items()]
    flags += [
        f"--tmpfs={place}{':' + options if options else ''}"
        for place, options in config.tmpfs.items()
    ]
    flags += [f"--sysctl={name}={value}" for name, value in config.sysctls.items()]
    flags += [
        f"--volume={m.name or m.source}:{m.destination}:ro"
        for m in config.mounts
        if m.kind in ("bind", "volume")
    ]
    return flags
