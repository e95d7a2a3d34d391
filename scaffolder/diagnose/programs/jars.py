"""What the classes in a jar can log, read without running them."""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import lru_cache

MAGIC = b"\xca\xfe\xba\xbe"
UTF8, CLASS, STRING, WIDE = 1, 7, 8, (5, 6)
SIZES = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4,
         19: 2, 20: 2}  # fmt: skip
"""How long the entries of a constant pool are, by tag (JVM Specification, 4.4)."""
ABSTRACT = 0x0400
"""The flag of an interface, too (JVM Specification, 4.1)."""
MOST, LARGEST = 400, 256 * 1024
"""How many classes are read, and how large ones."""
BROKEN = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, OSError, RuntimeError)
"""What is raised where a jar is damaged, encrypted, or lacks a file."""
MANIFEST = "META-INF/MANIFEST.MF"
STARTS = re.compile(r"^(?:Start|Main)-Class: *(\S+)", re.MULTILINE)
FOLDER = "BOOT-INF/classes/"
"""Where Spring Boot has them."""


@lru_cache(maxsize=8)  # several causes ask the same of a program's few jars
def texts(data: bytes, main: str, using: str = "", tag: int = STRING) -> tuple[str, ...]:
    """Return the literals of the classes beside `main`, or of its packages, that use a class.

    All of them, if no class is named; with the tag CLASS, the classes that they refer to. Without
    `main` it is the one that the manifest names. Nothing if it is no jar, or not that of `main`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as jar:
            main = main or _started(jar)
            package = main.replace(".", "/").rpartition("/")[0]
            found = (info for info in jar.infolist() if _is_below(info.filename, package))
            classes = [info for info in found if info.filename.endswith(".class")][:MOST]
            read = [jar.read(info) for info in classes if info.file_size <= LARGEST]
    except BROKEN:
        return ()
    return tuple(dict.fromkeys(text for each in read for text in literals(each, using, tag)))


def names(data: bytes) -> frozenset[str]:
    """Return the names of the files in a jar; nothing if it is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as jar:
            return frozenset(jar.namelist())
    except (zipfile.BadZipFile, ValueError, OSError):
        return frozenset()


def _is_below(name: str, package: str) -> bool:
    """Tell whether a file is in a package or below it; in no package, if that is the empty one."""
    name = name.removeprefix(FOLDER)
    return name.startswith(f"{package}/") if package else "/" not in name


def _started(jar: zipfile.ZipFile) -> str:
    if jar.getinfo(MANIFEST).file_size > LARGEST:
        return ""
    named = STARTS.findall(jar.read(MANIFEST).decode("utf-8", "replace"))
    own = [name for name in named if not name.startswith("org.springframework.boot.")]
    return own[0] if own else ""


def literals(data: bytes, using: str = "", tag: int = STRING) -> Iterator[str]:
    """Yield the literals of a class that uses another one; nothing if it does not, or is broken.

    With the tag CLASS, those that it refers to.
    """
    try:
        names, referred, _end = _constants(data, tag)
    except (struct.error, KeyError, IndexError):
        return
    if not using or using in names.values():
        yield from (names[each] for each in referred if each in names)


def is_abstract(data: bytes) -> bool:
    """Tell whether a class is an interface or abstract, so that others implement it."""
    try:
        (flags,) = struct.unpack_from(">H", data, _constants(data, STRING)[2])
    except (struct.error, KeyError, IndexError):
        return False
    return data.startswith(MAGIC) and bool(flags & ABSTRACT)


def content(data: bytes, name: str) -> bytes:
    """Return a file of a jar; nothing if it has none of that name, or a very large one."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as jar:
            return jar.read(name) if jar.getinfo(name).file_size <= LARGEST else b""
    except BROKEN:
        return b""


def _constants(data: bytes, tag: int) -> tuple[dict[int, str], list[int], int]:
    """Return the names in a constant pool, to which of them a tag refers, and where it ends."""
    names: dict[int, str] = {}
    referred: list[int] = []
    (count,) = struct.unpack_from(">H", data, 8)
    at, number = 10, 1
    while data.startswith(MAGIC) and number < count:
        kind = data[at]
        if kind == UTF8:
            (length,) = struct.unpack_from(">H", data, at + 1)
            names[number] = data[at + 3 : at + 3 + length].decode("utf-8", "replace")
            at += 3 + length
        else:
            referred += struct.unpack_from(">H", data, at + 1) if kind == tag else ()
            at += 1 + SIZES[kind]
        number += 2 if kind in WIDE else 1
    return names, referred, at
