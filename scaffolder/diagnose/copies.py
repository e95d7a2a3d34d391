"""Throw-away copies of a container, isolated: no network, its mounts read-only, a time limit."""

import os
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from .case import Case
from .engine import Engine
from .facts import Config
from .sources.inspection import inspect, state
from .throwaway import created

LONGEST_SECONDS = 8.0
MEMORY = 512 * 1024 * 1024
PROCESSES = 512
"""What a copy may use where the container's own limits are lifted."""


@dataclass(frozen=True)
class Factor:
    """One thing that is changed."""

    name: str
    config: Config
    options: tuple[str, ...] = ()
    flags: str = ""
    """What a person types to change the same."""


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


def factors(case: Case) -> Iterator[Factor]:  # noqa: C901 - one condition a factor
    """Return what may be changed about a container, the likeliest first."""
    config, silent = case.config, case.is_silent
    python = any(item.script and item.script.language == "python" for item in case.launched)
    rust = any(
        item.program and item.program.elf and item.program.elf.language == "rust"
        for item in case.launched
    )
    if case.exit_code == 139 and not config.init:
        yield Factor("an init as process 1", replace(config, init=True), flags="--init")
    if config.read_only:
        yield Factor(
            "a writable root file system",
            replace(config, read_only=False),
            flags="without --read-only",
        )
    if config.user and case.identity.uid != 0:
        yield Factor("the user root", replace(config, user="0"), flags="--user 0")
    if config.capabilities_dropped or config.security:
        yield Factor(
            "the usual capabilities",
            replace(config, capabilities_dropped=(), security=()),
            flags="without --cap-drop and --security-opt",
        )
    if config.memory:
        yield Factor(
            "more memory",
            replace(config, memory=max(4 * config.memory, MEMORY), swap=0),
            flags=f"--memory {max(4 * config.memory, MEMORY) >> 20}m",
        )
    if config.pids and config.pids < PROCESSES:
        yield Factor(
            "more processes", replace(config, pids=PROCESSES), flags=f"--pids-limit {PROCESSES}"
        )
    if config.ulimits:
        yield Factor("no ulimits", replace(config, ulimits={}), flags="without --ulimit")
    for mount in config.mounts[:4]:
        rest = tuple(m for m in config.mounts if m is not mount)
        yield Factor(
            f"no mount over {mount.destination}",
            replace(config, mounts=rest),
            flags=f"without the mount over {mount.destination}",
        )
    if case.exit_code == 0 and not config.stdin:
        yield Factor(
            "a terminal and an open input", replace(config, tty=True, stdin=True), flags="-it"
        )
    yield from _variables(case)
    if python and silent:
        yield Factor(
            "unbuffered output",
            replace(config, env={**config.env, "PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"}),
            flags="-e PYTHONUNBUFFERED=1 -e PYTHONFAULTHANDLER=1",
        )
    if rust:
        yield Factor(
            "backtraces",
            replace(config, env={**config.env, "RUST_BACKTRACE": "1"}),
            flags="-e RUST_BACKTRACE=1",
        )
    first = case.launched[0] if case.launched else None
    if first and first.script and first.script.language == "sh" and first.script.path:
        traced = (
            ("sh", "-x", first.script.path, *config.command)
            if config.entrypoint
            else ("sh", "-x", first.script.path)
        )
        yield Factor(
            "a traced shell",
            replace(config, entrypoint=traced, command=()),
            flags=f"--entrypoint sh IMAGE -x {shlex.quote(first.script.path)}",
        )


def _variables(case: Case) -> Iterator[Factor]:
    from .causes.silence.readings import named_variables

    for name, _by, _required in named_variables(case)[:3]:
        env = {
            **case.config.env,
            name: "postgres://localhost/x" if name.endswith(("URL", "URI", "DSN")) else "1",
        }
        yield Factor(f"the variable {name}", replace(case.config, env=env), flags=f"-e {name}=...")
