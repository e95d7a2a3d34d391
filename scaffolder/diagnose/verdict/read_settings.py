"""The settings in the files that a program read before it ended, and other ways to write them."""

import re
from collections.abc import Collection, Iterator
from itertools import islice

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.files import mount_around, text
from scaffolder.diagnose.evidence.settings import LITERAL, Setting, settings

from .own_volumes import is_small
from .rewording import Named, key
from .spellings import MOST, WORD, is_answer, spellings
from .vocabulary import near

MOST_FILES = 2
LARGEST = 64 * 1024
OF_SYSTEM = re.compile(
    r"^/(?:usr(?!/src/)|lib\w*|proc|sys|dev|bin|sbin)/|^/etc/(?:ld\.so|passwd|group|shadow|nsswitch|hosts?$"
    r"|hostname|resolv|gai|localtime|timezone|os-release|ssl/|alternatives/|locale|terminfo|profile"
    r"|inputrc|bash|environment$|login\.defs|pam\.|security/|host\.conf|protocols|services|mime)"
    r"|/node_modules/|-packages/|/package(?:-lock)?\.json$"
)
"""What systems, runtimes and libraries have in files, and read themselves."""
CODE = re.compile(
    r"\.(?:pyc?|so[\d.]*|[cm]?js|map|ts|jar|class|rb|lua|pl|pm|php|sh|html?|css|md|sql|pem|crt|key"
    r"|csv|log|lock|pid|sock|txt)$"
)


def read_settings(case: Case) -> list[Setting]:
    """Return the settings of the files that a program read last, the latest first."""
    return [
        setting
        for path, content in islice(_files(case), MOST_FILES)
        for setting in settings(path, content)
    ]


def respelled(named: Named, value: str, known: Collection[str]) -> list[str]:
    """Return other ways to write a value, of the words that a program knows among others.

    The same one is among them where quotes around it matter.
    """
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


def _files(case: Case) -> Iterator[tuple[str, str]]:
    trace = case.seen.trace
    decider = case.seen.decider
    code = {word for process in trace.processes.values() for word in process.argv}
    opened = (c for c in reversed(trace.calls) if c.name.startswith("open") and not c.error)
    read = (c.path for c in opened if not c.writes and decider and c.process == decider.number)
    for path in dict.fromkeys(read):
        if OF_SYSTEM.search(path) or path in code:
            continue
        content = text(case.files, path, limit=LARGEST + 1)
        mount = mount_around(path, case.config.mounts)
        is_whole = mount is None or mount.destination == path or is_small(mount.source)
        found = settings(path, content) if content and len(content) <= LARGEST and is_whole else []
        if content and found and (found[0].is_whole or not CODE.search(path)):
            yield path, content
