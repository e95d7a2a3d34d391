"""Reports child processes that are killed, whether or not the service waits for them."""

import logging
import os
import signal
from collections import deque

from . import procfs, sent_signals
from .log import Reporter

OWN_WAYS = (signal.SIGTERM, signal.SIGINT)  # how programs stop their own children

log = Reporter(logging.getLogger(__name__))
_reported: deque[int] = deque(maxlen=20)


def look() -> None:
    """Report child processes that were killed and not waited for."""
    for process in procfs.children(os.getpid()):
        try:
            found = os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            continue
        if found and found.si_code in (os.CLD_KILLED, os.CLD_DUMPED):
            report(process, found.si_status)


def report(process: int, number: int) -> None:
    """Log once that a child process was killed by a signal."""
    if number in OWN_WAYS or process in _reported:
        return
    _reported.append(process)
    if (process, number) in sent_signals.sent:
        log.info("child process %d was killed by signal %d, by this service", process, number)
    else:
        log.warning("child process %d was killed by signal %d", process, number)
