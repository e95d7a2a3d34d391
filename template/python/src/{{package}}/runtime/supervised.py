"""The service's side of supervision: shared signals, and whether the supervisor is alive."""

import fcntl
import os
import signal

STOPS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT}
# On this signal, the service writes the stacks of its threads. Nothing else uses the last signal.
DUMP = getattr(signal, "SIGRTMAX", signal.SIGUSR2)

_supervisors: set[int] = set()  # the supervisor's process id; empty without one


def ignored() -> set[signal.Signals]:
    """Return the signals that stay ignored, as nohup or `&` in a script sets them.

    SIGTERM is never one of them: it always stops the service.
    """
    asking = STOPS - {signal.SIGTERM}
    return {number for number in asking if signal.getsignal(number) == signal.SIG_IGN}


def stop_with_supervisor(guard: int) -> None:
    """Have the kernel send SIGTERM when the other end of the pipe `guard` closes for any reason."""
    _supervisors.add(os.getppid())
    fcntl.fcntl(guard, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(guard, fcntl.F_SETSIG, signal.SIGTERM)
    fcntl.fcntl(guard, fcntl.F_SETFL, os.O_ASYNC)


def is_there() -> bool:
    """Tell whether the service was started by a supervisor."""
    return bool(_supervisors)


def is_gone() -> bool:
    """Tell whether the supervisor has died."""
    return is_there() and os.getppid() not in _supervisors
