"""How an operation tells its caller what it does: through an object that the caller passes in."""

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Reporter(Protocol):
    """Hears of an operation while it works: a terminal, a log, a web page, a test.

    Results are not reported but returned, and failures are raised.
    """

    def note(self, text: str) -> None:
        """Take note of something that a person should know, in one line or several."""
        ...

    def progress(self, label: str) -> AbstractContextManager[None]:
        """Show, for as long as the context lasts, that something is under way: "adding auth"."""
        ...


class Silent:
    """A reporter that drops everything."""

    def note(self, text: str) -> None:
        """Drop it."""

    def progress(self, label: str) -> AbstractContextManager[None]:  # noqa: ARG002 - nobody looks
        """Show nothing."""
        return nullcontext()


SILENT = Silent()
