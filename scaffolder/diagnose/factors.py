"""What may be changed about a copy of a container, one thing at a time."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace

from .case import Case
from .facts import Config

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
