"""Rendering of templates that others wrote, in a process of its own with nothing at hand.

The process has no environment, no terminal and no git, may take so much memory and time, and
writes no file larger than a service has. In it, Jinja's sandbox (Copier's) keeps templates away
from attributes that lead to code; what would make a render more than a function of template and
answers is gone (jinja.py has the list); and templates are found below the template's root only.
"""

import atexit
import contextlib
import json
import os
import resource
import select
import subprocess
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scaffolder import names
from scaffolder.render import TemplateError, run_copier

from .files import ORIGINS
from .jinja import FILTERS, VARIABLES

SECONDS = 60.0
"""A render takes a third of a second; on a machine that has much else to do, some."""

MEMORY = 2 << 30
"""Bytes of addresses; Python with Copier takes a quarter of a GiB."""

LARGEST_FILE = 16 << 20

ENVIRONMENT = {
    "PATH": os.devnull,
    "HOME": os.devnull,
    "LC_ALL": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "TZ": "UTC",
}
KEPT = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
"""What Python needs to find the same modules."""

_process: "subprocess.Popen[bytes] | None" = None


def render(root: Path, answers: Mapping[str, Any], into: Path) -> None:
    """Render a flattened template into `into`; raise TemplateError, with the overlay's own line."""
    job = {"root": str(root), "answers": dict(answers), "into": str(into)}
    found = _ask(json.dumps(job, default=str).encode() + b"\n")
    if "error" in found:
        raise TemplateError(f"the template cannot be rendered: {_where(root, found)}")
    check(into)


def check(rendered: Path) -> None:
    """Raise TemplateError if a rendered service has what git would take for its own, or a link."""
    for folder, folders, found in os.walk(rendered):
        for name in (*folders, *found):
            path = Path(folder, name)
            shown = names.printable(path.relative_to(rendered).as_posix())
            if name.casefold() in (".git", "git~1") or not name.isprintable():
                raise TemplateError(f"the template writes {shown}, which is not a service's")
            if path.is_symlink():
                raise TemplateError(f"the template writes a symbolic link: {shown}")


def _where(root: Path, found: Mapping[str, Any]) -> str:
    """Return the message of a failed render, with a place in the overlay if there is one."""
    words = names.printable(" ".join(str(found["error"]).split()))
    path, line = found.get("at") or ("", 0)
    if not path:
        return words
    origins = json.loads((root / ORIGINS).read_text(encoding="utf-8"))
    return f"{names.printable(origins.get(path, path))}:{line}: {words}"


def _ask(job: bytes) -> dict[str, Any]:
    """Have the process do a job; start it if there is none. It is killed when it takes too long."""
    global _process  # noqa: PLW0603 - one process for all renders of this one
    if _process is None or _process.poll() is not None:
        _process = _start()
    try:
        stdin, stdout = _process.stdin, _process.stdout
        assert stdin is not None  # noqa: S101 - both are pipes
        assert stdout is not None  # noqa: S101 - as above
        with contextlib.suppress(BrokenPipeError):
            stdin.write(job)
            stdin.flush()
        ready, _, _ = select.select([stdout], [], [], SECONDS)
        answer = stdout.readline() if ready else b""
    except BaseException:
        stop()
        raise
    if not answer:
        stop()
        return {"error": "it took too long, or too much memory: is there a loop without an end?"}
    found: dict[str, Any] = json.loads(answer)
    return found


def _start() -> "subprocess.Popen[bytes]":
    """Start the process; `-P` keeps the current directory, a stranger's perhaps, off its path."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-P", "-W", "ignore", "-m", __name__],
        env={**ENVIRONMENT, **kept},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    atexit.register(stop)
    return process


def stop() -> None:
    """End the process, if there is one."""
    global _process  # noqa: PLW0603 - as above
    if _process is None:
        return
    _process.kill()
    for pipe in (_process.stdin, _process.stdout):
        if pipe:
            with contextlib.suppress(OSError):
                pipe.close()
    _process.wait()
    _process = None


def _serve() -> None:
    """Do the jobs that come in, one a line; nothing that a template starts can read or answer."""
    jobs, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    _take_away()
    for line in jobs:
        used = resource.getrusage(resource.RUSAGE_SELF)
        most = int(used.ru_utime + used.ru_stime + SECONDS) + 1  # for a process that is left alone
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
        answers.write(json.dumps(_done(json.loads(line))).encode() + b"\n")
        answers.flush()


def _done(job: Mapping[str, Any]) -> dict[str, Any]:
    root = Path(job["root"])
    try:
        run_copier(root, job["answers"], Path(job["into"]))
    except Exception as error:  # noqa: BLE001 - whatever a template makes fail
        return {"error": _words(error), "at": _line(root, error)}
    return {}


def _words(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return f"it takes more than {MEMORY >> 30} GiB of memory"
    if type(error).__name__ == "InteractiveSessionError":  # Copier would ask which one wins
        return "two of its files go to the same place in a service"
    return str(error) or type(error).__name__


def _line(root: Path, error: BaseException | None) -> tuple[str, int] | None:
    """Return the innermost line of a template on the way to an error: Jinja puts them there."""
    while error:
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if Path(frame.filename).is_relative_to(root) and frame.lineno:
                return Path(frame.filename).relative_to(root).as_posix(), frame.lineno
        path, line = getattr(error, "filename", None), getattr(error, "lineno", 0)
        if isinstance(path, str) and Path(path).is_relative_to(root):
            return Path(path).relative_to(root).as_posix(), line
        error = error.__cause__
    return None


def _take_away() -> None:
    """Take away from every Jinja environment what templates of others have no use for."""
    from jinja2 import Environment, runtime, utils
    from jinja2.sandbox import SandboxedEnvironment

    class Context(runtime.Context):
        """Variables, but for those that tell about the machine."""

        def resolve_or_missing(self, key: str) -> Any:  # noqa: ANN401 - as in Jinja
            found = super().resolve_or_missing(key)
            if key == "_copier_conf":
                return {"answers_file": found["answers_file"]}
            return utils.missing if key in VARIABLES else found

    start = SandboxedEnvironment.__init__

    def start_confined(self: SandboxedEnvironment, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as in Jinja
        start(self, *args, **options)
        for name in FILTERS:
            self.filters.pop(name, None)
        self.globals.pop("lipsum", None)

    SandboxedEnvironment.__init__ = start_confined  # type: ignore[method-assign]
    Environment.context_class = Context


if __name__ == "__main__":
    _serve()
