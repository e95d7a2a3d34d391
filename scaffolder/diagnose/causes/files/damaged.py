"""Compressed files, archives and databases that are cut off or damaged."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Protocol

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, ended
from scaffolder.diagnose.causes.read_before import read_files
from scaffolder.diagnose.evidence.files import resolved
from scaffolder.diagnose.evidence.phase import Phase

MOST = 8
LARGEST = 8 << 20
"""How many bytes of a file are read: a larger one is not judged."""
UNPACKED = 64 << 20
"""How many bytes are unpacked of one: a small file may hold very many."""
PART = 1 << 20
GZIP, ZIP, SQLITE, PNG = b"\x1f\x8b\x08", b"PK\x03\x04", b"SQLite format 3\0", b"\x89PNG\r\n\x1a\n"
END_OF_ZIP, END_OF_PNG = b"PK\x05\x06", b"IEND"
COMMENT = 22 + 65535
"""How far the end of a zip's directory is from the end of the file at most (APPNOTE, 4.3.16)."""
CUT = "it ends before its own end: it is cut off"
HEADERS = 16
"""How many bytes of a file's own may stand before a stream of zlib."""


class Unpacks(Protocol):
    """What unpacks a stream part by part."""

    @property
    def eof(self) -> bool: ...  # noqa: D102 - of the library
    def decompress(self, data: bytes, max_length: int = ...) -> bytes: ...  # noqa: D102


@cause(
    "file-damaged",
    "a file that the program reads is cut off or damaged",
    pattern="environment",
    reads=["rerun", "files"],
    page="check-files-and-dependencies",
    when=Phase.DIED,
    basis=Basis.NAMED,
    explains=[
        "said-why", "ends-itself", "last-call", "python-exception", "python-buffered",
        "python-quiet-exit", "terminal-missing", "config-malformed", "database-corrupt",
        "reads-last", "errexit", "node-error", "output-in-file",
    ],
)  # fmt: skip
def file_damaged(case: Case) -> Found | None:
    """Unpack what a watched copy read last, within bounds, as far as its first bytes tell how."""
    if case.seen.failed_call or not case.seen.trace.processes:
        return None
    for path in islice(read_files(case), MOST):
        entry = resolved(case.files, path)
        if entry is None or entry.kind != "file" or not 0 < entry.size <= LARGEST:
            continue
        flaw = flaw_of(case.files.content(entry.path, LARGEST) or b"")
        if flaw:
            return Found(
                f"{path}, which the program reads, is damaged: {flaw} ({entry.size} bytes)",
                f"put a whole copy of {path} there: from a backup, or from where it is made; write"
                " it under another name, and rename it when it is complete",
                (content(case, path, f"{entry.size} bytes: {flaw}"), ended(case)),
            )
    return None


def flaw_of(data: bytes) -> str:
    """Return what is wrong with a file of a known form; empty if nothing is, or it is unknown."""
    if data.startswith(ZIP):
        return CUT if END_OF_ZIP not in data[-COMMENT:] else ""
    if data.startswith(PNG):
        return CUT if END_OF_PNG not in data[-64:] else ""
    if data.startswith(SQLITE):
        return _of_sqlite(data)
    for at, opened in _streams(data):
        return _of_stream(data[at:], opened)
    return ""


def _of_sqlite(data: bytes) -> str:
    """Compare the size with the header's (SQLite, Database File Format, 1.3.7)."""
    size = int.from_bytes(data[16:18], "big")
    pages = int.from_bytes(data[28:32], "big")
    is_valid = data[24:28] == data[92:96]
    expected = (65536 if size == 1 else size) * pages
    return CUT if is_valid and len(data) < expected else ""


def _streams(data: bytes) -> Iterator[tuple[int, Callable[[], Unpacks]]]:
    """Yield where a compressed stream begins, and what unpacks it.

    One of zlib may follow a header of the file's own: it has to unpack to something to count.
    """
    if data.startswith(GZIP):
        yield 0, lambda: zlib.decompressobj(31)
    elif data.startswith(b"BZh"):
        yield 0, bz2.BZ2Decompressor
    elif data.startswith(b"\xfd7zXZ\0"):
        yield 0, lzma.LZMADecompressor
    else:
        for at in range(min(HEADERS, len(data) - 2) + 1 if len(data) > 1 else 0):
            if data[at] == 0x78 and int.from_bytes(data[at : at + 2], "big") % 31 == 0:
                try:
                    begins = zlib.decompressobj().decompress(data[at : at + 4096], 1024)
                except zlib.error:
                    continue
                if len(begins) > HEADERS:
                    yield at, zlib.decompressobj


def _of_stream(data: bytes, opened: Callable[[], Unpacks]) -> str:
    unpacks, unpacked = opened(), 0
    rest = data
    try:
        while not unpacks.eof and unpacked < UNPACKED:
            part = unpacks.decompress(rest, PART)
            unpacked += len(part)
            rest = getattr(unpacks, "unconsumed_tail", b"")
            if not part and not rest:
                break
    except (zlib.error, OSError, lzma.LZMAError, EOFError) as error:
        return f"it cannot be unpacked ({error})"
    return CUT if not unpacks.eof and unpacked < UNPACKED else ""
