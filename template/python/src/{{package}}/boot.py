"""Logging and hooks before anything else, so that no failure goes unreported.

Standard library only, and little of it: what is imported here can still fail in silence.
"""

import errno
import faulthandler
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, TextIO

from . import output, supervisor
from .lifeline import lifeline
from .supervisor import EXIT_SOFTWARE, EXIT_SYSTEM

HANDLER_NAME = "boot"
LIMITS = {errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC}

if TYPE_CHECKING:
    StreamHandler = logging.StreamHandler[TextIO]
    LoggerAdapter = logging.LoggerAdapter[logging.Logger]
else:
    StreamHandler = logging.StreamHandler  # not generic at run time
    LoggerAdapter = logging.LoggerAdapter


class Reporter(LoggerAdapter):
    """A logger that is heard, whatever the application makes of logging.

    dictConfig() disables every logger that it does not name, unless it is told not to. Handlers can
    be taken away, or write elsewhere: then the cause of a death is written as it is.
    """

    def log(self, level: int, msg: object, *args: object, **options: Any) -> None:  # noqa: ANN401 - as in logging
        """Log a line; what is critical gets out by all means."""
        self.logger.disabled = False
        writes = output.Output.writes
        super().log(level, msg, *args, **options)
        if level >= logging.CRITICAL and output.Output.writes == writes:
            plain = logging.Logger(self.logger.name)  # noqa: LOG001 - one that no configuration knows
            plain.manager = logging.Manager(logging.RootLogger(level))  # not logging.disable()'s
            plain.addHandler(_handler())
            plain.log(level, msg, *args, **options)


log = Reporter(logging.getLogger(__name__))


def start(service: str) -> None:
    """Write the first log line and install every hook that reports a failure."""
    output.install()
    start_logging()
    version, directory = sys.version.split()[0], _directory()
    log.info("starting %s: Python %s, process %d, in %s", service, version, os.getpid(), directory)
    install_hooks()


def _directory() -> str:
    """Return the working directory, where relative paths begin; say when there is none to use."""
    try:
        directory = os.getcwd()  # noqa: PTH109 - pathlib takes longer to import than all of this
        os.stat(f"{directory}/.")  # noqa: PTH116
    except OSError as error:
        advice = "start the service in a directory that is there and that this user may enter"
        log.warning("the working directory cannot be used: %s; %s", error.strerror, advice)
        return "no directory"
    return directory


def start_logging() -> None:
    """Log lines to stdout, unbuffered, until fuller logging takes over."""
    root = logging.getLogger()
    root.addHandler(_handler())
    # A level that does not exist is reported with the other settings, by config.
    known = logging.getLevelNamesMapping()
    root.setLevel(known.get(os.environ.get("LOG_LEVEL", "").upper(), logging.INFO))
    logging.captureWarnings(capture=True)


def _handler() -> "Handler":
    handler = Handler(sys.stdout)
    handler.name = HANDLER_NAME
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    return handler


class Handler(StreamHandler):
    """Keeps the last lines for the supervisor, too."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = super().format(record)
        lifeline.log(line[-1000:].encode("utf-8", "backslashreplace") + b"\n")
        return line


def install_hooks() -> None:
    """Report exceptions that nobody catches, fatal signals, and requests to stop."""
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable
    faulthandler.enable(file=2)
    for number in supervisor.STOPS - supervisor.ignored():
        signal.signal(number, stopping.note)


class Stopping:
    """Who asked the service to stop, and what is to be done then."""

    def __init__(self) -> None:
        """Start with nobody asking."""
        self.asked: signal.Signals | None = None
        self.began = 0.0  # when it was asked, by time.monotonic()
        self.act: Callable[[], object] | None = None
        """Stops the server; before there is one, the process just ends."""

    def note(self, number: int, _frame: FrameType | None = None) -> None:
        """Handle a signal that asks to stop."""
        if self.asked is None and not supervisor.is_there():
            # It ends even where the event loop is blocked; a supervisor sees to that, and says so.
            faulthandler.dump_traceback_later(supervisor.STOP_TICKS, exit=True, file=2)
        self.asked = self.asked or signal.Signals(number)
        self.began = self.began or time.monotonic()
        if self.act is None:
            raise SystemExit(self.status())
        self.act()

    def status(self) -> int:
        """Say why it stops; return the exit status."""
        if supervisor.is_gone():
            log.critical(
                "the supervisor, process 1 in a container, was killed: the service stops with it;"
                " docs/runbook.md#supervisor-gone"
            )
            return EXIT_SOFTWARE
        log.info("stopped by %s", self.asked.name if self.asked else "nobody")
        return 0


stopping = Stopping()


def guarded(serve: Callable[[], int]) -> int:
    """Return the exit status of `serve`; name whatever ends it otherwise."""
    try:
        status = serve()
    except SystemExit as error:
        status = _exit_called(error)
    except BaseException as error:  # noqa: BLE001 - nothing is above
        status = EXIT_SYSTEM if _is_limit(error) else EXIT_SOFTWARE
        try:
            log.critical("the service failed and stops; docs/runbook.md#log-lines", exc_info=True)
        except MemoryError:
            output.say("out of memory, and too little is left to say where; see #pattern-memory")
    lifeline.end(status)
    return status


def _is_limit(error: BaseException) -> bool:
    """Tell whether the system refused something: memory, files, processes, room on a disk."""
    if isinstance(error, OSError):
        return error.errno in LIMITS
    return isinstance(error, MemoryError) or "start new thread" in str(error)


def _exit_called(error: SystemExit) -> int:
    """Tell the end of a stop that was asked for from a call of sys.exit() that nobody expects."""
    if stopping.asked:
        return error.code if isinstance(error.code, int) else 0
    log.critical(
        "the service ended itself: sys.exit(%s) was called; docs/runbook.md#ended-without-a-word",
        "" if error.code is None else repr(error.code),
        exc_info=error,
    )
    return error.code if isinstance(error.code, int) and error.code else EXIT_SOFTWARE


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    log.critical("uncaught exception", exc_info=(kind, error, trace))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    name = args.thread.name if args.thread else "unknown"
    error = args.exc_value or args.exc_type()
    log.critical("uncaught exception in thread %s", name, exc_info=error)


def _unraisable(args: "sys.UnraisableHookArgs") -> None:
    where = args.err_msg or "exception ignored"
    log.error("%s in %r", where, args.object, exc_info=args.exc_value)
