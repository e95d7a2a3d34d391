"""Files of a container: how they are read, and how a path is followed inside it."""

import re
from collections.abc import Iterable
from posixpath import dirname, join, normpath
from typing import Protocol

from .config import Mount
from .facts import Entry

HEAD = 64 * 1024
CONTENT = 256 * 1024
PROGRAM = 48 * 1024 * 1024
LINKS = 40
SYSTEM = re.compile(r"/(?:usr(?!/src/)|lib\w*|proc|sys|dev|s?bin)(?:/|$)")
"""How a path begins that is of the system or a runtime; images often have a program in /usr/src."""
OF_RUNTIME = re.compile(r"/(?:usr/(?:local/)?)?lib(?:64)?/|/(?:proc|sys|dev|usr/share)/")
"""Where files of languages and systems are that a program reads, and nobody gives it."""
LONGEST = 4096
"""The longest path in characters (PATH_MAX): the kernel has no file for a longer one."""


NO_DEVICE = re.compile(
    r"/dev/(?:(?:shm|mqueue|hugepages|pts|fd|tcp|udp)(?:/.*)?"
    r"|log|tty|std(?:in|out|err)|console|null|zero|full|u?random)?$"
)
"""What is below /dev, or is asked for there, and is no device that a container is given."""


class Files(Protocol):
    """The files of a container."""

    def entry(self, path: str) -> Entry | None:
        """Return what is at a path, a link as a link; None if nothing is."""

    def content(self, path: str, limit: int = CONTENT) -> bytes | None:
        """Return the first bytes of a file; None if there is none."""

    def names(self, path: str) -> tuple[str, ...]:
        """Return the paths below a directory, as many as can be read quickly."""


def follow(files: Files, path: str, base: str = "/") -> tuple[list[Entry], str]:
    """Walk to a path as the kernel does.

    Return every directory and link on the way and, last, the entry there; and the path where the
    way ended, if nothing is there. More than 40 links end it, too (path_resolution(7)).
    """
    if len(path) > LONGEST:
        return [], path
    rest = [part for part in join(base, path).split("/") if part and part != "."]
    way: list[Entry] = []
    here, links = "/", 0
    while rest:
        name = rest.pop(0)
        if name == "..":
            here = dirname(here)
            continue
        here = join(here, name)
        entry = files.entry(here)
        if entry is None:
            return way, here
        way.append(entry)
        if entry.kind == "link":
            links += 1
            if links > LINKS or len(entry.target) > LONGEST:
                return way, here
            rest = [part for part in entry.target.split("/") if part and part != "."] + rest
            here = "/" if entry.target.startswith("/") else dirname(here)
        elif entry.kind != "directory" and rest:
            return way, join(here, rest[0])
    return way, ""


def resolved(files: Files, path: str, base: str = "/") -> Entry | None:
    """Return what is at a path, links followed; None if nothing is."""
    if normpath(join(base, path)) == "/":
        return Entry("/", "directory")
    way, missing = follow(files, path, base)
    return way[-1] if way and not missing else None


def text(files: Files, path: str, base: str = "/", limit: int = CONTENT) -> str | None:
    """Return a file as text, links followed; None if there is none, or if it is binary."""
    entry = resolved(files, path, base)
    if entry is None or entry.kind != "file":
        return None
    content = files.content(entry.path, limit)
    if content is None or b"\0" in content[:4096]:
        return None
    return content.decode("utf-8", "replace")


def is_below(path: str, folder: str) -> bool:
    """Tell whether a path is a directory, or in it."""
    return f"{path}/".startswith(folder.rstrip("/") + "/")


def is_empty(files: Files, folder: str) -> bool:
    """Tell whether a directory has nothing in it; what is listed of one begins with itself."""
    return {folder}.issuperset(files.names(folder))


def is_device(path: str) -> bool:
    """Tell whether a path is that of a device, which `--device` gives to a container."""
    return path.startswith("/dev/") and not NO_DEVICE.match(path)


def mount_around(path: str, mounts: Iterable[Mount]) -> Mount | None:
    """Return the innermost mount that a path is in, if there is one."""
    around = (mount for mount in mounts if is_below(path, mount.destination))
    return max(around, key=lambda mount: len(mount.destination), default=None)
