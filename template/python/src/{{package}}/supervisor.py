"""Process 1: starts the service, and names what the service cannot name itself.

A process that the kernel kills, that calls os._exit() or whose event loop is blocked reports
nothing. This one survives it: it forks before anything else is loaded, so that little can go wrong
with it, and then only waits. Standard library only, and little of it: it stays small.
"""

import faulthandler
import fcntl
import os
import signal
import time

from . import autopsy, cgroup, output
from .lifeline import lifeline

EXIT_SOFTWARE = 70  # sysexits.h, EX_SOFTWARE: the service's own fault
EXIT_SYSTEM = 71  # EX_OSERR: the system refuses something that the service needs

TICK_SECONDS = 1.0
SLOW_TICKS = 3  # so long may a start or the event loop take before it is reported
START_SECONDS = 60  # so long may a start take at all, unless a setting of this name says otherwise
STALL_TICKS = 60  # so long may the event loop be blocked at all
STOP_TICKS = 9  # so long may a stop take: `docker stop` kills after 10 s
THRASHING = 100 * SLOW_TICKS  # pages read from the disk while nothing moves
LAST_LINES = 3

WATCHED = signal.valid_signals() - autopsy.FAULTS.keys() - {
    *(signal.SIGKILL, signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU),
    signal.SIGCONT,
}  # fmt: skip
STOPS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT}
# The service answers it with the stacks of its threads. The last signal is used by nobody else.
DUMP = getattr(signal, "SIGRTMAX", signal.SIGUSR2)


def run(service: str) -> int | None:
    """Return None in the process of the service, and in that of its supervisor the exit status.

    Without `signal.sigtimedwait` (macOS) or with SUPERVISE=0, this process is the service.
    """
    if os.environ.get("SUPERVISE") == "0" or not hasattr(signal, "sigtimedwait"):
        return None
    # Blocked signals wait until they are asked for: none can come at the wrong moment.
    watched = WATCHED - ignored()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    guard, held = os.pipe()
    try:
        process = os.fork()
    except OSError as error:
        advice = "raise its limit of processes (docker run --pids-limit), or set SUPERVISE=0"
        what = f"cannot start a second process: {error.strerror}; {advice}"
        _say(service, what, "check-resources")
        return EXIT_SYSTEM
    if process:
        os.close(guard)
        return Supervisor(service, process).wait(watched)
    os.close(held)
    faulthandler.register(DUMP, file=2)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    _stop_with_supervisor(guard)
    return None


def ignored() -> set[signal.Signals]:
    """Return the signals that whoever started the service wants ignored: nohup, or a script's `&`.

    SIGTERM is none of them: it is the one way to ask that always works.
    """
    asked = STOPS - {signal.SIGTERM}
    return {number for number in asked if signal.getsignal(number) == signal.SIG_IGN}


def is_gone() -> bool:
    """Tell, in the service, whether its supervisor has died."""
    return bool(_supervisors) and os.getppid() not in _supervisors


def is_there() -> bool:
    """Tell, in the service, whether it was started by a supervisor."""
    return bool(_supervisors)


_supervisors: set[int] = set()
"""The service's supervisor, in its own process; empty without."""


