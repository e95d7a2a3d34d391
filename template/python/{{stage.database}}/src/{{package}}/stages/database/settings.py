"""What the stage reads from the environment."""

from dataclasses import dataclass

from ...config import choice, integer, setting
from ...runtime.database.address import address, url


@dataclass(frozen=True)
class Settings:
    """Where the database is, and how long it may take."""

    url: str = setting("DATABASE_URL", url, default="sqlite:data/database.db", secret=True)
    migrate: str = setting("DATABASE_MIGRATE", choice(("auto", "true", "false")), default="auto")
    pool_size: int = setting("DATABASE_POOL_SIZE", integer(1, 1000), default=10)
    wait_seconds: int = setting("DATABASE_WAIT_SECONDS", integer(1, 600), default=5)
    query_seconds: int = setting("DATABASE_QUERY_SECONDS", integer(1, 3600), default=10)

    @property
    def migrates(self) -> bool:
        """Whether the service applies missing migrations when it starts."""
        # A file belongs to this service alone; a server may have others that need its schema.
        is_file = address(self.url).path is not None
        return self.migrate == "true" or (self.migrate == "auto" and is_file)
