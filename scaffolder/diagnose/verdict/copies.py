"""Throwaway copies of a container, isolated: no network, read-only mounts, a time limit."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO

from scaffolder import temporary
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.docker.inspect import inspect, state
from scaffolder.diagnose.docker.isolation import isolate
from scaffolder.diagnose.evidence.config import Config
from scaffolder.docker.client import Engine
from scaffolder.docker.throwaway import created

from .factors import MEMORY, PROCESSES, Factor

LONGEST_SECONDS = 8.0


@dataclass(frozen=True)
class Outcome:
    """How a copy ended."""

    alive: bool
    exit_code: int
    text: str

    @property
    def words(self) -> str:
        """How it ended, for a sentence."""
        return "keeps running" if self.alive else f"exits with {self.exit_code}"


def window(case: Case) -> float:
    """Return how long a copy has to live to count as cured, in seconds."""
    return min(max(3.0, case.state.seconds * 1.5 + 2.0), LONGEST_SECONDS)


def run(engine: Engine, case: Case, factor: Factor) -> Outcome:
    """Run a copy with one factor changed, and remove it."""
    image = case.config.image_id or case.config.image
    mounts = isolate(factor.config, is_remote=engine.is_remote).options
    with _environment(factor.config) as env, _security(factor.config) as security:
        own = (*_options(factor.config), *mounts, *security)
        options = (*own, "--env-file", "/dev/stdin", *factor.options)
        argv = factor.config.argv
        entry = ("--entrypoint", argv[0]) if argv else ()
        with created(engine, image, *options, *entry, command=argv[1:], stdin=env) as name:
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
            )


@contextmanager
def _environment(config: Config) -> Iterator[IO[bytes]]:
    """Write the variables to an unnamed file, which disappears with its last reader.

    On a command line others could read them; in the environment of the docker command they would
    be its own settings, `DOCKER_HOST` and `LD_PRELOAD` among them.
    """
    with _nameless() as file:
        lines = (f"{k}={v}\n" for k, v in config.env.items() if k and "\n" not in v)
        file.writelines(line.encode("utf-8", "surrogateescape") for line in lines)
        file.seek(0)
        yield file


def _nameless() -> IO[bytes]:
    """Open a file in memory; where that is not supported, an unnamed one on disk."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("viscaffold"), "w+b")
    return tempfile.TemporaryFile()


@contextmanager
def _security(config: Config) -> Iterator[list[str]]:
    """Return the security options that are at least as strict as Docker's defaults.

    `docker inspect` shows a seccomp profile's content, and `docker create` takes a file's name.
    """
    with ExitStack() as stack:
        flags = []
        for option in config.security:
            name, mark, value = option.partition("=")
            if value.lstrip().startswith("{"):
                file = stack.enter_context(temporary.directory()) / "seccomp.json"
                file.write_text(value, encoding="utf-8")
                value = str(file)
            if not option.endswith(("unconfined", "disable")):
                flags.append(f"--security-opt={name}{mark}{value}")
        yield flags


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
    flags += [f"--ulimit={name}={value}" for name, value in config.ulimits.items()]
    flags += [
        f"--tmpfs={place}{':' + options if options else ''}"
        for place, options in config.tmpfs.items()
    ]
    flags += [f"--sysctl={name}={value}" for name, value in config.sysctls.items()]
    return flags
