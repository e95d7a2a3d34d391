"""The container of a drill: hardened as every other one, with its fault."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from scaffolder import temporary
from scaffolder.docker.client import Engine
from scaffolder.docker.container import Container, Image, created
from scaffolder.verify.container import HARDENED
from scaffolder.verify.steps import MissingError

from .drill import Drill

READABLE = ("--log-driver", "json-file", "--log-opt", "max-size=10m")
"""Whatever the daemon's own choice is."""
USUAL = (*HARDENED, *READABLE)

EPERM = 1

LOOK_SECONDS = 0.1
NEIGHBOUR_SECONDS = 60.0


@contextmanager
def prepared(drill: Drill, engine: Engine, image: Image) -> Iterator[Container]:
    """Create a container that has the fault, or is going to get it; start nothing."""
    options = [*drill.options]
    command: tuple[str, ...] = ()
    options += [f"--env={name}={value}" for name, value in drill.settings.items()]
    if drill.request:
        options.append(f"--publish=127.0.0.1::{image.port(drill.settings)}")
    if drill.line:
        options += ["--entrypoint", "sh"]
        command = ("-c", drill.line, "sh", *image.command)
    elif drill.start:
        options += ["--entrypoint", drill.start[0]]
        command = drill.start[1:]
    with ExitStack() as stack:
        if drill.refused:
            profile = stack.enter_context(_profile(drill.refused))
            options += ["--security-opt", f"seccomp={profile}"]
        if drill.beside:
            neighbour = stack.enter_context(created(engine, image.name, *USUAL))
            _require_health(neighbour, image)
            options += ["--network", f"container:{neighbour.name}"]
        yield stack.enter_context(created(engine, image.name, *USUAL, *options, command=command))


def _require_health(neighbour: Container, image: Image) -> None:
    """Start a container, and wait until it listens: it has to be the first."""
    neighbour.start()
    if not wait(lambda: neighbour.run(*image.health_check).code == 0, NEIGHBOUR_SECONDS):
        raise MissingError("it cannot be played: no container of the image gets healthy")


def wait(true: Callable[[], object], seconds: float) -> bool:
    """Wait until something holds; return whether it does."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_SECONDS)
    return True


@contextmanager
def _profile(refused: tuple[str, ...]) -> Iterator[str]:
    """Write a seccomp profile that refuses system calls, and allows all others."""
    rule = {"names": refused, "action": "SCMP_ACT_ERRNO", "errnoRet": EPERM}
    with temporary.directory() as place:
        file = place / "seccomp.json"
        profile = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}
        file.write_text(json.dumps(profile), encoding="utf-8")
        yield str(file)
