"""The last thing that a program read, where nothing else explains why it ended without a word."""

import re
from collections.abc import Iterator
from itertools import islice
from posixpath import basename, dirname

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, copied, ended, seen, watched
from scaffolder.diagnose.causes.mounts.shared import called
from scaffolder.diagnose.causes.silence.readings import quiet
from scaffolder.diagnose.causes.silence.sysexits import status_says
from scaffolder.diagnose.evidence.facts import Entry
from scaffolder.diagnose.evidence.files import SYSTEM, is_below, is_empty, mount_around, text
from scaffolder.diagnose.evidence.harmless import REPORTING
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.wrapped import OF_DATA

PLAIN = re.compile(r"[\w.+:/-]{1,24}")
"""What is short and plain enough to be shown: a number, a version, a name."""
PRIVATE = re.compile(r"secret|token|pass|cred|key", re.IGNORECASE)
"""How paths are called whose content is not to be shown."""
SHOWN = 4


@cause(
    "reads-last",
    "the program ends over what it has just read, and does not say so",
    pattern="environment",
    reads=["rerun", "files"],
    page="ended-without-a-word",
    when=Phase.DIED,
    basis=Basis.HINT,
)
def reads_last(case: Case) -> Found | None:
    """Find the file or directory after which a program did nothing else but end.

    An exception of its own that it then ends over is often about what a directory lacks.
    """
    call = case.seen.opened_last
    is_read = call is not None and call.name.startswith("open") and not call.writes
    if call is None or not is_read or not quiet(case) or case.seen.unwritten or case.seen.unheard:
        return None
    entry, told = case.has(call.path), case.seen.swallowed
    is_own = told is not None and not told.is_of_system and not told.names & OF_DATA
    if told and not (is_own and entry and entry.kind == "directory"):
        return None
    if entry is None or SYSTEM.match(call.path) or REPORTING.search(call.path):
        return None
    if entry.kind == "directory":
        if any(is_below(path, call.path) for path in _own(case)):
            return None  # a runtime lists where its modules may be
        has = _listed(case, call.path)
        what, shown = f"the directory {call.path}, which {has}", copied(case, call.path, has)
        fix = f"see what the program looks for in {call.path}, and whether it is mounted there"
    else:
        has = _content(case, entry, call.path)
        what, shown = f"{call.path}, which has {has}", content(case, call.path, has)
        fix = f"see what the program demands of the content of {call.path}"
    over = f" over `{told.last[:200]}`" if told else ""
    kept = (watched(case, told.words),) if told else ()
    return Found(
        f"the last thing that the program reads before it ends{over} is {what}{status_says(case)}",
        f"{fix}, and make it tell",
        (seen(case, call), shown, *kept, ended(case)),
    )


@cause(
    "directory-empty",
    "the program ends after it has listed a directory, and that is empty",
    pattern="environment",
    reads=["rerun", "files", "inspect"],
    page="check-files-and-dependencies",
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=[
        "reads-last",
        "ends-itself",
        "python-exception",
        "python-quiet-exit",
        "exception-kept",
    ],
)
def directory_empty(case: Case) -> Found | None:
    """Find the empty directory that a program listed last, where no call had failed.

    An exception about a call, or about code that is missing, is another end.
    """
    call, told = case.seen.opened_last, case.seen.swallowed
    entry = case.has(call.path) if call and call.lists and quiet(case) else None
    is_other = told is not None and (told.is_of_system or told.lacks_code)
    if call is None or entry is None or is_other or SYSTEM.match(call.path):
        return None
    if entry.kind != "directory" or not is_empty(case.files, call.path):
        return None
    mount = mount_around(call.path, case.config.mounts)
    of = f", which is {called(mount)}" if mount else ""
    return Found(
        f"the last thing that the program reads before it ends is the directory {call.path}{of}: it"
        " is empty",
        f"put there what it looks for{', or mount what has it' if mount else ', in the image'}, and"
        " make it say so",
        (seen(case, call), copied(case, call.path, "is empty"), ended(case)),
    )


def _own(case: Case) -> Iterator[str]:
    """Yield where the program itself is, and where it works."""
    yield case.config.workdir or "/"
    yield from (item.script.path for item in case.launched if item.script and item.script.path)
    yield from (item.program.path for item in case.launched if item.program)


def _listed(case: Case, path: str) -> str:
    """Say what is in a directory."""
    names = case.files.names(path)
    own = [basename(name) for name in names if dirname(name) == path.rstrip("/")]
    if not own:
        return "is empty"
    more = f" and {len(own) - SHOWN} more" if len(own) > SHOWN else ""
    return f"has {', '.join(islice(own, SHOWN))}{more}"


def _content(case: Case, entry: Entry, path: str) -> str:
    """Say what is in a file: how much, and what, if that is a short word and no secret."""
    said = (text(case.files, path) or "").strip()
    is_shown = PLAIN.fullmatch(said) and not PRIVATE.search(path)
    return f"`{said}`" if is_shown else f"{entry.size} bytes"
