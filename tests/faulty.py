"""Viscaffold in a process of its own, that is killed, or whose disk fails, at one of its writes.

Python tells an audit hook of everything that it is about to do (sys.addaudithook); the hook kills
the process, or raises what the operating system would have answered. Processes are forked from a
server that has all modules imported already, so that hundreds of them take seconds.
"""

import errno
import multiprocessing
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from conftest import heed_signals

from scaffolder import cli

ADDING = {"os.link", "os.mkdir", "os.rename", "os.symlink"}
REMOVING = {"os.remove", "os.rmdir", "os.truncate"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

NOT_REACHED = 99
"""How a process ends that came to its end before the write that was to fail."""

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(
    ["scaffolder.cli", "scaffolder.operations.plan", "scaffolder.templates.render"]
)

Fault = signal.Signals | int
"""A signal to be killed by, or an error number to fail with."""


def run(args: tuple[str, ...], cwd: Path, nth: int, fault: Fault) -> int:
    """Run a command that meets `fault` at its write number `nth`; return its exit code.

    A signal's number comes negative; NOT_REACHED says that it has no such write.
    """
    process = start(args, cwd, nth, fault)
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def start(
    args: tuple[str, ...], cwd: Path, nth: int = -1, fault: Fault = signal.SIGKILL
) -> "multiprocessing.context.ForkServerProcess":
    """Start a command, in a process group of its own; without `nth`, nothing happens to it."""
    process = SERVER.Process(target=_main, args=(args, cwd, nth, fault))
    process.start()
    return process


def _main(args: tuple[str, ...], cwd: Path, nth: int, fault: Fault) -> None:
    os.setsid()
    os.chdir(cwd)
    tempfile.tempdir = str(cwd.parent)  # what a killed process leaves there goes with the test
    heed_signals()
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        sys.stdout = sys.stderr = nowhere
        faulty = Faulty(nth, fault, cwd)
        sys.addaudithook(faulty)
        code = cli.run(list(args))
        faulty.armed = False
    os._exit(code if nth < 0 or faulty.met else NOT_REACHED)


class Faulty:
    """An audit hook that counts writes, and has one of them fail."""

    def __init__(self, nth: int, fault: Fault, root: Path) -> None:
        self.left = nth
        self.fault = fault
        self.roots = tuple(os.fsencode(path) for path in {root, root.resolve()})
        self.armed = nth >= 0
        self.met = False

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.armed or not self._counts(event, args):
            return
        self.left -= 1
        if self.left >= 0:
            return
        self.met = True
        self.armed = self.fault == errno.EROFS  # a file system that went bad stays so
        if isinstance(self.fault, signal.Signals):
            os.kill(os.getpid(), self.fault)
        else:
            raise OSError(self.fault, os.strerror(self.fault))

    def _counts(self, event: str, args: tuple[Any, ...]) -> bool:
        """Tell whether this changes the service; a git that is run may, and can only be killed."""
        if event == "subprocess.Popen":
            return isinstance(self.fault, signal.Signals) and self._inside(args[2])
        if event == "open":
            return isinstance(args[2], int) and bool(args[2] & WRITING) and self._inside(args[0])
        counted = ADDING if self.fault == errno.ENOSPC else ADDING | REMOVING
        if event not in counted or not self._inside(args[0], args[-1]):
            return False
        return event != "os.mkdir" or not Path(args[0]).exists()

    def _inside(self, path: object, directory: object = None) -> bool:
        """Tell whether a path is one of the service; it may be relative to an open directory."""
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        name = os.fsencode(path)
        if not name.startswith(b"/") and isinstance(directory, int) and directory >= 0:
            name = os.fsencode(Path(f"/proc/self/fd/{directory}").readlink()) + b"/" + name
        return name.startswith(self.roots)
