"""Evidence of a pod: its log is read once, when it is first needed; what is inside is not read."""

from collections.abc import Callable, Sequence
from datetime import datetime

from scaffolder.diagnose.evidence.facts import (
    Connection,
    Entry,
    Event,
    Locked,
    Log,
    Neighbour,
    Process,
    Socket,
    Thread,
    Usage,
)
from scaffolder.diagnose.evidence.files import CONTENT, Files
from scaffolder.diagnose.evidence.kernel_log import Message


class Unread:
    """The files of a container that nothing was run in: none of them is known."""

    def entry(self, _path: str) -> Entry | None:
        """Return nothing."""
        return None

    def content(self, _path: str, _limit: int = CONTENT) -> bytes | None:
        """Return nothing."""
        return None

    def names(self, _path: str) -> tuple[str, ...]:
        """Return nothing."""
        return ()


class Observed:
    """The sources of a pod: what the cluster tells without running anything in it."""

    def __init__(self, fetch: Callable[[], Log], unread: list[str]) -> None:
        """Read the log with `fetch`; `unread` has what could not be read so far."""
        self._fetch, self._unread = fetch, unread

    def events(self) -> tuple[Event, ...]:
        """Return nothing more: what happened is part of the pod."""
        return ()

    def log(self) -> Log:
        """Return what the container wrote in the run that matters."""
        found = self._fetch()
        if found.obstacle:
            self._unread.append(f"the log: {found.obstacle}")
        return found

    def files(self) -> Files:
        """Return no files."""
        return Unread()

    def image_files(self) -> Files:
        """Return no files."""
        return Unread()

    def changes(self) -> tuple[tuple[str, str], ...]:
        """Return nothing."""
        return ()

    def sockets(self) -> tuple[Socket, ...] | None:
        """Return that they are unknown."""
        return None

    def other_sockets(self) -> tuple[str, ...]:
        """Return nothing."""
        return ()

    def connections(self) -> tuple[Connection, ...]:
        """Return nothing."""
        return ()

    def history(self) -> tuple[str, ...]:
        """Return nothing."""
        return ()

    def processes(self) -> tuple[Process, ...] | None:
        """Return that they are unknown."""
        return None

    def threads(self) -> tuple[Thread, ...]:
        """Return nothing."""
        return ()

    def usage(self) -> Usage:
        """Return that it is unknown."""
        return Usage()

    def neighbours(self) -> tuple[Neighbour, ...]:
        """Return nothing."""
        return ()

    def sockets_of(self, _name: str) -> tuple[Socket, ...] | None:
        """Return that they are unknown."""
        return None

    def files_of(self, _name: str) -> Files:
        """Return no files."""
        return Unread()

    def log_of(self, _name: str, _within: tuple[datetime, datetime]) -> Log:
        """Return nothing."""
        return Log()

    def lock_holders(self, _path: str) -> tuple[str, ...]:
        """Return nothing."""
        return ()

    def locked(self, _processes: Sequence[Process]) -> tuple[Locked, ...]:
        """Return nothing."""
        return ()

    def host_restricts(self, _port: int) -> bool:
        """Return that it does not: the settings of a node are not read."""
        return False

    def host_listens(self, _port: int) -> bool | None:
        """Return that it is unknown."""
        return None

    def kernel(self) -> tuple[Message, ...]:
        """Return nothing."""
        return ()

    def networks(self) -> frozenset[str]:
        """Return nothing."""
        return frozenset()

    def unread(self) -> list[str]:
        """Return what could not be read, and why."""
        inside = "its files, processes and sockets: nothing is run in a pod"
        return [*dict.fromkeys(self._unread), inside]
