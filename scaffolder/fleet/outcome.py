"""What became of one repository."""

from dataclasses import asdict, dataclass, field
from typing import Any

STATES = ("current", "behind", "updated", "conflict", "unverified", "failed", "interrupted")


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
    """Why it failed, in all lines that git has for it."""
    hint: str = ""
    verifications: list[dict[str, Any]] = field(default_factory=list)
    """What the verification of each service saw, with its "path" in the repository."""
    notes: list[str] = field(default_factory=list)
    """What else is worth knowing: what could not be verified, and why."""

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)

    @property
    def note(self) -> str:
        """Return what a person reads after the state: lines, for a failure with what to do."""
        made = f"{'pushed' if self.pushed else 'branch'} {self.branch}" if self.branch else ""
        if self.state in ("failed", "interrupted", "unverified"):
            also = f"made all the same: {made} in {self.path}" if made else ""
            hint = f"Try: {self.hint}" if self.hint else ""
            return "\n".join(filter(None, (self.reason, also, hint)))
        if self.state == "conflict":
            return f"{', '.join(self.conflicts)}: cd there, and viscaffold update"
        return "\n".join([made or ", ".join(self.moves), *self.notes])
