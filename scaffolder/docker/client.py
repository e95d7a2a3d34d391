"""The docker or podman command: the only access to the containers."""

import json
import os
import re
import shutil
from collections.abc import Callable
from typing import IO, Any

from scaffolder.errors import UnreadableError

from . import process
from .process import Ran

SECONDS = 15.0
"""How long an engine command may take; a daemon that hangs never answers."""
LIMIT = 8 * 1024 * 1024
"""How many bytes of an answer are read."""

SOCKET = re.compile(
    r"permission denied.*(?:docker|podman).*sock|dial unix.*permission denied", re.IGNORECASE
)
DOWN = re.compile(
    r"cannot connect to the docker daemon|is the docker daemon running|connection refused"
    r"|no such host|error during connect|cannot connect to podman|dial unix.*no such file"
    r"|failed to connect to the docker api",
    re.IGNORECASE,
)


class EngineError(UnreadableError):
    """Docker cannot be used. Exit code 1."""


class AnswerError(EngineError):
    """Docker's answer cannot be read. Exit code 1."""


class Engine:
    """A container engine, used through its command."""

    def __init__(self, program: str) -> None:
        """Use `program`: docker, or a command with the same options."""
        self.program = program

    def run(
        self,
        *args: str,
        seconds: float = SECONDS,
        limit: int = LIMIT,
        enough: Callable[[bytes, int], bool] | None = None,
        stdin: IO[bytes] | None = None,
    ) -> Ran:
        """Run a command of the engine; raise EngineError if the engine itself fails."""
        try:
            ran = process.run(
                (self.program, *args), seconds=seconds, limit=limit, enough=enough, stdin=stdin
            )
        except OSError as error:
            raise EngineError(f"{self.program} cannot be run: {error.strerror}") from error
        if ran.code:
            self._require_answer(ran)
        return ran

    def ask(self, *args: str, seconds: float = SECONDS, stdin: IO[bytes] | None = None) -> Ran:
        """Run a command that must end in time; raise EngineError if it does not."""
        ran = self.run(*args, seconds=seconds, stdin=stdin)
        if ran.slow:
            raise EngineError(
                f"`{self.name} {args[0]}` did not answer within {seconds:g} s: the daemon hangs",
                f"try `{self.name} info`, and restart the daemon if that hangs, too",
            )
        return ran

    def json(self, *args: str) -> list[Any]:
        """Return what a command prints, one JSON document per line or a list of them."""
        text = self.ask(*args).text.strip()
        if text.startswith("["):
            found = parsed(text)
            return found if isinstance(found, list) else []
        return [parsed(line) for line in text.splitlines() if line.startswith("{")]

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
                f"this user is not allowed to use the Docker daemon: {said[:300]}",
                "run it with sudo, or join the group `docker` and log in again",
            )
        if DOWN.search(said) and "Error response from daemon" not in said:
            raise EngineError(
                f"the Docker daemon does not answer: {said[:300]}",
                "start it (systemctl start docker), or set DOCKER_HOST to its address",
            )


def parsed(text: str) -> Any:  # noqa: ANN401 - whatever it is
    """Read JSON that an engine printed; raise AnswerError if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AnswerError(f"the engine's answer cannot be read: {error}") from error


def find() -> Engine:
    """Return the engine of this machine; raise EngineError if there is none."""
    for name in ("docker", "podman"):
        program = shutil.which(name)
        if program:
            return Engine(program)
    raise EngineError(
        "neither docker nor podman was found", "install the docker command (docker-cli)"
    )
