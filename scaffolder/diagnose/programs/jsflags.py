"""What links an exception that JavaScript handles to an end that it chooses later: a name.

As `pyflags`, by the braces alone: `catch { ok = false }`, and far below `if (!ok) process.exit(1)`.
"""

import re
from collections.abc import Collection, Iterator

LARGE, LONGEST = 256 * 1024, 500
"""How large a source may be, and how long its lines: in a bundle, all is on one line."""
TEXTS = re.compile(
    r"//[^\n]*|/\*.*?\*/|'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|`(?:[^`\\]|\\.)*`", re.DOTALL
)
"""Comments and strings, where braces and names mean nothing."""
TRY = re.compile(r"\btry\s*\{")
CATCH = re.compile(r"\s*catch\s*(?:\([^()]*\)\s*)?\{")
SETS = re.compile(r"([A-Za-z_$][\w$]*)\s*(?:[-+|&?]{0,2}=(?![=>])|\.(?:push|add|set)\()")
NAMES = re.compile(r"[A-Za-z_$][\w$]*")
TESTS = re.compile(r"\b(?:if|while)\s*\(")
EXIT = re.compile(r"\b(?:process\s*\.\s*)?(?:exit|abort|kill)\s*\(")
MANY = 2
WORDS = frozenset(
    (
        "true",
        "false",
        "null",
        "undefined",
        "typeof",
        "instanceof",
        "process",
        "exit",
        "this",
        "length",
    )
)
"""Names that link nothing."""


def deciding(source: str, raised: Collection[int], ended: int) -> str:
    """Return the name by which what is handled at some lines decides an end at another one."""
    lines = source.splitlines()
    if len(source) > LARGE or not 0 < ended <= len(lines) or max(map(len, lines)) > LONGEST:
        return ""
    code = TEXTS.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), source)
    asked = _asked(code, _starts(code)[ended - 1])
    names = (name for name in _left(code, raised) if name in asked)
    # Two of the same name are two things; which one is meant, braces do not tell.
    return next((name for name in names if len(_declared(code, name)) < MANY), "")


def _declared(code: str, name: str) -> list[str]:
    return re.findall(rf"\b(?:let|const|var)\s+(?:[\w$]+\s*,\s*)*{re.escape(name)}(?![\w$])", code)


def _starts(code: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", code))]


def _left(code: str, raised: Collection[int]) -> Iterator[str]:
    """Yield what an exception sets, or leaves unset, where it is handled."""
    places = [_starts(code)[line - 1] for line in raised if 0 < line <= code.count("\n") + 1]
    for match in TRY.finditer(code):
        begin, end = match.end(), _closed(code, match.end())
        first = _starts(code)[code.count("\n", 0, begin)]
        at = next((place for place in places if first <= place < end), None)
        handler = CATCH.match(code, end)
        if at is None or handler is None:
            continue
        handled = code[handler.end() : _closed(code, handler.end())]
        for text in (handled, code[max(at, begin) : end]):
            yield from (set_[1] for set_ in SETS.finditer(text) if set_[1] not in WORDS)


def _closed(code: str, begin: int, pair: str = "{}") -> int:
    """Return where what was opened before `begin` is closed, behind that."""
    depth = 1
    for at in range(begin, len(code)):
        depth += (code[at] == pair[0]) - (code[at] == pair[1])
        if not depth:
            return at + 1
    return len(code)


def _asked(code: str, start: int) -> set[str]:
    """Return the names on which it depends that a line is run, and with what it ends."""
    call = EXIT.search(code, start, (code.find("\n", start) + 1 or len(code)))
    if call is None:
        return set()
    found = set(NAMES.findall(code[call.end() : _closed(code, call.end(), "()") - 1]))
    for test in TESTS.finditer(code, 0, call.start()):
        behind = _closed(code, test.end(), "()")
        block = re.compile(r"\s*\{").match(code, behind)
        alone = re.compile(r"\s*[^\n;]*").match(code, behind)
        end = _closed(code, block.end()) if block else alone.end() if alone else behind
        if behind <= call.start() <= end:
            found |= set(NAMES.findall(code[test.end() : behind - 1]))
    return found - WORDS
