"""The loop of a process that runs jobs: one transaction a round, and everything else between."""

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from ..database.database import Database, UnavailableError
from ..database.keeper import UnreachableError
from ..log import Reporter
from . import table
from .job import Claimed, End, Handler, Limits
from .run import Observer, Run
from .stalls import StuckError

SURVEY_SECONDS = 15.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""After a failure of the loop itself."""
LONGEST_TURN = 0.02
END_SECONDS = 0.5
"""For what is cancelled at the stop."""
MOST_UNKNOWN = 100

log = Reporter(logging.getLogger(__name__))


class Worker:
    """Claims jobs of the kinds that it has handlers for, and runs several at once."""

    def __init__(
        self,
        database: Database,
        limits: Limits,
        observer: Observer,
        is_stopping: Callable[[], object],
    ) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.handlers: dict[str, Handler] = {}
        self.rounds = 0
        """How many turns of the loop have ended, or had no database."""
        self.runs: dict[asyncio.Task[None], Run] = {}
        self.wake = asyncio.Event()
        self._unsettled: list[Run] = []
        self._database = database
        self._write = database.reserved()  # handlers and requests may hold all others
        self._limits = limits
        self._observer = observer
        self._is_stopping = is_stopping
        self._is_over = False
        self._said: set[str] = set()
        self._beat_at = self._expire_at = self._survey_at = 0.0

    async def keep_going(self) -> None:
        """Run the loop until the stop; when it fails, say so and begin again."""
        pause = FIRST_PAUSE
        while not self._is_over:
            before = self.rounds
            try:
                await self._loop()
            except Exception:
                pause = FIRST_PAUSE if self.rounds > before else min(2 * pause, LONGEST_PAUSE)
                log.exception("the jobs worker failed; again in %.1f s", pause)
                await asyncio.sleep(pause)

    async def close(self, end: float) -> None:
        """Let what runs go on until `end`, in time.monotonic(); give back what is not done then."""
        self._is_stopping = lambda: True
        if self.runs:
            await asyncio.wait(self.runs, timeout=max(end - time.monotonic(), 0.0))
        for run in self.runs.values():
            run.cancel()
        if self.runs:
            await asyncio.wait(self.runs, timeout=END_SECONDS)
        self._is_over = True
        self.wake.set()

    def require_free(self) -> None:
        """Raise StuckError if jobs that do not end leave no room for others."""
        endless = [str(run.claimed) for run in self.runs.values() if run.is_endless]
        if endless and len(endless) >= self._limits.workers:
            raise StuckError(f"jobs that do not end hold all workers: {', '.join(endless)}")

    def tell_left(self) -> None:
        """Say how many jobs this process still has, at its end."""
        if left := [run for run in self._unsettled if not run.is_lost]:
            words = "jobs that could not be given back: %d; each runs again when its lease is over"
            log.warning(words, len(left))

    async def _loop(self) -> None:
        while True:
            is_last = self._is_over
            self.wake.clear()
            began = time.monotonic()
            with suppress(UnavailableError):  # the log says it; where that lasts, nothing moves
                with suppress(UnreachableError):  # what watches it says so
                    await self._database.ready()
                    await self._round()
                self.rounds += 1
            if is_last:
                return
            if self._database.has_one_writer:
                # As long as it has been the writer: those who wait for that look only now and then.
                await asyncio.sleep(min(time.monotonic() - began, LONGEST_TURN))
            with suppress(TimeoutError):
                await asyncio.wait_for(self.wake.wait(), min(self._limits.poll, self._beat_seconds))

    @property
    def _beat_seconds(self) -> float:
        return self._limits.lease / 3

    async def _round(self) -> None:
        """Write down what has ended, keep what runs, and take more: in one transaction."""
        now = time.monotonic()
        takes = self._limits.workers and not self._is_stopping()
        kinds = list(self.handlers) if takes else []
        unsettled = [run for run in self._unsettled if not run.is_lost]
        ended = [(run, run.outcome) for run in unsettled if run.outcome]
        running = [run for run in self.runs.values() if not run.is_lost and not run.outcome]
        is_due = bool(kinds) and now >= self._expire_at
        # Before leases that are over are looked for: a clock that has jumped ends them all.
        beats = running if is_due or now >= self._beat_at else []
        free = self._limits.workers - len(self.runs) if kinds else 0
        surveys = not self._is_stopping() and now >= self._survey_at
        if not (ended or beats or is_due or surveys or free > 0):
            return
        noted: list[table.Noted] = []
        claimed: list[Claimed] = []
        survey = None
        lease = self._limits.lease
        async with self._write() as connection:
            outcomes = [(run.claimed, outcome) for run, outcome in ended]
            settled = await table.settle(connection, self.name, outcomes)
            mine = [run.claimed for run in beats]
            kept = await table.beat(connection, self.name, mine, lease)
            if is_due:
                noted = await table.expire(connection, kinds, self._limits.attempts)
                noted += await table.bury(connection, kinds)
            if free > 0:
                claimed, damaged = await table.claim(connection, self.name, kinds, free, lease)
                noted += damaged
            if surveys:
                survey = await table.survey(connection)
        for run, _ in ended:
            self._unsettled.remove(run)
            self._report(run, is_kept=run.claimed.id in settled)
        for run in beats:
            if run.claimed.id not in kept and not run.outcome:
                log.warning("%s: its lease was lost; it was cancelled here", run.claimed)
                run.cancel(is_lost=True)
        for each in claimed:
            self._start(Run(each, self._limits, self._observer))
        self._tell(noted, survey)
        if beats:
            self._beat_at = now + self._beat_seconds
        if is_due:
            self._expire_at = now + self._limits.poll
        if surveys:
            self._survey_at = now + SURVEY_SECONDS

    def _start(self, run: Run) -> None:
        going = run.go(self.handlers[run.claimed.kind])
        task = asyncio.create_task(going, name=f"{run.claimed} runs")
        self.runs[task] = run
        self._unsettled.append(run)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        run = self.runs.pop(task)
        if run.is_lost:
            self._unsettled.remove(run)
            self._observer.ended(run.claimed.kind, End.LOST, run.seconds)
        self.wake.set()

    def _report(self, run: Run, *, is_kept: bool) -> None:
        if not is_kept:
            words = "%s: its lease was lost before it was finished; it may run twice"
            log.warning(words, run.claimed)
        end = run.outcome.end if run.outcome and is_kept else End.LOST
        if end is End.BACK:
            log.info("%s: given back, for the service stops", run.claimed)
        else:
            self._observer.ended(run.claimed.kind, end, run.seconds)

    def _tell(self, noted: list[table.Noted], survey: table.Survey | None) -> None:
        for job in noted:
            if job.is_dead:
                log.error("job %s %s is dead: %s", job.kind, job.id, job.reason)
            else:
                log.warning("job %s %s: %s", job.kind, job.id, job.reason)
        if survey is None:
            return
        self._observer.surveyed(survey)
        if not self._limits.workers:
            return  # who has workers says it
        kinds = sorted(survey.kinds - self.handlers.keys())
        words = 'jobs of the kind "{}" wait, and this service has no handler for them'
        self._warn_once(words.format(kind) for kind in kinds)
        words = 'jobs are in the unknown state "{}": no worker takes them'
        self._warn_once(words.format(state) for state in sorted(survey.states))

    def _warn_once(self, lines: Iterable[str]) -> None:
        for line in lines:
            if line not in self._said and len(self._said) < MOST_UNKNOWN:
                self._said.add(line)
                log.warning("%s", line)
