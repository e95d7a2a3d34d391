"""An engine for a copy that may turn out to be needless while it runs."""

import threading
from typing import Any

from scaffolder.docker.client import Engine, EngineError
from scaffolder.docker.process import Ran

CLEANING = ("inspect", "rm")


class Endable(Engine):
    """An engine that begins nothing more once it was ended, except to clean up."""

    def __init__(self, engine: Engine) -> None:
        """Use the same command."""
        super().__init__(engine.program)
        self._lock = threading.Lock()
        self._ended = False
        self._awaited = ""

    def run(self, *args: str, **limits: Any) -> Ran:  # noqa: ANN401 - as the engine's
        """Run a command, and remember which container is waited for."""
        with self._lock:
            if self._ended and args[0] not in CLEANING:
                raise EngineError("the copy is not needed any more")
            self._awaited = args[1] if args[0] == "wait" else ""
        return super().run(*args, **limits)

    def end(self) -> None:
        """Refuse all that would come; kill the copy that is waited for."""
        with self._lock:
            self._ended = True
            awaited = self._awaited
        if awaited:
            super().run("kill", awaited)
