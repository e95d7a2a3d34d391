"""Texts in another encoding than UTF-8, told from what is no text."""

import re
from dataclasses import dataclass

CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
"""What no text has in an encoding of one byte for a letter."""
BEYOND = re.compile(rb"[\x80-\xff]")
OF_WINDOWS = re.compile(rb"[\x80-\x9f]")
SHARE = 0.3
"""How many of its letters may be beyond ASCII: others are not known by that."""
UTF_16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
SHORTEST = 4


@dataclass(frozen=True)
class Foreign:
    """A text that is not UTF-8."""

    encoding: str
    """As iconv calls it: what it most likely is."""
    at: int
    """Where the first byte stands that UTF-8 does not have there."""
    byte: int
    text: str

    @property
    def words(self) -> str:
        """What is wrong with it, after the name of a file."""
        if self.encoding.startswith("utf-16"):
            return f"is UTF-16, not UTF-8 (byte 0x{self.byte:02x} at offset {self.at})"
        return f"is not UTF-8 (byte 0x{self.byte:02x} at offset {self.at})"


def foreign(data: bytes) -> Foreign | None:
    """Read a text that is not UTF-8; None if it is, or if it is no text."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        at = error.start
    else:
        at = data.find(b"\0")  # UTF-16 without a mark is valid, and nothing that anyone reads
        if at < 0:
            return None
    wide = _wide(data)
    if wide:
        return Foreign(wide[0], at, data[at], wide[1])
    beyond = len(BEYOND.findall(data))
    if CONTROL.search(data) or beyond > SHARE * len(data) or len(data) < SHORTEST:
        return None
    encoding = "windows-1252" if OF_WINDOWS.search(data) else "iso-8859-1"
    try:
        return Foreign(encoding, at, data[at], data.decode(encoding))
    except UnicodeDecodeError:
        return None


def _wide(data: bytes) -> tuple[str, str] | None:
    """Read UTF-16, with a mark or without one: that has a zero in every other byte."""
    encoding = UTF_16.get(data[:2], "")
    if not encoding:
        first, second = data[::2].count(0), data[1::2].count(0)
        half = len(data) // 2
        if half < SHORTEST or max(first, second) < (1 - SHARE) * half or min(first, second):
            return None
        encoding = "utf-16-be" if first else "utf-16-le"
    try:
        text = data.decode(encoding).lstrip("\ufeff")
    except UnicodeDecodeError:
        return None
    return None if CONTROL.search(text.encode("utf-8")) else (encoding, text)
