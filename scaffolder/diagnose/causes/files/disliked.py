"""Files that are there and can be read, and that a program has to dislike: out of date, damaged."""

import re
from collections.abc import Iterator
from itertools import islice
from posixpath import dirname, normpath

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, ended, inspected
from scaffolder.diagnose.causes.read_before import read_files, small_texts
from scaffolder.diagnose.causes.silence.claims import stops_unasked
from scaffolder.diagnose.evidence import dates, digests
from scaffolder.diagnose.evidence.files import PROGRAM
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.wrapped import MISTAKES

OF_VALIDITY = re.compile(r"expir|valid|licen|token|date|until|renew|over\b", re.IGNORECASE)
OF_END = re.compile(r"valid|expir|not[ _-]?after|\bexp\b", re.IGNORECASE)
SUBJECT = re.compile(
    r"licen[cs]|token|grant|certif|contract|subscri|trial|lease|entitle|permit|enrol|credential",
    re.IGNORECASE,
)
"""What is valid until some day."""
OF_CHECKSUMS = re.compile(r"sum|hash|digest|sha|md5|match|corrupt|integrity|verif", re.IGNORECASE)
MOST = 8
EXPLAINED = [
    "reads-last", "ends-itself", "last-call", "python-quiet-exit", "python-exception", "errexit",
    "said-why", "usage-refused",
]  # fmt: skip


@cause(
    "validity-over",
    "a licence, token or the like that the program reads is over",
    pattern="environment",
    reads=["rerun", "files", "inspect"],
    page="ended-without-a-word",
    when=Phase.DIED | Phase.FINISHED,
    basis=Basis.INFERRED,
    explains=EXPLAINED,
)
def validity_over(case: Case) -> Found | None:
    """Find an end of validity that is past, in what a program read last, or in a variable."""
    if not _may_be(case, OF_VALIDITY):
        return None
    for path, said in _read(case):
        found = [each for each in dates.validities(said) if _is_meant(each, path, said)]
        over = [each for each in found if each.ends < case.now]
        if over and len(over) == len(found):
            last = max(over, key=lambda each: each.ends)
            return Found(
                f"{path}, which the program reads before it ends, was valid until {last.day}"
                f" ({last.key})",
                f"renew it, and replace {path}; have the program tell what is over",
                (content(case, path, f"{last.key}: {last.day}"), ended(case)),
            )
    for name, value in case.config.env.items():
        over = [each for each in dates.validities(value) if each.ends < case.now]
        if over:
            return Found(
                f"the variable {name} has a token that was valid until {over[0].day}",
                f"renew it, and pass the new one: docker run -e {name}=...",
                (inspected(case, "Config.Env", f"{name}: until {over[0].day}"), ended(case)),
            )
    return None


@cause(
    "checksum-differs",
    "a file is not the one whose checksum the program has been given",
    pattern="environment",
    reads=["rerun", "files"],
    page="ended-without-a-word",
    when=Phase.DIED | Phase.FINISHED,
    basis=Basis.INFERRED,
    explains=EXPLAINED,
)
def checksum_differs(case: Case) -> Found | None:
    """Compute what a list or a manifest has that a program read before it ended."""
    if not _may_be(case, OF_CHECKSUMS):
        return None
    for path, said in _read(case):
        for each in digests.stated(said):
            other = next(_named(case, path, each), None)
            if other is None:
                continue
            data = case.files.content(other, PROGRAM) or b""
            has = each.of(data)
            if has == each.digest or len(data) >= PROGRAM:
                continue
            kind = each.algorithm
            return Found(
                f"{other} is not the file whose {kind} checksum is in {path}: it has"
                f" {has[:12]}..., and should have {each.digest[:12]}...",
                f"replace {other}, which is damaged or of another version, or make {path} anew",
                (
                    content(case, path, f"{kind} {each.digest[:12]}... for {other}"),
                    content(case, other, f"{kind} {has[:12]}..., {len(data)} bytes"),
                    ended(case),
                ),
            )
    return _by_variable(case)


def _by_variable(case: Case) -> Found | None:
    """Compare what a variable has with the files that a program read last, none of which has it."""
    named = ((n, digests.DIGEST.fullmatch(v)) for n, v in case.config.env.items())
    name, match = next(((n, m) for n, m in named if m and OF_CHECKSUMS.search(n)), ("", None))
    if match is None:
        return None
    wanted = digests.Stated(match[0].lower(), ())
    read = [(path, case.files.content(path, PROGRAM)) for path in islice(read_files(case), MOST)]
    known = [(path, wanted.of(data)) for path, data in read if data is not None]
    if not known or wanted.digest in dict(known).values() or _is_large(case, known[0][0]):
        return None
    (path, has), kind = known[0], wanted.algorithm
    return Found(
        f"{path}, which the program reads before it ends, is not the file whose {kind} checksum"
        f" {name} has: its own is {has[:12]}..., and it should be {wanted.digest[:12]}...",
        f"replace {path}, which is damaged or of another version, or correct {name}",
        (
            inspected(case, "Config.Env", f"{name}={wanted.digest[:12]}..."),
            content(case, path, f"{kind} {has[:12]}..."),
            ended(case),
        ),
    )


def _is_large(case: Case, path: str) -> bool:
    """Tell whether a file is read only in part."""
    entry = case.has(path)
    return entry is None or entry.size >= PROGRAM


def _may_be(case: Case, about: re.Pattern[str]) -> bool:
    """Tell whether a program may have ended over that: jobs read dates, too, and do their work.

    An exception about something else in its code or its values is another end.
    """
    if case.seen.failed_call or not case.seen.trace.processes:
        return False
    told = case.seen.swallowed
    is_other = told is not None and bool(told.names & MISTAKES) and not about.search(told.last)
    is_over = bool(case.phase & Phase.DIED) or case.is_silent or stops_unasked(case)
    return is_over and not is_other


def _is_meant(each: dates.Validity, path: str, said: str) -> bool:
    """Tell whether a date ends a validity: much else has an end, such as a booking."""
    return bool(OF_END.search(each.key) or SUBJECT.search(path) or SUBJECT.search(said))


def _read(case: Case) -> Iterator[tuple[str, str]]:
    """Return the small texts that a program and its children read last."""
    return small_texts(case, islice(read_files(case), MOST))


def _named(case: Case, path: str, stated: digests.Stated) -> Iterator[str]:
    """Yield the file that a checksum is for: beside its list, or where the program works."""
    for name in stated.names:
        for base in (dirname(path), case.config.workdir or "/"):
            at = name if name.startswith("/") else normpath(f"{base}/{name}")
            entry = case.has(at)
            if entry and entry.kind == "file" and entry.path != path:
                yield entry.path
