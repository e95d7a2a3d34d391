"""Logging and hooks before anything else, so that no failure goes unreported.

Standard library only, and little of it: what is imported here can still fail in silence.
"""

import faulthandler
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

EXIT_SOFTWARE = 70  # sysexits.h, EX_SOFTWARE: the service's own fault
HANDLER_NAME = "boot"

log = logging.getLogger(__name__)


def start(service: str) -> None:
    """Write the first log line and install every hook that reports a failure."""
    start_logging()
    log.info("starting %s: Python %s, process %d", service, sys.version.split()[0], os.getpid())
    install_hooks()


def start_logging() -> None:
    """Log lines to stdout, unbuffered, until fuller logging takes over."""
    handler = logging.StreamHandler(sys.stdout)
    handler.name = HANDLER_NAME
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    # A level that does not exist is reported with the other settings, by config.
    known = logging.getLevelNamesMapping()
    root.setLevel(known.get(os.environ.get("LOG_LEVEL", "").upper(), logging.INFO))
    logging.captureWarnings(capture=True)


def install_hooks() -> None:
    """Report exceptions that nobody catches, fatal signals, and requests to stop."""
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable
    faulthandler.enable()
    # Stops that arrive before the server handles them, and once more when it is done with them.
    signal.signal(signal.SIGTERM, _asked_to_stop)
    signal.signal(signal.SIGINT, _asked_to_stop)


@contextmanager
def failures_named() -> Iterator[None]:
    """Turn an exception that reaches the top into a log line and exit status 70."""
    try:
        yield
    except Exception:
        log.critical("the service failed and stops", exc_info=True)
        raise SystemExit(EXIT_SOFTWARE) from None


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    log.critical("uncaught exception", exc_info=(kind, error, trace))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    name = args.thread.name if args.thread else "unknown"
    error = args.exc_value or args.exc_type()
    log.critical("uncaught exception in thread %s", name, exc_info=error)


def _unraisable(args: "sys.UnraisableHookArgs") -> None:
    where = args.err_msg or "exception ignored"
    log.error("%s in %r", where, args.object, exc_info=args.exc_value)


def _asked_to_stop(number: int, _frame: FrameType | None) -> None:
    log.info("stopped by %s", signal.Signals(number).name)
    raise SystemExit(0)
