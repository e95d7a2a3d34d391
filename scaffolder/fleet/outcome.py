"""What became of one repository."""

from dataclasses import asdict, dataclass, field
from typing import Any

STATES = ("current", "behind", "updated", "conflict", "failed")


@dataclass(frozen=True)
class Outcome:
    """One row of the table."""

    repository: str
    state: str
    moves: list[str] = field(default_factory=list)
    """What moves, or would: "the template from 0.4.0 to 0.5.0"."""
    branch: str = ""
    commit: str = ""
    path: str = ""
    """The repository that has the branch."""
    pushed: bool = False
    conflicts: list[str] = field(default_factory=list)
    reason: str = ""
    """Why it failed."""
    hint: str = ""

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)

    @property
    def note(self) -> str:
        """Return what a person is told beside the state."""
        if self.state == "failed":
            return self.reason
        if self.state == "conflict":
            return f"{', '.join(self.conflicts)}: cd there, and viscaffold update"
        if self.state == "updated":
            return f"{'pushed' if self.pushed else 'branch'} {self.branch}"
        return ", ".join(self.moves)
