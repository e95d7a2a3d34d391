"""A text in which causes look for what the program said."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator

from . import log_search


class Searched(ABC):
    """Something with a text that is searched."""

    @property
    @abstractmethod
    def text(self) -> str:
        """The lines, as one text."""

    def said(self, pattern: str, flags: int = re.IGNORECASE) -> re.Match[str] | None:
        """Return the last place in the log where a pattern is found."""
        return max(self.every(pattern, flags), key=re.Match.start, default=None)

    def every(self, pattern: str, flags: int = re.IGNORECASE) -> Iterator[re.Match[str]]:
        """Return every place in the log where a pattern is found."""
        return log_search.every(self.text, pattern, flags)

    def line(self, match: re.Match[str]) -> str:
        """Return the whole line, or lines, in which a pattern was found."""
        return log_search.line(match)
