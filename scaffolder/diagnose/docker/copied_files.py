"""`docker cp`: files of a container, running or not, without a shell in it.

It prints a tar stream, which is read as far as needed; then the command is killed. Nothing is
written to disk, and links are resolved here, inside the container only.

Each command takes about 0.1 s, however little it reads. So what comes along with `/` is kept: the
top directories, and what is small in them, such as /etc.
"""

import io
import re
import tarfile
from collections.abc import Callable, Iterator
from posixpath import dirname, join, normpath

from scaffolder.diagnose.evidence.facts import Entry
from scaffolder.diagnose.evidence.files import CONTENT
from scaffolder.docker.client import Engine, EngineError

BLOCK = 512
HEADERS = 16 * BLOCK
"""How many bytes may come before a file's content: long names and attributes."""
LISTING = 4 * 1024 * 1024
ALONG = 1024 * 1024
"""How much of a file is read with its entry: most programs are not larger."""
SECONDS = 12.0
TOP_SECONDS = 2.0
"""How long more than its entry is read of `/`: a mount in it may hang."""


class Copied:
    """The files of a container, by `docker cp`."""

    def __init__(self, engine: Engine, identity: str) -> None:
        """Read nothing yet."""
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
            if path == "/":
                self._read_top()
            else:
                self._fetch(path, ALONG)
        return self._entries[path]

    def _is_below_nothing(self, path: str) -> bool:
        """Tell whether a directory on the way is known to be missing."""
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
        """Return the paths below a directory, as many as can be read quickly."""
        if path not in self._names:
            data = self._copy(path, LISTING, None)
            base = "/" if path == "/" else dirname(normpath(path))
            self._names[path] = tuple(_names(data or b"", base))
            self._keep(data or b"", base)
        return self._names[path]

    def _read_top(self) -> None:
        """Read `/`, and keep what comes along."""
        ran = self.engine.run("cp", f"{self.identity}:/", "-", seconds=TOP_SECONDS, limit=LISTING)
        self._keep(ran.out, "/")
        if "/" not in self._entries:
            self._fetch("/", 0)

    def _keep(self, data: bytes, base: str) -> None:
        for entry, content in _members(data, base):
            self._entries[entry.path] = entry
            if content is not None:
                self._contents[entry.path] = (entry.size, content)

    def _fetch(self, path: str, limit: int) -> None:
        wanted = HEADERS + limit
        data = self._copy(path, wanted, lambda head, read: _is_enough(head[:HEADERS], read, limit))
        entry, content = first(data, path, limit) if data else (None, b"")
        if data and not data.strip(b"\0"):  # an archive of nothing: Docker leaves sockets out
            entry = Entry(path, "other", 0o777, 0, 0, 0, "")
        if data and entry is None:
            raise EngineError(f"{path} cannot be read: the output is not a tar archive")
        self._entries[path] = entry
        if entry and entry.kind == "file":
            self._contents[path] = (limit, content)

    def _copy(
        self, path: str, limit: int, enough: Callable[[bytes, int], bool] | None
    ) -> bytes | None:
        if self.obstacle and path != "/":  # what cannot be read is not missing
            raise EngineError(f"its files cannot be read: {self.obstacle}")
        ran = self.engine.run(
            "cp", f"{self.identity}:{path}", "-", seconds=SECONDS, limit=limit, enough=enough
        )
        is_whole = not ran.slow and (ran.code in (None, 0) or _is_missing(ran.complaint, path))
        if not is_whole:
            late = f"`{self.engine.name} cp` did not answer within {SECONDS:g} s"
            self.obstacle = late if ran.slow else ran.complaint[:300] or f"status {ran.code}"
            if path != "/":
                raise EngineError(f"its files cannot be read: {self.obstacle}")
            return None
        return ran.out or None


MISSING = re.compile("could not find the file|no such file|not a directory|could not be found")


def _is_missing(said: str, path: str) -> bool:
    """Tell whether the engine reports exactly this path as missing.

    It also reports "no such file" for its own directories while the container is removed.
    """
    place = re.escape(" ".join(normpath(path).split()).lower())
    said = said.lower()
    return path != "/" and bool(MISSING.search(said) and re.search(rf"{place}(?![\w./-])", said))


def _is_enough(head: bytes, read: int, limit: int) -> bool:
    """Tell whether the header, and the requested part of the content, has arrived."""
    if len(head) < BLOCK or head[156:157] in b"xgLK":
        return False
    return read >= BLOCK + limit or head[156:157] not in b"0\0"


def first(data: bytes, path: str, limit: int) -> tuple[Entry | None, bytes]:
    """Read the first member of a tar stream that may be truncated anywhere."""
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


def _members(data: bytes, base: str) -> Iterator[tuple[Entry, bytes | None]]:
    """Yield what is complete in a tar stream: entries, and what files hold.

    A name that is linked to another file has no content of its own there.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r|") as archive:
            for member in archive:
                is_whole = member.offset_data + member.size <= len(data)
                if not is_whole or member.islnk():
                    continue
                entry = _entry(member, normpath(join(base, member.name.lstrip("/"))))
                content = data[member.offset_data : member.offset_data + member.size]
                yield entry, content if entry.kind == "file" else None
    except (tarfile.TarError, ValueError, OverflowError, EOFError):
        return


def _names(data: bytes, base: str) -> Iterator[str]:
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r|") as archive:
            for member in archive:
                yield normpath(join(base, member.name.lstrip("/")))
    except (tarfile.TarError, ValueError, OverflowError, EOFError):
        return
