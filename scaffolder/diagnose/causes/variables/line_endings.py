"""Files with Windows line endings, from which a program takes its values."""

import re
from collections.abc import Iterator
from itertools import islice

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, seen
from scaffolder.diagnose.evidence.files import resolved
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.text import quoted

SPELLED = "\\r"
"""How the name of a call spells a carriage return."""
WINDOWS = b"\r\n"
MOST = 6
"""How many files that were opened are looked at: each takes 0.1 s."""
SYSTEM = re.compile(
    r"/(?:usr/(?!src/|local/etc/)|lib|bin/|sbin/|dev/|proc/|sys/|etc/ld[.-]|opt/java)"
)
"""Where files are that no person writes."""


@cause(
    "line-endings",
    "a file with Windows line endings gives the program a name that ends in a carriage return",
    pattern="environment",
    reads=["rerun", "files"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    explains=["file-missing", "name-unresolved", "last-call", "program-not-found", "script-guard"],
    cured_by=["line-endings"],
)
def line_endings(case: Case) -> Found | None:
    """Find a call that was refused for a name with a carriage return, and who it comes from."""
    call = case.seen.failed_call
    if call is None or SPELLED not in f"{call.given}{call.host}{call.address}":
        return None
    path = next(of_windows(case), "")
    where = path or "a file that it reads"
    return Found(
        f"the program asks for {call.given or call.host or call.address}, which has a carriage"
        f" return in it: {where} has Windows (CRLF) line endings",
        f"convert it to LF: sed -i 's/\\r$//' {quoted(path) if path else 'FILE'}, and keep it so"
        " (.gitattributes: text eol=lf)",
        (seen(case, call), *((content(case, path, "lines end with \\r\\n"),) if path else ())),
        basis=None if path else Basis.INFERRED,
    )


def of_windows(case: Case) -> Iterator[str]:
    """Yield files of its own with Windows line endings that a copy has read, the last one first."""
    opened = (c for c in case.seen.trace.calls if c.name.startswith("open") and not c.error)
    own = (c.path for c in opened if not c.writes and not SYSTEM.match(c.path))
    for path in islice(reversed(dict.fromkeys(own)), MOST):
        entry = resolved(case.files, path)
        if entry and entry.kind == "file" and WINDOWS in (case.files.content(entry.path) or b""):
            yield entry.path
