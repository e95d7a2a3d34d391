"""A key in a file of settings that a program does not read, and which one it reads instead."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, ended
from scaffolder.diagnose.causes.read_before import CODE, configuration
from scaffolder.diagnose.causes.silence.readings import quiet
from scaffolder.diagnose.causes.silence.vocabulary import mentions, names_read
from scaffolder.diagnose.evidence.keys import keys, near
from scaffolder.diagnose.evidence.phase import Phase

QUOTED = re.compile(r"""["'`]([\w.-]+)["'`]""")
MOST_FILES, MOST, MOST_NEAR = 3, 4, 2


@dataclass(frozen=True)
class Misspelled:
    """A key that stands in a file, and one that the program reads and the file does not have."""

    path: str
    text: str
    """What the file has."""
    key: str
    name: str

    @property
    def words(self) -> str:
        """What is told of it."""
        return f"{self.path} has `{self.key}`, and the program reads `{self.name}`"


def misspelled(case: Case) -> list[Misspelled]:
    """Return the keys that may be misspelled in what a program read last."""
    return list(islice(_misspelled(case), MOST)) if case.seen.trace.calls else []


def _misspelled(case: Case) -> Iterator[Misspelled]:
    read: frozenset[str] | None = None
    for path, text in islice(configuration(case), MOST_FILES):
        known = [] if CODE.search(path) else keys(text)
        parts = {*known, *(part for key in known for part in key.split("."))}
        for key in known:
            if mentions(case, key):
                continue
            read = names_read(case) if read is None else read
            others = (name for name in near(key, read) if not {name, *name.split(".")} <= parts)
            for name in islice(others, MOST_NEAR):
                yield Misspelled(path, text, key, name)


@cause(
    "key-misspelled",
    "a file of settings has a key under another name than the program reads",
    pattern="environment",
    reads=["rerun", "files"],
    page="ended-without-a-word",
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=["ends-itself", "last-call", "reads-last"],
    cured_by=["key"],
)
def key_misspelled(case: Case) -> Found | None:
    """Find such a key, where nothing else is known; sure if the program names what it lacks."""
    lines, ending = case.seen.lines, case.seen.ending
    told = {quoted for line in lines for quoted in QUOTED.findall(line)}
    told |= {text.strip() for text in ending.named} if ending else set()
    found = misspelled(case) if quiet(case) or case.seen.swallowed else []
    named = [each for each in found if each.name in told]
    each = next(iter(named or found), None)
    if each is None or (not named and len(found) > 1):
        return None
    return Found(
        each.words,
        f"rename it to {each.name}",
        (content(case, each.path, f"the key {each.key}"), ended(case)),
        basis=None if named else Basis.HINT,
    )
