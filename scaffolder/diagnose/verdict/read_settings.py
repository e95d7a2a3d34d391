"""The settings in the files that a program read before it ended, and other ways to write them."""

import re
from collections.abc import Collection, Iterator
from itertools import islice

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.read_before import CODE, configuration
from scaffolder.diagnose.causes.silence.vocabulary import near
from scaffolder.diagnose.evidence.files import mount_around
from scaffolder.diagnose.evidence.settings import LITERAL, Setting, settings

from .own_volumes import is_small
from .rewording import Named, key
from .spellings import MOST, WORD, is_answer, spellings

MOST_FILES = 2
OPERATORS = re.compile(r"[&|~^!()]")
"""What PHP computes with in a file of settings: written otherwise, none of it may be read."""


def read_settings(case: Case) -> list[Setting]:
    """Return the settings of the files that a program read last, the latest first."""
    return [
        setting
        for path, content in islice(files_read(case), MOST_FILES)
        for setting in settings(path, content)
    ]


def respelled(named: Named, value: str, known: Collection[str]) -> list[str]:
    """Return other ways to write a value, of the words that a program knows among others.

    The same one is among them where quotes around it matter.
    """
    if isinstance(named, Setting) and named.path.endswith(".ini") and OPERATORS.search(value):
        return []
    meant = near(value, known) if WORD.fullmatch(value) and not is_answer(value) else []
    found = [*dict.fromkeys((*meant, *spellings(key(named), value)))][:MOST]
    if not isinstance(named, Setting):
        return found
    if named.is_whole:
        inner = value.strip()
        return [*dict.fromkeys((*([inner] if inner != value else []), *found))][:MOST]
    if not LITERAL.fullmatch(value):
        return found
    return [value, *found][:MOST] if named.is_quoted else [*found[: MOST - 1], value]


def can_differ(case: Case, path: str) -> bool:
    """Tell whether a copy can have another file there, and the rest of a mount around it."""
    mount = mount_around(path, case.config.mounts)
    return mount is None or mount.destination == path or is_small(mount.source)


def files_read(case: Case) -> Iterator[tuple[str, str]]:
    """Yield the files of settings that a program read, and that a copy can have otherwise."""
    for path, content in configuration(case):
        found = settings(path, content) if can_differ(case, path) else []
        if found and (found[0].is_whole or not CODE.search(path)):
            yield path, content
