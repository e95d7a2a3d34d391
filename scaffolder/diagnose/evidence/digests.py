"""Checksums of files that another file has: lists of sha256sum, and manifests."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

DIGEST = re.compile(
    r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{128}|[0-9A-Fa-f]{96}|[0-9A-Fa-f]{64}|[0-9A-Fa-f]{40}"
    r"|[0-9A-Fa-f]{32})(?![0-9A-Fa-f])"
)
ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256", 96: "sha384", 128: "sha512"}
"""By the number of hexadecimal digits."""
NAME = re.compile(r"[\w.@+/-]{2,}")
NEAR = 160
"""How many characters around a checksum may name its file."""
MOST = 20


@dataclass(frozen=True)
class Stated:
    """A checksum, and what may be the name of its file, the likeliest first."""

    digest: str
    names: tuple[str, ...]

    @property
    def algorithm(self) -> str:
        """How it is computed."""
        return ALGORITHMS[len(self.digest)]

    def of(self, content: bytes) -> str:
        """Return the checksum of some content."""
        return hashlib.new(self.algorithm, content, usedforsecurity=False).hexdigest()


def stated(text: str) -> Iterator[Stated]:
    """Yield the checksums in a text: the name of the file is on the same line, or near."""
    for number, match in enumerate(DIGEST.finditer(text)):
        if number >= MOST:
            return
        begin = text.rfind("\n", 0, match.start()) + 1
        end = text.find("\n", match.end())
        line = text[begin : match.start()], text[match.end() : None if end < 0 else end]
        before = text[max(0, match.start() - NEAR) : match.start()]
        after = text[match.end() : match.end() + NEAR]
        places = (line[0][-NEAR:], line[1][:NEAR], before, after)
        names = (
            name
            for at, place in enumerate(places)
            for name in (NAME.findall(place)[::-1] if at % 2 == 0 else NAME.findall(place))
        )
        yield Stated(match[0].lower(), tuple(dict.fromkeys(names)))
