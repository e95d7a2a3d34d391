"""What the log names of an outage: its first causes, each once."""

MOST_CAUSES = 5


class Named(set[str]):
    """The causes that the log has named since it began."""

    def still(self, cause: str) -> str | None:
        """Return what the line of a cause says beside it; None where it needs no line."""
        if cause in self or len(self) >= MOST_CAUSES:
            return None
        still = "still " if self else ""
        self.add(cause)
        return still
