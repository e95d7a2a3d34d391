"""Docker Compose, as a plugin of docker or as a command of its own."""

import shutil
from pathlib import Path

from .client import Engine, EngineError
from .process import Ran

SECONDS = 180.0
"""How long containers may take to stop and start."""

PROJECT = "com.docker.compose.project"
HINT = "install docker-compose-plugin (docs.docker.com/compose/install)"
FOLDER = "com.docker.compose.project.working_dir"


class Compose:
    """The compose project of a directory."""

    def __init__(self, engine: Engine, folder: Path, files: list[Path]) -> None:
        """Use `files`, in which paths are relative to `folder`; raise EngineError without one."""
        where = [word for file in files for word in ("--file", str(file))]
        name = project(engine, folder)
        named = ["--project-name", name] if name else []
        self.folder = folder
        self._options = [*where, "--project-directory", str(folder), *named]
        self._engine, self._before = _command(engine)

    def __call__(self, *args: str) -> Ran:
        """Run a command of it; raise EngineError if it fails."""
        ran = self._engine.ask(*self._before, *self._options, *args, seconds=SECONDS)
        if ran.code:
            raise EngineError(f"compose {args[0]} failed: {ran.complaint[-1000:]}")
        return ran


def version(engine: Engine, seconds: float) -> str:
    """Return the version of Compose; raise EngineError if there is none."""
    program, before = _command(engine)
    ran = program.ask(*before, "version", "--short", seconds=seconds)
    if ran.code:
        raise EngineError(f"compose version failed: {ran.complaint[-1000:]}", HINT)
    return ran.text.strip()


def project(engine: Engine, folder: Path) -> str:
    """Return the name that a directory's project was started with; empty if there is none."""
    command = ("ps", "--all", "--filter", f"label={FOLDER}={folder}", "--format")
    rows = engine.ask(*command, f'{{{{.Label "{PROJECT}"}}}}').text.split()
    return rows[0] if rows else ""


def _command(engine: Engine) -> tuple[Engine, tuple[str, ...]]:
    if not engine.run("compose", "version").code:
        return engine, ("compose",)
    program = shutil.which("docker-compose")
    if program is None:
        raise EngineError(
            "neither `docker compose` nor docker-compose was found",
            HINT,
        )
    return Engine(program), ()
