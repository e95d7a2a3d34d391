"""`docker cp`: files of a container, running or not, without a shell in it.

What comes is a tar stream, of which as much is read as was asked for; then the command is ended.
Nothing is written to disk, and links are followed by us, inside the container only.
"""

import io
import tarfile
from collections.abc import Callable, Iterator
from posixpath import dirname, join, normpath
from typing import Protocol

from scaffolder.diagnose.engine import Engine
from scaffolder.diagnose.facts import Entry

BLOCK = 512
HEADERS = 16 * BLOCK
"""So many bytes may come before a file's content: long names and attributes."""
HEAD = 64 * 1024
CONTENT = 256 * 1024
PROGRAM = 48 * 1024 * 1024
LISTING = 4 * 1024 * 1024
LINKS = 40
SECONDS = 12.0


class Files(Protocol):
    """The files of a container."""

    def entry(self, path: str) -> Entry | None:
        """Return what is at a path, a link as a link; None if nothing is."""

    def content(self, path: str, limit: int = CONTENT) -> bytes | None:
        """Return the first bytes of a file; None if there is none."""

    def names(self, path: str) -> tuple[str, ...]:
        """Return the paths below a directory, as many as can be had quickly."""


class Copied:
    """The files of a container, by `docker cp`."""

    def __init__(self, engine: Engine, identity: str) -> None:
        """Look at nothing yet."""
        self.engine = engine
        self.identity = identity
        self.obstacle = ""
        self._entries: dict[str, Entry | None] = {}
        self._contents: dict[str, tuple[int, bytes]] = {}
        self._names: dict[str, tuple[str, ...]] = {}

    def entry(self, path: str) -> Entry | None:
        """Return what is at a path, a link as a link; None if nothing is."""
        if path not in self._entries:
            if self._is_below_nothing(path):
                return None
            self._fetch(path, HEAD)  # as much comes along unasked
        return self._entries[path]

    def _is_below_nothing(self, path: str) -> bool:
        """Tell whether a directory on the way is known not to be there."""
        while path not in ("/", ""):
            path = dirname(path)
            if path in self._entries and self._entries[path] is None:
                return True
        return False

    def content(self, path: str, limit: int = CONTENT) -> bytes | None:
        """Return the first bytes of a file; None if there is none."""
        entry = self.entry(path)
        if entry is None or entry.kind != "file":
            return None
        if self._contents[path][0] < min(limit, entry.size):
            self._fetch(path, limit)
        found = self._contents.get(path)
        return found[1][:limit] if found else None

    def names(self, path: str) -> tuple[str, ...]:
        """Return the paths below a directory, as many as can be had quickly."""
        if path not in self._names:
            data = self._copy(path, LISTING, None)
            base = "/" if path == "/" else dirname(normpath(path))
            self._names[path] = tuple(_names(data or b"", base))
        return self._names[path]

    def _fetch(self, path: str, limit: int) -> None:
        wanted = HEADERS + limit
        data = self._copy(path, wanted, lambda head, read: _is_enough(head[:HEADERS], read, limit))
        entry, content = first(data, path, limit) if data else (None, b"")
        self._entries[path] = entry
        if entry and entry.kind == "file":
            self._contents[path] = (limit, content)

    def _copy(
        self, path: str, limit: int, enough: Callable[[bytes, int], bool] | None
    ) -> bytes | None:
        if self.obstacle:
            return None
        ran = self.engine.run(
            "cp", f"{self.identity}:{path}", "-", seconds=SECONDS, limit=limit, enough=enough
        )
        if ran.code and not _is_missing(ran.complaint):
            self.obstacle = ran.complaint[:300]
        return ran.out or None


def _is_missing(said: str) -> bool:
    said = said.lower()
    return any(
        words in said
        for words in (
            "could not find the file",
            "no such file",
            "not a directory",
            "could not be found",
        )
    )


def _is_enough(head: bytes, read: int, limit: int) -> bool:
    """Tell whether the header, and as much of the content as was asked for, has come."""
    if len(head) < BLOCK or head[156:157] in b"xgLK":
        return False
    return read >= BLOCK + limit or head[156:157] not in b"0\0"


def first(data: bytes, path: str, limit: int) -> tuple[Entry | None, bytes]:
    """Read the first member of a tar stream that may end anywhere."""
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r|") as archive:
            member = archive.next()
            if member is None:
                return None, b""
            entry = _entry(member, path)
            content = data[member.offset_data : member.offset_data + min(member.size, limit)]
            return entry, content if entry.kind == "file" else b""
    except (tarfile.TarError, ValueError, OverflowError, EOFError):
        return None, b""


def _entry(member: tarfile.TarInfo, path: str) -> Entry:
    kinds = ((member.isfile, "file"), (member.isdir, "directory"), (member.issym, "link"))
    kind = next((name for is_it, name in kinds if is_it()), "other")
    return Entry(
        path, kind, member.mode & 0o7777, member.uid, member.gid, member.size, member.linkname
    )


def _names(data: bytes, base: str) -> Iterator[str]:
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r|") as archive:
            for member in archive:
                yield normpath(join(base, member.name.lstrip("/")))
    except (tarfile.TarError, ValueError, OverflowError, EOFError):
        return


def follow(files: Files, path: str, base: str = "/") -> tuple[list[Entry], str]:
    """Walk to a path as the kernel does.

    Return every directory and link on the way and, last, what is there; and the path where the way
    ended, when nothing is. A way with more than 40 links ends, too (path_resolution(7)).
    """
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
            if links > LINKS:
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
