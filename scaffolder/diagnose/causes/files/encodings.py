"""Texts that are not in UTF-8, for programs that insist on it."""

from collections.abc import Iterator

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, logged, seen
from scaffolder.diagnose.causes.silence.readings import natives, quiet
from scaffolder.diagnose.causes.variables.line_endings import own_files
from scaffolder.diagnose.evidence.encodings import Foreign, foreign
from scaffolder.diagnose.evidence.files import CONTENT
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.diagnose.programs.scripts import language
from scaffolder.text import quoted

INSIST = {"python", "java"}
"""Languages that refuse a text which is no UTF-8, as Rust does; Go and Node read on."""


@cause(
    "not-utf-8",
    "a text is not in UTF-8",
    pattern="environment",
    reads=["logs", "rerun"],
    page="check-files-and-dependencies",
    explains=["python-exception", "said-why", "java-framework"],
    cured_by=["utf-8"],
)
def not_utf_8(case: Case) -> Found | None:
    """Find bytes that a program cannot decode as UTF-8, and the file that was read last."""
    match = case.said(
        r"[^\n]*(?:'utf-?8' codec can't decode|MalformedInputException"
        r"|stream did not contain valid UTF-8|invalid utf-8 sequence)[^\n]*"
    )
    call = case.seen.opened_last
    if match is None:
        return _silent(case, call)
    where, text = next(foreign_files(case), ("", None))
    where = where or (call.path if call else "")
    what = text.words if text else "is not in UTF-8"
    said = case.line(match).strip()[-200:]
    return Found(
        f"{where or 'a text that the program reads'} {what}: {said}",
        _convert(where, text),
        (logged(case, match), *([seen(case, call)] if call else [])),
    )


def foreign_files(case: Case) -> Iterator[tuple[str, Foreign]]:
    """Yield texts of its own that a copy has read and that are not UTF-8, the last one first."""
    for path, data in own_files(case):
        found = foreign(data) if len(data) < CONTENT else None  # else it is cut
        if found:
            yield path, found


def _silent(case: Case, call: Call | None) -> Found | None:
    """Find such a text in the file that a silent program opened last, if it may insist on UTF-8."""
    decider = case.seen.decider
    if call is None or call.writes or decider is None or not quiet(case):
        return None
    is_rust = any(elf.language == "rust" for _path, _data, elf in natives(case))
    if language(decider.name) not in INSIST and not is_rust:
        return None
    text = dict(foreign_files(case)).get(call.path)
    if text is None:
        return None
    return Found(
        f"{call.path} {text.words}, and is the last file that the program opens before it ends",
        _convert(call.path, text),
        (seen(case, call), content(case, call.path, text.words)),
        basis=Basis.HINT,
    )


def _convert(path: str, text: Foreign | None) -> str:
    encoding, file = text.encoding if text else "latin1", quoted(path) if path else "FILE"
    return f"convert it (iconv -f {encoding} -t utf-8 {file}), or read it in its own encoding"
