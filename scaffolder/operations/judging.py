"""Verdicts on revisions, each found once: from evidence, or by a verification."""

from dataclasses import dataclass, field

from scaffolder.engine.git import Git, Repository
from scaffolder.overlays.fetch.trust import TrustPolicy
from scaffolder.reporting import Reporter
from scaffolder.verify import evidence
from scaffolder.verify.outcome import Level, Result, Verification

from . import proof
from .revisions import Revision

WORDS = {
    Result.PASSED: "works",
    Result.WARNED: "cannot be verified here",
    Result.FAILED: "does not work",
}


@dataclass
class Judge:
    """Knows what works, and remembers what it found out."""

    repository: Repository
    scratch: Git
    level: Level
    trust: TrustPolicy
    report: Reporter
    verified: int = 0
    known: int = 0
    found: dict[str, Verification] = field(default_factory=dict)

    def judged(self, revision: Revision, git: Git | None = None) -> Verification:
        """Return what verifying a revision saw; `git` has its tree, if the repository does not."""
        if revision.tree not in self.found:
            self.found[revision.tree] = self._judged(revision, git or self.scratch)
        return self.found[revision.tree]

    def is_verified(self, revision: Revision) -> bool:
        """Tell whether there is evidence that a revision works."""
        return evidence.is_verified(self._kept(revision))

    def _judged(self, revision: Revision, git: Git) -> Verification:
        decided = evidence.decided(self._kept(revision), self.level)
        if decided:
            self.known += 1
            self._say(revision, decided, "known")
            return decided
        with self.report.progress(f"verifying {revision}"):
            done = proof.in_tree(
                self.repository, git, revision.tree, self.level,
                again=True, trust=self.trust, report=self.report,
            )  # fmt: skip
        self.verified += 1
        self._say(revision, done, f"{done.seconds:.0f} s")
        return done

    def _kept(self, revision: Revision) -> list[Verification]:
        return evidence.of(self.repository, revision.tree, self.report)

    def _say(self, revision: Revision, found: Verification, how: str) -> None:
        step = f": {found.failed.step}" if found.failed else ""
        self.report.note(f"{revision} {WORDS[found.result]}{step} ({how})")
