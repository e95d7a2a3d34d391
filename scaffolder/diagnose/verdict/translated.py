"""Files as Unix has them, for a program that read them as editors on Windows write them."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.files.encodings import foreign_files
from scaffolder.diagnose.causes.variables.line_endings import WINDOWS, marked, of_windows, unmarked
from scaffolder.diagnose.evidence.files import CONTENT
from scaffolder.text import quoted

from .cures import Cure
from .factor import Factor, mounted

MOST_FILES = 3
UTF_8 = Cure("utf-8", "not-utf-8", "environment", "", "", proves=True, is_exact=True)
BYTE_ORDER_MARK = Cure(
    "byte-order-mark",
    "byte-order-mark",
    "environment",
    "begins with a byte order mark, which the program does not expect",
    "save it as UTF-8 without a mark (sed -i '1s/^\\xEF\\xBB\\xBF//')",
    proves=True,
)
LINE_ENDINGS = Cure(
    "line-endings",
    "line-endings",
    "environment",
    "has Windows (CRLF) line endings: what the program takes from it ends in a carriage return",
    "convert it to LF (sed -i 's/\\r$//'), and keep it so (.gitattributes: text eol=lf)",
    proves=True,
)


def translated(case: Case) -> Iterator[Factor]:
    """Give files that it read the line endings of Unix, and no byte order mark."""
    if not case.exit_code:
        return
    for path, data in islice(of_windows(case), MOST_FILES):
        if len(data) < CONTENT:  # else it is cut
            yield Factor(
                f"Unix line endings in {path}",
                case.config,
                files={path: data.replace(WINDOWS, b"\n")},
                flags=mounted(path),
                cure=replace(LINE_ENDINGS, text=f"{path} {LINE_ENDINGS.text}"),
            )
    others = dict(islice(foreign_files(case), MOST_FILES))
    for path, text in others.items():
        fix = f"convert it (iconv -f {text.encoding} -t utf-8 {quoted(path)})"
        yield Factor(
            f"{path} in UTF-8",
            case.config,
            files={path: text.text.encode()},
            flags=mounted(path),
            cure=replace(UTF_8, text=f"{path} {text.words}", fix=fix),
        )
    for path, data in islice(marked(case), MOST_FILES):
        if len(data) < CONTENT and path not in others:
            yield Factor(
                f"no byte order mark in {path}",
                case.config,
                files={path: unmarked(data)},
                flags=mounted(path),
                cure=replace(BYTE_ORDER_MARK, text=f"{path} {BYTE_ORDER_MARK.text}"),
            )
