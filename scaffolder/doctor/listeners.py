"""Which process listens on a port of this machine, as far as this user may see."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
LISTENS = "0A"
"""How the kernel writes that a socket listens (net/tcp_states.h)."""


@dataclass(frozen=True)
class Listener:
    """A process that listens."""

    pid: int
    name: str
    directory: Path | None
    """The one that it works in, if that can be told."""
    command: str
    """Its command line; the words are separated by blanks."""


def on(port: int) -> Listener | None:
    """Return who listens on a port; None if nobody does, or it cannot be told."""
    inodes = {f"socket:[{inode}]" for inode in _inodes(port)}
    for folder in PROC.glob("[0-9]*") if inodes else ():
        with suppress(OSError):  # it has ended, or belongs to another user
            if any(_leads_to(link, inodes) for link in (folder / "fd").iterdir()):
                return _listener(folder)
    return None


def _leads_to(link: Path, inodes: Collection[str]) -> bool:
    try:
        return str(link.readlink()) in inodes
    except OSError:  # it has been closed
        return False


def _inodes(port: int) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (PROC / "net" / table).read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTENS and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]


def _listener(folder: Path) -> Listener:
    directory = None
    with suppress(OSError):
        directory = (folder / "cwd").readlink()
    name = (folder / "comm").read_text(encoding="utf-8", errors="replace").strip()
    words = (folder / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    command = b" ".join(words).decode(errors="replace")
    return Listener(int(folder.name), name, directory, command)
