"""The table of users."""

from pathlib import Path

from .... import config
from .. import handover
from ..settings import Settings

TABLES = ("auth_users",)


def awaited() -> str:
    """Say which users come into the empty table by another command; "" if none."""
    return handover.awaiting(Path(config.read(Settings).users_file))
