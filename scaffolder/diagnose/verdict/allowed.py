"""What a copy of a container may do: at most what the container may, without a network."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from scaffolder import temporary
from scaffolder.diagnose.evidence.config import Config

from .limited import MEMORY, PROCESSES

TRACES = "ptrace"
"""The system call that a tracer makes."""


@contextmanager
def security(config: Config) -> Iterator[list[str]]:
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


def traced(config: Config) -> Config:
    """Return a configuration under which the tracer may trace: Docker's own profile allows that."""
    return replace(config, security=tuple(map(_traceable, config.security)))


def _traceable(option: str) -> str:
    name, mark, value = option.partition("=")
    if name != "seccomp":
        return option
    try:
        profile = json.loads(value)
        rules = [rule | {"names": _others(rule)} for rule in profile["syscalls"] or ()]
    except (ValueError, KeyError, TypeError, RecursionError):
        return option
    allowed = {"names": [TRACES], "action": "SCMP_ACT_ALLOW"}
    kept = [rule for rule in rules if rule["names"]]
    more = [] if profile.get("defaultAction") == allowed["action"] else [allowed]
    return f"{name}{mark}{json.dumps(profile | {'syscalls': [*kept, *more]})}"


def _others(rule: dict[str, Any]) -> list[str]:
    """Return the calls of a rule without the one; older profiles have one rule for each."""
    names: list[str] = rule.get("names") or [rule["name"]]
    return [name for name in names if name != TRACES]


def options(config: Config, own_name: str) -> list[str]:
    """Return the options of `docker create` for its name, limits, rights and places.

    The engine writes the name of a host into its /etc/hosts, but not without a network: a server
    that asks for its own name would look like one that lacks a neighbour.
    """
    # A name server that is there, though it refuses: so that names are asked for, and seen.
    flags = ["--network", "none", "--dns", "127.0.0.1", "--log-driver", "json-file"]
    flags += ["--workdir", config.workdir, *config.slowed]
    flags += [
        "--memory",
        str(config.memory or MEMORY),
        "--pids-limit",
        str(config.pids or PROCESSES),
        "--no-healthcheck",
    ]
    flags += [
        *(("--user", config.user) if config.user else ()),
        "--hostname",
        own_name,
        *(("--read-only",) if config.read_only else ()),
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
    flags += [f"--add-host={entry}" for entry in (*config.hosts, f"{own_name}:127.0.0.1")]
    flags += [f"--ulimit={name}={value}" for name, value in config.ulimits.items()]
    flags += [
        f"--tmpfs={place}{':' + options if options else ''}"
        for place, options in config.tmpfs.items()
    ]
    flags += [f"--shm-size={config.shm}"] if config.shm else []
    return [*flags, *(f"--sysctl={name}={value}" for name, value in config.sysctls.items())]
