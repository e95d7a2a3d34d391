"""Tells whether the schema of the database fits this code, and says so once when it does not."""

import logging
from collections.abc import Awaitable, Callable

from ..log import Reporter
from .failures import FAILURES, reason
from .migrations import MigrationError, State

log = Reporter(logging.getLogger(__name__))


class Schema:
    """What is known of the schema: it is looked at until it fits, and left alone afterwards.

    So a service that was ready stays ready when a newer version migrates: that is how versions
    take over from each other. One that starts on a schema that is newer than its code is not ready.
    """

    def __init__(
        self,
        states: Callable[[], Awaitable[list[State]]],
        migrate: Callable[[], Awaitable[None]] | None,
    ) -> None:
        self._states = states
        self._migrate = migrate
        self._fits = False
        self.problem = ""

    async def look(self) -> None:
        """Compare it with this code; apply what is missing, if that is to be done here."""
        if self._fits:
            return
        found = await self._states()
        if self._migrate and any(state.is_missing for state in found):
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
        self._fits = not problem


def misfit(states: list[State]) -> str:
    """Say why a schema and this code do not go together, and what to do; nothing if they do."""
    if newer := [str(state) for state in states if state.is_newer]:
        return f"it is newer than this code ({', '.join(newer)}): deploy what migrated it"
    if missing := [str(state) for state in states if state.is_missing]:
        command = f"python -m {__name__.partition('.')[0]} db upgrade"
        return f"migrations are missing ({', '.join(missing)}): {command}"
    return ""


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, MigrationError) else reason(error)
