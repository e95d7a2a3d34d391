"""Sets up logging and hooks before anything else, so that every failure is reported.

Standard library only, and little of it: what is imported here can still fail silently.
"""

import errno
import faulthandler
import logging
import os
import sys
import threading
from collections.abc import Callable

from . import EXIT_SOFTWARE, stdio, stop, supervised
from .log import Reporter, start_logging
from .shared_state import shared

log = Reporter(logging.getLogger(__name__))


def start(service: str) -> None:
    """Write the first log line and install every hook that reports a failure."""
    shared.own()
    stdio.Output.service = service
    stdio.install()
    start_logging()
    version, directory = sys.version.split()[0], _directory()
    log.info("starting %s: Python %s, process %d, in %s", service, version, os.getpid(), directory)
    sys.excepthook = lambda *error: log.critical("uncaught exception", exc_info=error)
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable
    faulthandler.enable(file=stdio.stacks())
    if supervised.is_there():
        faulthandler.register(supervised.DUMP, file=stdio.stacks())
    # Imported late, so that the first line is not delayed.
    from . import patches, sent_signals

    sent_signals.install()
    patches.install()
    stop.install()


def _directory() -> str:
    """Return the working directory, the base of relative paths; warn if it cannot be used."""
    try:
        directory = os.getcwd()
        os.stat(f"{directory}/.")
    except OSError as error:
        advice = "start the service in an existing directory that this user may enter"
        log.warning("the working directory cannot be used: %s; %s", error.strerror, advice)
        return "no directory"
    return directory


def guarded(serve: Callable[[], int]) -> int:
    """Return the exit status of `serve`; log the exception if one ends it."""
    try:
        status = serve()
    except SystemExit as error:
        stop.end_forked(error)
        status = _exit_called(error)
    except BaseException as error:
        stop.end_forked(error)
        status = stop.exit_status(error)
        try:
            _say_unreadable()
            log.critical("the service failed and stops; docs/runbook.md#log-lines", exc_info=True)
        except MemoryError:
            stdio.say("CRITICAL", "boot", "out of memory, and too little is left to say where")
    shared.finished = 1
    shared.end(status)
    return status


def _say_unreadable() -> None:
    """Log which parts of the package this user may not read: Python treats them as missing."""
    errors: list[OSError] = []
    package = os.path.dirname(os.path.dirname(__file__))
    for directory, _, _ in os.walk(package, onerror=errors.append):
        if not os.access(directory, os.R_OK | os.X_OK):
            errors.append(PermissionError(errno.EACCES, os.strerror(errno.EACCES), directory))
    for name in sorted({str(error.filename) for error in errors}):
        log.error(
            "user %d may not read %s, so Python reports modules in it as missing;"
            " docs/runbook.md#check-program-file",
            os.getuid(),
            name,
        )


def _exit_called(error: SystemExit) -> int:
    """Tell the end of a requested stop from an unexpected call of sys.exit()."""
    status = error.code if isinstance(error.code, int) else 0
    if stop.stopping.asked or shared.asked:
        return status
    log.critical(
        "the service ended itself: sys.exit(%s) was called; docs/runbook.md#ended-without-a-word",
        "" if error.code is None else repr(error.code),
        exc_info=error,
    )
    return status or EXIT_SOFTWARE


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    name = args.thread.name if args.thread else "unknown"
    error = args.exc_value or args.exc_type()
    log.critical("uncaught exception in thread %s", name, exc_info=error)


def _unraisable(args: "sys.UnraisableHookArgs") -> None:
    where = args.err_msg or "exception ignored"
    log.error("%s in %r", where, args.object, exc_info=args.exc_value)
