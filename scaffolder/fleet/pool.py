"""Jobs in parallel, in processes: Copier changes the directory of the process that it runs in.

Each process is the leader of a group, so that it ends with whatever it has started, and has no
terminal, so that nothing can ask there.
"""

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from scaffolder.interrupts import interruptible

from . import JOB_SECONDS, repositories, work
from .outcome import Outcome
from .work import Job

GRACE_SECONDS = 5.0
"""How long a process that was asked to stop may take to clean up."""


def outcomes(
    jobs: Sequence[Job], workers: int | None = None, seconds: float = JOB_SECONDS
) -> Iterator[Outcome]:
    """Do all jobs; yield what became of each as it is done.

    Interrupted, yield what became of those under way before KeyboardInterrupt goes on.
    """
    waiting = deque(jobs)
    size = min(workers or os.cpu_count() or 1, len(jobs))
    idle: list[Worker] = []
    busy: list[Worker] = []
    try:
        while waiting or busy:
            while waiting and len(busy) < size:
                worker = idle.pop() if idle else _started()
                busy.append(worker.given(waiting.popleft(), seconds))
            for worker in _ready(busy):
                busy.remove(worker)
                outcome = worker.outcome()
                if worker.process.is_alive():
                    idle.append(worker)
                yield outcome
    except KeyboardInterrupt:
        for worker in busy:
            worker.interrupt()
        yield from [worker.interrupted() for worker in busy]
        raise
    finally:
        for worker in [*idle, *busy]:
            worker.kill()


@dataclass(frozen=True)
class Worker:
    """A worker process, and its current job."""

    process: BaseProcess
    pipe: Connection
    job: Job | None = None
    seconds: float = 0.0
    deadline: float = 0.0

    def given(self, job: Job, seconds: float) -> "Worker":
        """Have the process do a job; return it with that."""
        with suppress(OSError):  # it was killed meanwhile, which its outcome will tell
            self.pipe.send(job)
        return replace(self, job=job, seconds=seconds, deadline=time.monotonic() + seconds)

    def outcome(self) -> Outcome:
        """Return what became of the job that is done, or has taken too long."""
        if self.pipe.poll():
            return self._received() or self._lost("the process that worked on it was killed")
        self.interrupt()
        reason = f"it took longer than {self.seconds:g} s"
        hint = "see what it waits for, or allow more: --timeout SECONDS"
        return replace(self.interrupted(), state="failed", reason=reason, hint=hint)

    def interrupt(self) -> None:
        """Ask the process to stop what it does, and to say how far it came."""
        with suppress(ProcessLookupError):
            os.kill(self.process.pid or 0, signal.SIGTERM)

    def interrupted(self) -> Outcome:
        """Return how far it came, and end the process."""
        found = self._received() if self.pipe.poll(GRACE_SECONDS) else None
        self.kill()
        return found or replace(self._lost("it is not known how far it came"), state="interrupted")

    def kill(self) -> None:
        """End the process, with all that it has started."""
        for end in (os.killpg, os.kill):  # without a group of its own it is that young
            with suppress(ProcessLookupError):
                end(self.process.pid or 0, signal.SIGKILL)
        self.process.join()
        self.pipe.close()

    def _received(self) -> Outcome | None:
        try:
            found: Outcome = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join(GRACE_SECONDS)
            return None
        return found

    def _lost(self, reason: str) -> Outcome:
        assert self.job is not None  # noqa: S101 - only asked of one that has a job
        return Outcome(repositories.shown(self.job.repository), "failed", reason=reason)


def _ready(busy: Sequence[Worker]) -> list[Worker]:
    """Wait until a job is done, or has taken too long; return those."""
    first = min(worker.deadline for worker in busy)
    done = connection.wait([w.pipe for w in busy], max(0.0, first - time.monotonic()))
    now = time.monotonic()
    return [worker for worker in busy if worker.pipe in done or worker.deadline <= now]


def _started() -> Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    return Worker(process, ours)


def _serve(pipe: "Connection[Outcome, Job]") -> None:
    """Do the jobs that come in, until there are no more."""
    os.setsid()
    with suppress(EOFError, KeyboardInterrupt), interruptible():
        while True:
            pipe.send(work.done(pipe.recv()))
