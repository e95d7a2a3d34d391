"""Jobs in parallel, in processes: Copier changes the directory of the process that it runs in."""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from . import repositories, work
from .outcome import Outcome
from .work import Job


def outcomes(jobs: Sequence[Job], workers: int | None = None) -> Iterator[Outcome]:
    """Do all jobs; yield what became of each as it is done.

    A process that is killed takes its job with it, and the others are done by new ones.
    """
    left = list(jobs)
    size = workers or os.cpu_count() or 1
    while left:
        finished: list[Job] = []
        for job, outcome in _round(left, size):
            finished.append(job)
            yield outcome
        left = [job for job in left if job not in finished]
        if left and size == 1:
            yield _killed(left.pop(0))
        size = 1  # so that it is known whose process it was


def _round(jobs: Sequence[Job], size: int) -> Iterator[tuple[Job, Outcome]]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(size, len(jobs)), mp_context=context) as pool:
        started = {pool.submit(work.done, job): job for job in jobs}
        try:
            for future in as_completed(started):
                yield started[future], future.result()
        except BrokenProcessPool:
            return
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _killed(job: Job) -> Outcome:
    shown = repositories.shown(job.repository)
    return Outcome(shown, "failed", reason="the process that worked on it was killed")
