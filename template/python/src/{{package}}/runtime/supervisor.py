"""Process 1: starts the service, and reports what the service cannot report itself.

A process that the kernel kills, that calls os._exit() or whose event loop is blocked reports
nothing. The supervisor survives it: it forks before anything else is loaded, so that little can go
wrong in it, and then only waits. Standard library only, and little of it, to stay small.
"""

import os
import signal
import time

from . import EXIT_SOFTWARE, EXIT_SYSTEM, START_SECONDS, STOP_SECONDS, cgroup, exit_reason, procfs
from .progress import Port
from .service_process import ServiceProcess, say
from .shared_state import shared
from .stdio import Output, require_open, say_last
from .supervised import DUMP, STOPS, ignored, stop_with_supervisor

# Seconds in which the service could run: time without a CPU, or in a pause, does not count.
TICK_SECONDS = 1.0
SLOW_SECONDS = 3.0  # a blocked event loop, or a start that waits, is reported
SILENT_SECONDS = 2.0  # how long a request is unanswered before a blocked loop counts
LONG_SECONDS = 10.0  # a start that computes, or a silent port, is reported
STALL_SECONDS = 60.0  # a service with a blocked event loop is killed
THRASHING = 300  # pages read from the disk while nothing moves
LAST_LINES = 3

NOTHING_MOVES = f"nothing has moved for {SLOW_SECONDS:g} s"
BLOCKED = f"the event loop is blocked: {NOTHING_MOVES}"

WATCHED = signal.valid_signals() - exit_reason.FAULTS.keys() - {
    signal.SIGKILL, signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGCONT
}  # fmt: skip


def run(service: str) -> int | None:
    """Return None in the process of the service, and the exit status in that of its supervisor.

    Without `signal.sigwaitinfo` (macOS) or with SUPERVISE=0, this process is the service.
    """
    Output.service = service
    require_open()
    if os.environ.get("SUPERVISE") == "0" or not hasattr(signal, "sigwaitinfo"):
        return None
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # some parents leave it ignored: none would come
    # Blocked signals stay pending until sigwaitinfo(): none arrives at the wrong moment.
    watched = WATCHED - ignored()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    guard, held = os.pipe()
    try:
        process = os.fork()
    except OSError as error:
        advice = "raise its limit of processes (docker run --pids-limit), or set SUPERVISE=0"
        what = f"cannot start a second process: {error.strerror}; {advice}"
        say("CRITICAL", what, "check-resources")
        return EXIT_SYSTEM
    if process:
        os.close(guard)
        return Supervisor(process).wait(watched)
    os.close(held)
    # Ignored, it is harmless before the service has a handler for it, and after that is removed.
    signal.signal(DUMP, signal.SIG_IGN)
    # Signals that ask to stop stay pending until the service has handlers.
    signal.pthread_sigmask(signal.SIG_SETMASK, before | STOPS)
    stop_with_supervisor(guard)
    return None


