"""The bytes of an ELF file, read within bounds, and the symbols of Rust's `main`."""

import re
import struct

MOST_SYMBOLS = 200_000
MOST_TEXT = 1024
SHT_SYMTAB = 2


class Reader:
    """Reads numbers and texts at offsets of a file that may be wrong or too large."""

    def __init__(self, data: bytes) -> None:
        """Read `data`, whose first bytes define the width and byte order of numbers."""
        self.data = data
        self.wide = data[4] == 2
        self.order = ">" if data[5] == 2 else "<"

    def unpack(self, layout: str, offset: int) -> tuple[int, ...]:
        """Return numbers in the file's order; raise struct.error if it ends before."""
        try:
            return struct.unpack_from(self.order + layout, self.data, offset)
        except OverflowError as error:  # a header may say any place
            raise struct.error(str(error)) from error

    def text(self, offset: int) -> str:
        """Return the text that ends with a zero byte; empty outside the file."""
        if offset < 0 or offset >= len(self.data):
            return ""
        end = self.data.find(b"\0", offset, offset + MOST_TEXT)
        return self.data[offset : end if end >= 0 else offset].decode("utf-8", "replace")


RUST_MAIN = re.compile(rb"_ZN\d+[A-Za-z0-9_]+4main17h[0-9a-f]{16}E$|^_RNv.*4main$")


def main_size(reader: Reader) -> int | None:
    """Return the size of a Rust program's own `main`, by its symbols."""
    if not reader.wide or b"4main17h" not in reader.data:
        return None
    start, size, count = (*reader.unpack("Q", 40), *reader.unpack("HH", 58))
    headers = [reader.unpack("IIQQQQIIQQ", start + i * size) for i in range(min(count, 512))]
    left = MOST_SYMBOLS  # of all tables together: a file can claim many
    for header in headers:
        if header[1] != SHT_SYMTAB or header[6] >= len(headers):
            continue
        offset, length, strings = header[4], header[5], headers[header[6]][4]
        count = min(length // 24, left)
        left -= count
        for index in range(count):
            name, info, _other, _section, _value, extent = reader.unpack(
                "IBBHQQ", offset + index * 24
            )
            if info & 15 == 2 and RUST_MAIN.search(reader.text(strings + name).encode()):
                return extent
    return None
