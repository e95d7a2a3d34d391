"""Tells whether the schema of the database fits this code, and says so once when it does not."""

import logging
from collections.abc import Awaitable, Callable

from ..log import Reporter
from .failures import FAILURES, reason
from .migrations import MigrationError, State

log = Reporter(logging.getLogger(__name__))


class Schema:
    """What is known of the schema.

    A service that was ready stays ready when a newer version migrates: that is how versions take
    over from each other. One that starts on a schema that is newer than its code is not ready. What
    somebody takes back while it runs is missed, and not applied again here.
    """

    def __init__(
        self,
        states: Callable[[], Awaitable[list[State]]],
        migrate: Callable[[], Awaitable[None]] | None,
    ) -> None:
        self._states = states
        self._migrate = migrate
        self._has_fitted = False
        self.fits = False
        """Whether it did when it was last looked at."""
        self.problem = ""

    async def look(self) -> None:
        """Compare it with this code; apply what is missing, if that is to be done here."""
        found = await self._states()
        if self._has_fitted:
            self._note(_missing(found))
            return
        if self._migrate and (missing := _list(found)):
            log.info("applying migrations, once nobody else does: %s", missing)
            try:
                await self._migrate()
            except (MigrationError, *FAILURES) as error:
                self._note(f"a migration has failed: {_said(error)}")
                return
            found = await self._states()
        self._note(misfit(found))

    def _note(self, problem: str) -> None:
        if problem and problem != self.problem:
            log.error("the schema of the database does not fit: %s", problem)
        elif self.problem and not problem:
            log.info("the schema of the database fits now")
        self.problem = problem
        self.fits = not problem
        self._has_fitted = self._has_fitted or self.fits


def misfit(states: list[State]) -> str:
    """Say why a schema and this code do not go together, and what to do; nothing if they do."""
    if newer := [str(state) for state in states if state.is_newer]:
        return f"it is newer than this code ({', '.join(newer)}): deploy what migrated it"
    return _missing(states)


def _missing(states: list[State]) -> str:
    missing = _list(states)
    command = f"python -m {__name__.partition('.')[0]} db upgrade"
    return f"migrations are missing ({missing}): {command}" if missing else ""


def _list(states: list[State]) -> str:
    return ", ".join(str(state) for state in states if state.is_missing)


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, MigrationError) else reason(error)
