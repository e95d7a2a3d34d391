"""Runs one job: within its time, whatever its handler does."""

import asyncio
import logging
import time
from contextlib import AbstractContextManager
from typing import Protocol

from ..log import Reporter
from ..stop import end_forked
from .job import LONGEST_REASON, Claimed, DamagedError, End, Handler, Limits, Outcome, pause_after
from .table import Survey

GRACE_SECONDS = 5.0
"""For a handler to end that was cancelled."""
LONGEST_SAID = 10_000
"""Of an error: to look for secrets in more takes long."""

log = Reporter(logging.getLogger(__name__))


class Observer(Protocol):
    """What other stages make of jobs, where they are there."""

    def running(self, claimed: Claimed) -> AbstractContextManager[object]:
        """Surround the handler of a job."""

    def ended(self, kind: str, end: End, seconds: float) -> None:
        """Count a run that has been written down."""

    def surveyed(self, found: Survey) -> None:
        """Note what is in the table."""

    def redacted(self, text: str) -> str:
        """Return a text without the secrets that it shows."""


class Run:
    """A job that this process has claimed, until its outcome is written down."""

    def __init__(self, claimed: Claimed, limits: Limits, observer: Observer) -> None:
        self.claimed = claimed
        self.outcome: Outcome | None = None
        self.is_lost = False
        self.is_endless = False
        """Whether it goes on although it was cancelled."""
        self.seconds = 0.0
        self._limits = limits
        self._observer = observer
        self._work: asyncio.Task[BaseException | None] | None = None
        self._is_given_back = False

    async def go(self, handler: Handler) -> None:
        """Run the handler to its end; afterwards, there is an outcome, unless the job is lost."""
        began = time.monotonic()
        self._work = asyncio.create_task(self._guarded(handler), name=str(self.claimed))
        await asyncio.wait([self._work], timeout=self._limits.limit)
        is_late = not (self._work.done() or self.is_lost or self._is_given_back)
        if not self._work.done():
            self._work.cancel()
            await asyncio.wait([self._work], timeout=GRACE_SECONDS)
        if not self._work.done():
            log.error("%s does not end, although it was cancelled", self.claimed)
            self.is_endless = True
            # As long as it runs, it keeps its lease: nobody is to run the job beside it.
            await asyncio.wait([self._work])
        self.seconds = time.monotonic() - began
        error = asyncio.CancelledError() if self._work.cancelled() else self._work.result()
        if not self.is_lost:  # whoever has the job now says how it ends
            self.outcome = self._ended(error, is_late=is_late)

    def cancel(self, *, is_lost: bool = False) -> None:
        """Have the handler end: the job is another worker's, or goes back for the stop."""
        self.is_lost = self.is_lost or is_lost
        self._is_given_back = not self.is_lost
        if self._work is not None:
            self._work.cancel()

    async def _guarded(self, handler: Handler) -> BaseException | None:
        """Return what the handler raised: nothing that it raises may end the service."""
        failure: BaseException | None = None
        try:
            with self._observer.running(self.claimed):
                await handler(self.claimed.job())
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # whatever it is, the job has failed
            failure = error
        end_forked(failure)  # a process that the handler forked has no part in what follows
        return failure

    def _ended(self, error: BaseException | None, *, is_late: bool) -> Outcome:
        if self._is_given_back and isinstance(error, asyncio.CancelledError):
            return Outcome(End.BACK)
        if is_late:
            return self._failed(f"not done within {self._limits.limit:g} s", None)
        if isinstance(error, DamagedError):
            return self._failed(str(error), error)
        if error is not None:
            return self._failed(_said(error), error)
        return Outcome(End.OK)

    def _failed(self, why: str, error: BaseException | None) -> Outcome:
        reason = self._observer.redacted(why)[:LONGEST_REASON]
        attempt, most = self.claimed.attempts, self._limits.attempts
        if attempt >= most or isinstance(error, DamagedError):
            words = "%s failed (attempt %d of %d) and is dead: %s"
            log.error(words, self.claimed, attempt, most, reason, exc_info=error)
            return Outcome(End.DEAD, reason)
        pause = pause_after(attempt)
        words = "%s failed (attempt %d of %d), again in %.1f s: %s"
        log.warning(words, self.claimed, attempt, most, pause, reason, exc_info=error)
        return Outcome(End.FAILED, reason, pause)


def _said(error: BaseException) -> str:
    """Return what an error says, as a text that every database takes."""
    try:
        words = str(error)
    except Exception:  # it is of any class
        words = ""
    text = f"{type(error).__qualname__}: {words[:LONGEST_SAID]}".strip(": ")
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", " ")
