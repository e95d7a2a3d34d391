"""The docker command, or podman's: the only way to the containers."""

import json
import os
import re
import shutil
from collections.abc import Callable
from typing import Any

from scaffolder.errors import ScaffoldError

from . import process
from .process import Ran

SECONDS = 15.0
"""So long may a command of the engine take; a daemon that hangs answers none."""
LIMIT = 8 * 1024 * 1024
"""So many bytes of an answer are read."""

SOCKET = re.compile(
    r"permission denied.*(?:docker|podman).*sock|dial unix.*permission denied", re.IGNORECASE
)
DOWN = re.compile(
    r"cannot connect to the docker daemon|is the docker daemon running|connection refused"
    r"|no such host|error during connect|cannot connect to podman|dial unix.*no such file"
    r"|failed to connect to the docker api",
    re.IGNORECASE,
)


class EngineError(ScaffoldError):
    """Docker cannot be asked. Exit code 1."""


class Engine:
    """A container engine that is asked by its command."""

    def __init__(self, program: str) -> None:
        """Ask by `program`, a docker or what has its options."""
        self.program = program

    def run(
        self,
        *args: str,
        seconds: float = SECONDS,
        limit: int = LIMIT,
        enough: Callable[[bytes, int], bool] | None = None,
    ) -> Ran:
        """Run a command of the engine; raise EngineError when the engine itself is in the way."""
        try:
            ran = process.run((self.program, *args), seconds=seconds, limit=limit, enough=enough)
        except OSError as error:
            raise EngineError(f"{self.program} cannot be run: {error.strerror}") from error
        if ran.code:
            self._require_answer(ran)
        return ran

    def ask(self, *args: str, seconds: float = SECONDS) -> Ran:
        """Run a command that must end in time; raise EngineError when it does not."""
        ran = self.run(*args, seconds=seconds)
        if ran.slow:
            raise EngineError(
                f"`{self.name} {args[0]}` has not answered for {seconds:g} s: the daemon hangs",
                f"`{self.name} info`, and restart the daemon if that hangs, too",
            )
        return ran

    def json(self, *args: str) -> list[Any]:
        """Return what a command prints, one JSON document a line or a list of them."""
        text = self.ask(*args).text.strip()
        if text.startswith("["):
            found = json.loads(text)
            return found if isinstance(found, list) else []
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    @property
    def name(self) -> str:
        """What a person types to run it."""
        return os.path.basename(self.program)  # noqa: PTH119 - a command, not a path

    @property
    def is_remote(self) -> bool:
        """Tell whether the daemon may run on another machine than this process."""
        return not os.environ.get("DOCKER_HOST", "unix:").startswith(("unix:", "npipe:"))

    def _require_answer(self, ran: Ran) -> None:
        said = ran.complaint
        if SOCKET.search(said):
            raise EngineError(
                f"this user may not talk to the Docker daemon: {said[:300]}",
                "sudo viscaffold diagnose ..., or join the group `docker` and log in again",
            )
        if DOWN.search(said) and "Error response from daemon" not in said:
            raise EngineError(
                f"the Docker daemon does not answer: {said[:300]}",
                "start it (systemctl start docker), or set DOCKER_HOST to where it runs",
            )


def find() -> Engine:
    """Return the engine of this machine; raise EngineError if there is none."""
    for name in ("docker", "podman"):
        program = shutil.which(name)
        if program:
            return Engine(program)
    raise EngineError(
        "neither docker nor podman was found", "install the command of Docker (docker-cli)"
    )
