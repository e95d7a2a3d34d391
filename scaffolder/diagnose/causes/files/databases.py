"""Databases of SQLite whose schema has a version that a program does not know."""

import struct

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, ended, logged
from scaffolder.diagnose.causes.silence.readings import quiet
from scaffolder.diagnose.causes.silence.vocabulary import mentions
from scaffolder.diagnose.evidence.files import OF_RUNTIME
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.text import quoted

MAGIC, HEADER, VERSION_AT = b"SQLite format 3\0", 100, 60
"""How a database begins, and where its header has PRAGMA user_version (sqlite.org/fileformat)."""
VERSION = "user_version"
LOOKUP = r"[^\n]*\b(?:KeyError|IndexError|NoSuchElementException)\b[^\n]*?\b{version}\b[^\n]*"


@cause(
    "schema-unknown",
    "the schema of a database has a version that the program does not know",
    pattern="environment",
    reads=["rerun", "files"],
    page="check-files-and-dependencies",
    when=Phase.DIED,
    basis=Basis.HINT,
    explains=["python-exception", "said-why", "ends-itself", "reads-last", "last-call"],
)
def schema_unknown(case: Case) -> Found | None:
    """Find the version of the database that was opened last, in a program that asks for it.

    An exception over that very number is about it. Without one, it is a possibility.
    """
    path, version = _opened(case)
    if not version or not mentions(case, VERSION):
        return None
    says = case.said(LOOKUP.format(version=version))
    if says is None and not quiet(case):
        return None
    over = f", and the program ends over {case.line(says).strip()[:160]}" if says else ""
    return Found(
        f"the schema of {path} has the version {version} ({VERSION}){over}: it may be newer than"
        " the program",
        f"run the version of the program that wrote it, or restore an older copy: sqlite3"
        f" {quoted(path)} 'PRAGMA {VERSION}'",
        (
            content(case, path, f"PRAGMA {VERSION}: {version}"),
            *([logged(case, says)] if says else []),
            ended(case),
        ),
        basis=Basis.INFERRED if says else None,
    )


def _opened(case: Case) -> tuple[str, int]:
    """Return the database that a copy opened last, and the version of its schema; 0 if none."""
    for path in (path for path in case.seen.opened if not OF_RUNTIME.match(path)):
        head = case.files.content(path, HEADER) or b""
        if head.startswith(MAGIC) and len(head) >= HEADER:
            return path, int(struct.unpack_from(">I", head, VERSION_AT)[0])
    return "", 0
