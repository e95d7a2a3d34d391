"""The words of a program: which of them a value that is none may have been meant to be."""

import re
from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from itertools import islice

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.java.literals import launched_literals
from scaffolder.diagnose.causes.silence.readings import LARGE, natives
from scaffolder.diagnose.evidence.files import text

WORD = re.compile(rb"(?<![\w-])[A-Za-z][\w-]{2,30}(?![\w-])")
TERM = re.compile(rb"(?<![\w.-])[A-Za-z_][\w.-]{2,60}(?![\w.-])")
"""What may be a key of settings, as well: `server.port`."""
READ = re.compile(
    rb"([\"'`])(?P<quoted>[A-Za-z_][\w.-]{1,60})\1"
    rb"|\.(?P<member>[A-Za-z_]\w{1,60})|\$\{?(?P<variable>[A-Za-z_]\w{1,60})"
    rb"|^[ \t]+(?P<field>[A-Za-z_]\w{1,60})[ \t]*:"
    rb"|[{,][ \t]*(?P<part>[A-Za-z_]\w{1,60})(?=[ \t]*[,}:=])",
    re.MULTILINE,
)
"""How sources read what has a name: `get("port")`, `cfg.port`, `$PORT`, `port: int`, `{port} =`."""
SOURCE = re.compile(r"\.(?:py|[cm]?js|rb|php|pl|lua|sh)$")
OF_OTHERS = re.compile(r"^/(?:usr(?!/src/)|lib\w*)/|/node_modules/|-packages/")
MOST_FILES, MOST_NEAR = 20, 2
ALIKE = 0.75
"""How alike two words are for one to be a misspelling of the other (difflib's ratio)."""
LONG = 5
TYPO = 2
"""By how many letters they differ in length at the most."""


def words(case: Case) -> frozenset[str]:
    """Return the words in the programs that are started, and in their own sources."""
    return _words((*_built(case), *own_sources(case)))


def listed(case: Case) -> frozenset[str]:
    """Return the words in what a program says and nobody hears: it may list what it takes."""
    return _words(line.encode() for line in case.seen.unheard)


def names_read(case: Case) -> frozenset[str]:
    """Return what programs may read by its name: what their sources read so, texts of others."""
    found = {match[0] for data in _built(case) for match in TERM.finditer(data)}
    for data in own_sources(case):
        found |= {match[match.lastgroup or 0] for match in READ.finditer(data)}
    told = (line.encode() for line in case.seen.lines)
    found |= {match["quoted"] for line in told for match in READ.finditer(line)}
    named = case.seen.ending.named if case.seen.ending else ()  # which has no bounds in Go, Rust
    found |= {match[0] for text in named for match in TERM.finditer(text.encode())}
    return frozenset(name.decode("ascii", "replace") for name in found if name)


def mentions(case: Case, name: str) -> bool:
    """Tell whether programs have a name anywhere, or the last part of one with dots.

    Texts of native programs have no bounds: there any that is not short counts.
    """
    part = name.rpartition(".")[2].encode()
    bounded = re.compile(rb"(?<![A-Za-z0-9])" + re.escape(part) + rb"(?![A-Za-z0-9])")
    if len(part) >= LONG and any(part in data for data in _natives(case)):
        return True
    return any(bounded.search(data) for data in (*_built(case), *own_sources(case)))


def _words(texts: Iterable[bytes]) -> frozenset[str]:
    return frozenset(
        match[0].decode("ascii", "replace") for data in texts for match in WORD.finditer(data)
    )


def near(value: str, known: Collection[str]) -> list[str]:
    """Return the words that a value may be a misspelling of; none if it is one itself."""
    if value in known:
        return []
    first, last = value[:1].lower(), value[-1:].lower()
    alike = [
        word
        for word in known
        if abs(len(word) - len(value)) <= TYPO
        and (word[0].lower() == first or word[-1].lower() == last)
    ]
    return get_close_matches(value, sorted(alike), MOST_NEAR, ALIKE)


def _built(case: Case) -> Iterator[bytes]:
    """Yield native programs, and the texts of classes."""
    yield from _natives(case)
    yield from ("\n".join(found).encode() for _path, found in launched_literals(case))


def _natives(case: Case) -> Iterator[bytes]:
    yield from (data for _path, data, _elf in natives(case) if len(data) < LARGE)


def own_sources(case: Case) -> Iterator[bytes]:
    """Yield the scripts that are started, and the sources of their own that a copy has opened."""
    for item in case.launched:
        if item.script:
            yield item.script.text.encode()
    opened = (c.path for c in case.seen.trace.calls if c.name.startswith("open") and not c.error)
    own = (p for p in dict.fromkeys(opened) if SOURCE.search(p) and not OF_OTHERS.search(p))
    for path in islice(own, MOST_FILES):
        yield (text(case.files, path) or "").encode()
