"""The names that a program has beside others which are known: keys of a file, options.

A program reads its settings together, and so their names stand together in its texts: in a table,
in a class, in the lines of a source. One of them that nothing sets may be what it lacks.
"""

import re
from collections.abc import Collection, Iterable, Iterator

NAMES = {
    "native": re.compile(rb"(?<=\0)(?P<name>[A-Za-z_][\w.-]{1,40})(?=\0)|(?<=\0)[ -~]{3,}(?=\0)"),
    "go": re.compile(
        rb"\b(?:json|yaml|toml|mapstructure|xml|env):\"(?P<name>[A-Za-z_][\w.-]{1,40})"
    ),
    "classes": re.compile(rb"^(?P<name>[A-Za-z_][\w.-]{1,60})$", re.MULTILINE),
    "source": re.compile(
        rb"[\"'`](?:--)?(?P<name>[A-Za-z_][\w.-]{1,60})[\"'`]"
        rb"|\.(?P<member>[A-Za-z_]\w{1,60})\b(?!\s*\()"
        rb"|^[ \t]+(?P<field>[A-Za-z_]\w{1,60})[ \t]*:|[{,][ \t]*(?P<part>[A-Za-z_]\w{1,60})"
        rb"(?=[ \t]*[,}:=])|\b(?P<set>[a-z_]\w{1,40})=(?=\w)",
        re.MULTILINE,
    ),
}
"""How names are found, by the kind of a program: as texts with bounds, or as sources read them."""
OF_LANGUAGES = frozenset(
    re.findall(
        r"\S+",
        "args argv async await boolean bool class code const console constructor count data default"
        " description else env error exit exports fail false filter float format fs function help"
        " http if import int index item items key keys kwargs len length line lines list log map"
        " message module name names next node none null number object ok options os path print"
        " process promise prototype push required return self set split start str strict string sys"
        " text then this throw trim true try type undefined use utf-8 utf8 value values void write",
    )
)
"""Words that sources have everywhere."""
NEAR = 6
"""How many names apart they may be."""
MARK = re.compile(r"[._-]")
"""What joins the words of a name, in programs whose names have that."""


def beside(texts: Iterable[tuple[str, bytes]], known: Collection[str]) -> list[str]:
    """Return the names near known ones, the nearest first; each text has its kind before it."""
    lower = {name.lower() for name in known}
    distance: dict[str, int] = {}
    for kind, data in texts:
        names = [n for n in _names(kind, data) if n.lower() in lower or not _is_common(kind, n)]
        at = [number for number, name in enumerate(names) if name.lower() in lower]
        for place in at:
            for number in range(max(0, place - NEAR), min(len(names), place + NEAR + 1)):
                name = names[number]
                if name and name.lower() not in lower:
                    apart = abs(number - place)
                    distance[name] = min(apart, distance.get(name, apart))
    marked = any(MARK.search(name) for name in known)
    return sorted(distance, key=lambda name: (marked and not MARK.search(name), distance[name]))


def _names(kind: str, data: bytes) -> Iterator[str]:
    """Yield the names in a text; an empty one for what stands between them and is none."""
    for match in NAMES[kind].finditer(data):
        yield (match[match.lastgroup] if match.lastgroup else b"").decode("ascii", "replace")


def _is_common(kind: str, name: str) -> bool:
    return kind == "source" and name.lower() in OF_LANGUAGES
