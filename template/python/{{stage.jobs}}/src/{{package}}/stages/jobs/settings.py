"""What the stage reads from the environment."""

from dataclasses import dataclass

from ...config import integer, setting
from ...runtime.jobs.job import Limits


@dataclass(frozen=True)
class Settings:
    """How many jobs run at once, and how long they may take."""

    workers: int = setting("JOBS_WORKERS", integer(0, 100), default=2)
    lease_seconds: int = setting("JOBS_LEASE_SECONDS", integer(3, 3600), default=30)
    limit_seconds: int = setting("JOBS_LIMIT_SECONDS", integer(1, 86400), default=300)
    attempts: int = setting("JOBS_ATTEMPTS", integer(1, 100), default=5)
    poll_seconds: int = setting("JOBS_POLL_SECONDS", integer(1, 60), default=1)

    def limits(self) -> Limits:
        """Return what a worker keeps to."""
        return Limits(
            self.workers, self.lease_seconds, self.limit_seconds, self.attempts, self.poll_seconds
        )