class Supervisor:
    def __init__(self, process: int) -> None:
        self.service = ServiceProcess(process)
        self.progress = self.service.progress
        self.asked: signal.Signals | None = None
        self.asked_at = 0.0
        self.port = Port()
        given = os.environ.get("START_SECONDS", "")  # a wrong value is reported with the settings
        self.start_seconds = int(given) if given.isdecimal() else START_SECONDS
        self.ending = 0.0  # seconds that its stop has taken so far
        self.end_began = 0.0
        self.watched = os.isatty(0)  # on a terminal: somebody may be debugging it
        self.killed_before = cgroup.kills()
        self.suspected = False  # whether a child process was killed for its memory
        self.read_pages = 0  # when the service last made progress

    def wait(self, watched: set[signal.Signals]) -> int:
        """Forward signals and supervise the service until it ends; return the exit status."""
        ticked = self.service.began
        # A timer instead of `sigtimedwait`: after a pause past its timeout, that returns a signal
        # that never came, with a random number (CPython 3.11 to 3.14).
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, TICK_SECONDS, TICK_SECONDS)
        while True:
            came = signal.sigwaitinfo(watched)
            now = time.monotonic()
            if now - ticked >= TICK_SECONDS / 2:
                self.tick(now - ticked)
                ticked = now
            if came.si_signo != signal.SIGCHLD:
                self.pass_on(came)
            elif (status := self.reap()) is not None:
                return self.report(status)

    def pass_on(self, came: signal.struct_siginfo) -> None:
        """Forward a signal; a terminal sends its signals to the service directly."""
        number = came.si_signo
        if number in STOPS and not self.is_asked():
            self.asked = signal.Signals(number)
            self.asked_at = time.monotonic()
            shared.asked = 1
        if came.si_code <= 0:  # sent by a process
            self.service.send(number)
        if number in STOPS:  # a service stopped by SIGSTOP receives nothing else
            self.service.send(signal.SIGCONT)

    def is_asked(self) -> bool:
        """Tell whether it has to stop: the application may handle the signal itself.

        If it does not stop within STOP_SECONDS, a later end has another cause.
        """
        if self.asked is None or not int(shared.kept) >> self.asked & 1:
            return self.asked is not None
        if time.monotonic() - self.asked_at > STOP_SECONDS and not self.progress.still:
            self.asked = None
            shared.asked = 0
        return False

    def reap(self) -> int | None:
        """Reap every process that has ended, including orphans; return the service's status."""
        found = None
        while True:
            try:
                process, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return found
            if not process:
                return found
            if process == self.service.number:
                found = os.waitstatus_to_exitcode(status)
                self.service.peak = used.ru_maxrss * 1024

    def tick(self, elapsed: float) -> None:
        self.progress.look(shared.beat, elapsed, TICK_SECONDS)
        if not self.progress.still:
            self.read_pages = procfs.read_pages(self.service.number)
            self.service.reported.discard("still")
        self.report_killed_child()
        if self.progress.stopped:
            words = "it is stopped by a signal (SIGSTOP), or by a debugger; SIGCONT continues it"
            self.service.say_once("stopped", "WARNING", words, "stopped")
        else:
            self.service.reported.discard("stopped")
        if self.is_asked() or self.service.announced() is not None or shared.finished:
            self.port.close()
            self.look_at_end()
        elif shared.beat:
            self.look_at_loop()
        else:
            self.look_at_start()

    def look_at_start(self) -> None:
        still = self.progress.still
        if still >= self.start_seconds and not self.watched:
            self.service.kill(f"it has not started after {still:.0f} s", "nothing-moves")
        elif self.progress.idle >= SLOW_SECONDS:
            self.report_still(f"the start hangs or takes long: {NOTHING_MOVES}")
        elif still >= LONG_SECONDS:
            self.report_still(f"the start takes long: it has been computing for {LONG_SECONDS:g} s")

    def look_at_loop(self) -> None:
        """Report an event loop that is blocked or answers nobody."""
        host, _, port = shared.address.decode().rpartition(" ")
        if host:
            self.port.look((host, int(port)), self.progress)
        if self.port.answered and self.progress.still:
            self.progress.still = self.progress.idle = 0.0  # a service that answers is not blocked
        elif host and self.port.silent < SILENT_SECONDS:
            self.service.reported.discard("deaf")
        elif self.progress.still >= STALL_SECONDS and not self.watched:
            self.service.kill(f"nothing has moved for {self.progress.still:.0f} s", "nothing-moves")
        elif self.progress.still >= SLOW_SECONDS:
            self.report_still(BLOCKED)
        elif self.port.silent >= LONG_SECONDS:
            what = "nobody listens on" if self.port.refused else "no request is answered on"
            words = f"{what} {host}:{port} any more, although the event loop runs"
            self.service.say_once("deaf", "ERROR", words, "answers-nobody")

    def look_at_end(self) -> None:
        """End a stop that takes too long; time without a CPU does not count."""
        self.end_began = self.end_began or time.monotonic()
        self.ending += self.progress.free
        took = time.monotonic() - self.end_began
        if self.ending >= STOP_SECONDS:
            self.service.kill(f"it does not stop: {STOP_SECONDS:g} s are over", "stop-hangs")
        elif self.asked and not shared.finished and self.progress.still >= SLOW_SECONDS:
            self.report_still(BLOCKED)
        elif took >= STOP_SECONDS:
            short = f"CPU time is short: it could run for {self.ending:.1f} of {took:.0f} s"
            self.service.say_once("slow", "INFO", f"it is still stopping, and {short}", "slow-stop")

    def report_still(self, what: str) -> None:
        """Report where it is stuck, once until it makes progress again."""
        if "still" in self.service.reported:
            return
        page = "nothing-moves"
        if procfs.read_pages(self.service.number) - self.read_pages > THRASHING:
            short = "memory is so short that it reads its own pages again and again"
            what, page = f"{what}, and {short}", "pattern-memory"
        self.service.reported.add("still")
        self.service.say_with_stacks("WARNING", what, page)

    def report_killed_child(self) -> None:
        """Report that the kernel killed another process of this container for its memory."""
        killed = cgroup.kills()
        if not killed.since(self.killed_before).here:
            return
        if not self.suspected:
            self.suspected = True  # it may be the service, unless that makes progress
        elif not self.progress.still:
            self.suspected = False
            self.killed_before = killed
            limit = exit_reason.megabytes(cgroup.memory_limit())
            what = f"the kernel killed a child process: this container may use {limit} of memory"
            self.service.say("ERROR", what, "pattern-memory")

    def report(self, status: int) -> int:
        """Log how the service ended, unless it did so itself; return the exit status."""
        if self.service.killed and status < 0:
            return self.service.announced() or EXIT_SOFTWARE
        memory = cgroup.kills().since(self.killed_before)
        status, reason = exit_reason.explain(status, self.asked, self.service.announced(), memory)
        if reason is not None:
            self.service.say(*reason)
            if reason[0] == "CRITICAL":  # later output may have gone elsewhere
                for line in shared.tail.decode("utf-8", "replace").splitlines()[-LAST_LINES:]:
                    say_last(line[:300])
        return status