def _stop_with_supervisor(guard: int) -> None:
    """Have the kernel send SIGTERM when the other end of the pipe `guard` closes, however."""
    _supervisors.add(os.getppid())
    fcntl.fcntl(guard, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(guard, fcntl.F_SETSIG, signal.SIGTERM)
    fcntl.fcntl(guard, fcntl.F_SETFL, os.O_ASYNC)


class Supervisor:
    """Watches one process until it ends."""

    def __init__(self, service: str, process: int) -> None:
        """Start watching."""
        self.service = service
        self.process = process
        self.began = time.monotonic()
        self.asked: signal.Signals | None = None
        self.beat = 0.0
        self.still = 0  # ticks without a heartbeat; a paused machine has none
        self.ending = 0  # ticks since the service was asked to stop, or announced its end
        self.killed = False  # by this supervisor
        self.peak: int | None = None  # bytes of memory, when it has ended
        self.watched = os.isatty(0)  # by somebody who may be debugging it
        self.killed_for_memory = cgroup.killed_for_memory()
        self.suspected = False  # that a child process was killed for its memory
        self.killed_on_machine = cgroup.killed_on_machine()
        self.read_pages = 0  # as of when the service last moved

    def wait(self, watched: set[signal.Signals]) -> int:
        """Pass signals on and look after the service until it ends; return the exit status."""
        ticked = self.began
        while True:
            left = ticked + TICK_SECONDS - time.monotonic()
            came = signal.sigtimedwait(watched, max(left, 0))
            if came is None or left <= 0:
                ticked = time.monotonic()
                self.tick()
            if came is None:
                continue
            if came.si_signo != signal.SIGCHLD:
                self.pass_on(came)
            elif (status := self.reap()) is not None:
                return self.report(status)

    def pass_on(self, came: signal.struct_siginfo) -> None:
        """Send a signal on; a terminal sends it to the service by itself."""
        number = came.si_signo
        if number in STOPS and self.asked is None:
            self.asked = signal.Signals(number)
        if came.si_code <= 0:  # sent by a process
            os.kill(self.process, number)

    def reap(self) -> int | None:
        """Take note of every process that has ended, orphans too; return the service's status."""
        found = None
        while True:
            try:
                process, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return found
            if not process:
                return found
            if process == self.process:
                found = os.waitstatus_to_exitcode(status)
                self.peak = used.ru_maxrss * 1024

    def tick(self) -> None:
        """Look for what takes too long."""
        beat = lifeline.last_beat()
        self.still = self.still + 1 if beat == self.beat else 0
        self.beat = beat
        if not self.still:
            self.read_pages = autopsy.read_pages(self.process)
        self.report_killed_child()
        self.ending += self.asked is not None or lifeline.announced() is not None
        if self.ending > STOP_TICKS:
            self.kill(f"it does not stop: {STOP_TICKS} s are over", "stop-hangs")
        elif self.still == SLOW_TICKS:
            self.report_still()
        elif self.still >= (STALL_TICKS if beat else _start_seconds()) and not self.watched:
            self.kill(f"nothing has moved for {self.still} s", "nothing-moves")

    def report_still(self) -> None:
        """Say where it is stuck; once, until it moves again."""
        what = "the event loop is blocked" if self.beat else "the start hangs or takes long"
        what, page = f"{what}: nothing has moved for {SLOW_TICKS} s", "nothing-moves"
        if autopsy.read_pages(self.process) - self.read_pages > THRASHING:
            short = "memory is so short that it reads its own pages again and again"
            what, page = f"{what}, and {short}", "pattern-memory"
        self.say(f"{what}; the stacks follow", page, level="WARNING")
        os.kill(self.process, DUMP)

    def kill(self, why: str, page: str) -> None:
        """End the service by force, once; where it is stuck gets into the log."""
        if self.killed:
            return
        self.killed = True
        self.say(f"{why}; the stacks follow, and it is killed", page)
        os.kill(self.process, DUMP)
        time.sleep(0.1)  # to let it write them
        os.kill(self.process, signal.SIGKILL)

    def report_killed_child(self) -> None:
        """Say when the kernel killed another process of this container for its memory."""
        count = cgroup.killed_for_memory()
        if count > self.killed_for_memory and not self.suspected:
            self.suspected = True  # it may be the service: until that is seen to move again
        elif count > self.killed_for_memory and not self.still:
            self.suspected = False
            self.killed_for_memory = count
            limit = autopsy.megabytes(cgroup.memory_limit())
            what = f"the kernel killed a child process: this container may use {limit} of memory"
            self.say(what, "pattern-memory", level="ERROR")

    def report(self, status: int) -> int:
        """Name how the service ended, unless it did that itself; return the exit status."""
        announced = lifeline.announced()
        if status >= 0:
            if status in (announced, output.EXIT_IO) or (self.asked and status == 0):
                return status
            self.say(
                f"it ended with status {status} and did not say why: a traceback above does;"
                " without one, os._exit() in Python or exit() in a library was called",
                "ended-without-a-word",
            )
            self.say_last_lines()
            return status or EXIT_SOFTWARE
        number = -status
        if self.killed:
            return announced or EXIT_SOFTWARE
        if number == self.asked:
            name = autopsy.signal_name(number)
            self.say(f"stopped by {name}, before it had started", "exit-codes", level="INFO")
            return 0
        here = cgroup.killed_for_memory() > self.killed_for_memory
        machine = cgroup.killed_on_machine() > self.killed_on_machine
        self.say(*autopsy.why_killed(number, here=here, machine=machine))
        self.say_last_lines()
        return 128 + number

    def say(self, what: str, page: str, level: str = "CRITICAL") -> None:
        """Log a line with what is known of the service."""
        seconds = time.monotonic() - self.began
        limit = cgroup.memory_limit()
        memory = f"memory {autopsy.megabytes(self.peak or autopsy.peak(self.process))}"
        if limit:
            memory += f" of {autopsy.megabytes(limit)}"
        about = f"process {self.process}, up {seconds:.1f} s, {memory}"
        _say(self.service, f"{what} ({about})", page, level)

    def say_last_lines(self) -> None:
        """Repeat the end of the log: what came after it may have gone elsewhere."""
        lines = lifeline.tail().decode("utf-8", "replace").splitlines()[-LAST_LINES:]
        for line in lines:
            output.say(f"    last logged: {line[:300]}")


def _start_seconds() -> int:
    given = os.environ.get("START_SECONDS", "")  # config.py reports a wrong one
    return int(given) if given.isdecimal() else START_SECONDS


def _say(service: str, what: str, page: str, level: str = "CRITICAL") -> None:
    now = time.time()
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
    line = f"{moment},{int(now % 1 * 1000):03d} {level} supervisor: {service}: {what}"
    output.say(f"{line}; docs/runbook.md#{page}")
