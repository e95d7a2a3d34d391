"""The words of a program: which of them a value that is none may have been meant to be."""

import re
from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from itertools import islice

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.silence.readings import LARGE, natives
from scaffolder.diagnose.evidence.files import text

WORD = re.compile(rb"(?<![\w-])[A-Za-z][\w-]{2,30}(?![\w-])")
SOURCE = re.compile(r"\.(?:py|[cm]?js|rb|php|pl|lua|sh)$")
OF_OTHERS = re.compile(r"^/(?:usr(?!/src/)|lib\w*)/|/node_modules/|-packages/")
MOST_FILES, MOST_NEAR = 20, 2
ALIKE = 0.75
"""How alike two words are for one to be a misspelling of the other (difflib's ratio)."""
TYPO = 2
"""By how many letters they differ in length at the most."""


def words(case: Case) -> frozenset[str]:
    """Return the words in the programs that are started, and in their own sources."""
    return _words(_texts(case))


def listed(case: Case) -> frozenset[str]:
    """Return the words in what a program says and nobody hears: it may list what it takes."""
    return _words(line.encode() for line in case.seen.unheard)


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


def _texts(case: Case) -> Iterator[bytes]:
    for item in case.launched:
        if item.script:
            yield item.script.text.encode()
    yield from (data for _path, data, _elf in natives(case) if len(data) < LARGE)
    opened = (c.path for c in case.seen.trace.calls if c.name.startswith("open") and not c.error)
    own = (p for p in dict.fromkeys(opened) if SOURCE.search(p) and not OF_OTHERS.search(p))
    for path in islice(own, MOST_FILES):
        yield (text(case.files, path) or "").encode()
