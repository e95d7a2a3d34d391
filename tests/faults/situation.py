"""A healthy service in an odd situation."""

import signal
from dataclasses import dataclass


@dataclass(frozen=True)
class Situation:
    """What it is in, and for how long; nothing of it may be called a fault."""

    name: str
    code: str = ""
    at_import: bool = False
    module: str = "orders.app"
    signals: tuple[signal.Signals, ...] = ()
    """To the process that was started, all at once, while it serves."""
    serves: float = 5.0
    """Seconds that it goes on, before it is asked to stop."""
    paused: float = 0.0
    """Seconds that all of it is stopped."""
    limit: str = ":"
    """The command of a shell, for a plain process."""
    requests: int = 0
    """How many it answers meanwhile."""
    connections: int = 0
    """How many others have, and say nothing."""
    expected: str = ""
    """What may be said of it, although others may not."""
