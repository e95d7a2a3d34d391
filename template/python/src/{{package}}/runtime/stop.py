"""Handles a stop, in the service and in the processes that it forks."""

import errno
import faulthandler
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

from . import EXIT_SOFTWARE, EXIT_SYSTEM, STOP_SECONDS, stdio, supervised
from .log import Reporter
from .shared_state import shared

LIMITS = {errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC}

log = Reporter(logging.getLogger(__name__))


class Stopping:
    """Whether the service was asked to stop, by which signal, and what happens then."""

    def __init__(self) -> None:
        self.asked: signal.Signals | None = None
        self.began = 0.0  # when it was asked, in time.monotonic()
        self.act: Callable[[], object] | None = None  # stops the server, once there is one

    def note(self, number: int, _frame: FrameType | None = None) -> None:
        """Handle a signal that asks to stop."""
        if self.asked is None and not supervised.is_there():
            # Ends it even if the event loop is blocked; a supervisor would do that.
            faulthandler.dump_traceback_later(STOP_SECONDS, exit=True, file=stdio.stacks())
        self.asked = self.asked or signal.Signals(number)
        self.began = self.began or time.monotonic()
        if self.act is None:
            raise SystemExit(self.status())
        self.act()

    def kept(self) -> set[int]:
        """Return the signals that the application handles itself, for example to reload.

        SIGTERM is never one of them, and there are none once the service stops.
        """
        if self.asked:
            return set()
        asking = supervised.STOPS - {signal.SIGTERM}
        ours = (self.note, signal.SIG_DFL)
        return {number for number in asking if signal.getsignal(number) not in ours}

    def status(self) -> int:
        """Log why it stops; return the exit status."""
        if supervised.is_gone():
            log.critical(
                "the supervisor, process 1 in a container, was killed: the service stops with it;"
                " docs/runbook.md#supervisor-gone"
            )
            return EXIT_SOFTWARE
        log.info("stopped by %s", self.asked.name if self.asked else "nobody")
        return 0


stopping = Stopping()


def install() -> None:
    """Handle the signals that ask to stop, including those that are pending."""
    for number in supervised.STOPS - supervised.ignored():
        signal.signal(number, stopping.note)
    os.register_at_fork(
        before=_hold_stops, after_in_parent=_release_stops, after_in_child=_leave_stopping
    )
    signal.pthread_sigmask(signal.SIG_UNBLOCK, supervised.STOPS)


_masks = threading.local()


def _hold_stops() -> None:
    """Block them during a fork: Python would lose one in the new process."""
    _masks.before = signal.pthread_sigmask(signal.SIG_BLOCK, supervised.STOPS)


def _release_stops() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _masks.before)


def _leave_stopping() -> None:
    """Restore the default handlers in a forked process, so that these signals end it as usual."""
    for number in supervised.STOPS:
        if signal.getsignal(number) == stopping.note:
            default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, default)
    _release_stops()


def end_forked(error: BaseException | None) -> None:
    """End this process if the service forked it and it did not call os._exit() itself.

    The event loop, the connections and the exit status belong to the service.
    """
    if not shared.is_forked():
        return
    status = 0
    if isinstance(error, SystemExit):
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    elif error is not None:
        status = 1
        log.error("the forked process %d failed and ends", os.getpid(), exc_info=error)
    os._exit(status)


def exit_status(error: BaseException) -> int:
    """Return the exit status for an error: the system refused something, or the service failed."""
    is_limit = isinstance(error, MemoryError) or "start new thread" in str(error)
    if isinstance(error, OSError):
        is_limit = error.errno in LIMITS
    return EXIT_SYSTEM if is_limit else EXIT_SOFTWARE
