"""Files as editors on Windows write them, from which a program takes its values."""

import codecs
import re
from collections.abc import Iterator
from itertools import chain, islice

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, ended, logged, seen
from scaffolder.diagnose.causes.silence.readings import quiet
from scaffolder.diagnose.evidence.files import resolved
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.scripts import sourced
from scaffolder.text import quoted

SPELLED = "\\r"
"""How the name of a call spells a carriage return."""
UNKNOWN_NAME = r"name or service not known|name does not resolve|unknown host"
WINDOWS = b"\r\n"
VALUE = re.compile(r"^[ \t]*(?:export[ \t]+)?[A-Za-z_]\w*=[^\n]*\r$", re.MULTILINE)
BINARY = re.compile(rb"[\x00-\x08]")
MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
"""How a file begins whose encoding is marked, and that encoding without the mark."""
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
    explains=[
        "file-missing",
        "name-unresolved",
        "last-call",
        "program-not-found",
        "script-guard",
        "ends-itself",
        "errexit",
    ],
    cured_by=["line-endings"],
)
def line_endings(case: Case) -> Found | None:
    """Find a call that was refused for a name with a carriage return, and who it comes from."""
    call = case.seen.failed_call
    if call is None or SPELLED not in f"{call.given}{call.host}{call.address}":
        return _unknown(case) or _sourced(case)
    path = next((path for path, _ in of_windows(case)), "")
    where = path or "a file that it reads"
    return Found(
        f"the program asks for {call.given or call.host or call.address}, which has a carriage"
        f" return in it: {where} has Windows (CRLF) line endings",
        f"convert it to LF: sed -i 's/\\r$//' {quoted(path) if path else 'FILE'}, and keep it so"
        " (.gitattributes: text eol=lf)",
        (seen(case, call), *((content(case, path, "lines end with \\r\\n"),) if path else ())),
        basis=None if path else Basis.INFERRED,
    )


def _unknown(case: Case) -> Found | None:
    """Find a name that is unknown, where values of a file end in a carriage return.

    A C library asks nobody for such a name (getaddrinfo(3)): no call shows it.
    """
    says = case.said(rf"[^\n]*(?:{UNKNOWN_NAME})[^\n]*") if case.exit_code else None
    path = next((path for path, _ in of_windows(case)), "") if says else ""
    if says is None or not path or any(call.host for call in case.seen.trace.calls):
        return None
    return Found(
        "the name that the program looks up has a carriage return in it: no server is asked for"
        f" it, and {path}, which it reads, has Windows (CRLF) line endings",
        f"convert it to LF: sed -i 's/\\r$//' {quoted(path)}, and keep it so (.gitattributes:"
        " text eol=lf)",
        (logged(case, says), content(case, path, "lines end with \\r\\n")),
    )


def _sourced(case: Case) -> Found | None:
    """Find values that end in a carriage return in what a script reads as a part of itself.

    Each of them differs then from what the script compares it with.
    """
    if not quiet(case) or not (case.exit_code or case.is_silent):
        return None
    scripts = [item.script for item in case.launched if item.script]
    scripts = [script for script in scripts if script.language == "sh"]
    read = (each for script in scripts for each in sourced(case.files, script, case.config.workdir))
    by_name = ((each.path, each.text) for each in read)
    opened = ((path, data.decode("utf-8", "replace")) for path, data in of_windows(case))
    both = chain(by_name, opened if scripts else ())
    found = next((path for path, said in both if VALUE.search(said)), "")
    if not found:
        return None
    return Found(
        f"{found}, which the script reads as a part of itself, has Windows (CRLF) line"
        " endings: each value in it ends in a carriage return, and equals none that it is compared"
        " with",
        f"convert it to LF: sed -i 's/\\r$//' {quoted(found)}, and keep it so (.gitattributes:"
        " text eol=lf)",
        (content(case, found, "lines end with \\r\\n"), ended(case)),
        basis=Basis.INFERRED,
    )


@cause(
    "byte-order-mark",
    "a file begins with a byte order mark, which the program does not expect",
    pattern="environment",
    reads=["rerun", "files", "logs"],
    page="check-files-and-dependencies",
    when=Phase.DIED,
    explains=["config-malformed", "said-why", "last-call", "python-exception"],
    cured_by=["byte-order-mark"],
)
def byte_order_mark(case: Case) -> Found | None:
    """Find what parsers say of a byte order mark."""
    says = case.said(
        r"[^\n]*(?:UTF-8 BOM|utf-8-sig|byte[ -]order mark|\ufeff|\\ufeff|invalid character 'ï'"
        r"|can't decode byte 0xff in position 0)[^\n]*"
    )
    if says is None:
        return None
    path = next((path for path, _ in marked(case)), "")
    return Found(
        f"{path or 'a file that it reads'} begins with a byte order mark, as editors on Windows"
        " write it, which the program takes for a part of the content",
        f"save it as UTF-8 without a mark: sed -i '1s/^\\xEF\\xBB\\xBF//' {quoted(path or 'FILE')}",
        (logged(case, says), *((content(case, path, "begins with a mark"),) if path else ())),
    )


def of_windows(case: Case) -> Iterator[tuple[str, bytes]]:
    """Yield files of its own with Windows line endings that a copy has read, the last one first."""
    return ((p, data) for p, data in own_files(case) if WINDOWS in data and not BINARY.search(data))


def marked(case: Case) -> Iterator[tuple[str, bytes]]:
    """Yield such files that begin with a byte order mark."""
    return ((path, data) for path, data in own_files(case) if data.startswith(tuple(MARKS)))


def unmarked(data: bytes) -> bytes:
    """Return the content of a file that begins with a byte order mark, in UTF-8 without it."""
    encoding = next(encoding for mark, encoding in MARKS.items() if data.startswith(mark))
    return data.decode(encoding, "replace").lstrip("\ufeff").encode()


def own_files(case: Case) -> Iterator[tuple[str, bytes]]:
    """Yield the files of its own that a copy has read, the last one first."""
    opened = (c for c in case.seen.trace.calls if c.name.startswith("open") and not c.error)
    own = (c.path for c in opened if not c.writes and not SYSTEM.match(c.path))
    for path in islice(reversed(dict.fromkeys(own)), MOST):
        entry = resolved(case.files, path)
        if entry and entry.kind == "file":
            yield entry.path, case.files.content(entry.path) or b""
