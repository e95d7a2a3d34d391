"""A process without privileges, in which texts from others are read and rendered.

It has no environment, no terminal and no git, may take so much memory and time, and writes no file
larger than a service has.
"""

import atexit
import contextlib
import json
import os
import pkgutil
import resource
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from scaffolder import streams

from . import jinja_limits

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
"""What the interpreter needs to find the same modules."""

Answer = dict[str, Any]
"""Empty, or with an `error`; plain values, as JSON has them."""

_process: "subprocess.Popen[bytes] | None" = None


def call(function: Callable[..., Answer], **arguments: object) -> Answer:
    """Call a function of a module there, and return its answer; arguments are plain values.

    The process is started if there is none, and killed when it takes too long.
    """
    global _process  # noqa: PLW0603 - one process for all calls of this one
    name = f"{function.__module__}:{function.__qualname__}"
    if _process is None or _process.poll() is not None:
        _process = _start()
    try:
        stdin, stdout = _process.stdin, _process.stdout
        assert stdin is not None  # noqa: S101 - both are pipes
        assert stdout is not None  # noqa: S101 - as above
        with contextlib.suppress(BrokenPipeError):
            stdin.write(json.dumps([name, arguments], default=str).encode() + b"\n")
            stdin.flush()
        ready = streams.is_readable(stdout.fileno(), SECONDS)
        answer = stdout.readline() if ready else b""
    except BaseException:
        stop()
        raise
    if not answer:
        stop()
        return {"error": "it took too much time or memory: is there an endless loop?"}
    found: Answer = json.loads(answer)
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
    """Do the calls that come in, one a line; nothing that a template starts can read or answer."""
    calls, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    jinja_limits.take_away()
    for line in calls:
        used = resource.getrusage(resource.RUSAGE_SELF)
        most = int(used.ru_utime + used.ru_stime + SECONDS) + 1  # for a process that is left alone
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
        name, arguments = json.loads(line)
        answers.write(json.dumps(pkgutil.resolve_name(name)(**arguments)).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    _serve()
