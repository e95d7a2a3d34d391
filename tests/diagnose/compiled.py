"""Class files and jars, as far as their constants are read."""

import io
import struct
import zipfile

from scaffolder.diagnose.programs import jars

LOGGER = "org/slf4j/Logger"


def compiled(*texts: str, uses: str = LOGGER, refers: bool = False) -> bytes:
    """Return the beginning of a class file: a long, a class that is used, and literals.

    Or only names, if it `refers` to the class.
    """
    pool = b"\5" + bytes(8)
    names = (uses, *texts)
    for name in names:
        data = name.encode()
        pool += b"\1" + struct.pack(">H", len(data)) + data
    tag = b"\x07" if refers else b"\x08"
    pool += b"".join(tag + struct.pack(">H", 4 + at) for at in range(len(texts)))
    return jars.MAGIC + struct.pack(">HHH", 0, 65, 3 + len(names) + len(texts)) + pool


def kind(name: str, *, is_abstract: bool, refers: tuple[str, ...] = ()) -> bytes:
    """Return a class file that refers to others, with its access flags."""
    names = [each.encode() for each in (name, *refers)]
    pool = b"".join(b"\1" + struct.pack(">H", len(each)) + each for each in names)
    pool += b"".join(b"\x07" + struct.pack(">H", 1 + at) for at in range(len(names)))
    flags = struct.pack(">H", 0x0601 if is_abstract else 0x0021)
    return jars.MAGIC + struct.pack(">HHH", 0, 65, 1 + 2 * len(names)) + pool + flags


def jar(main: str = "shop.Main", **classes: bytes) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(jars.MANIFEST, f"Manifest-Version: 1.0\nMain-Class: {main}\n")
        for name, data in classes.items():
            made.writestr(f"{name.replace('_', '/')}.class", data)
    return kept.getvalue()
