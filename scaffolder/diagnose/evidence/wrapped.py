"""Whether an exception of a program's own only tells that a call failed, which it does not name.

`catch { throw new Error("broker unavailable") }` is about the broker that was asked for before. But
a program also does without what fails, and then ends over something else: so a call counts only if
the program insisted on it, or if what it did not get is one of several of a kind.
"""

import errno
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from posixpath import dirname, splitext

from . import decisive, gave_up
from .harmless import PROBES, matters
from .swallowed import Swallowed
from .trace import Call, Trace

MISTAKES = frozenset(
    {"TypeError", "ReferenceError", "KeyError", "ValueError", "IndexError", "AttributeError",
     "NameError", "SyntaxError", "AssertionError", "RangeError", "ZeroDivisionError"}
)  # fmt: skip
"""Exceptions over a program's own code and values, whatever it has asked for before."""
OF_DATA = MISTAKES | frozenset(
    {"LookupError", "ArithmeticError", "EvalError", "UnicodeError", "URIError", "NoMethodError",
     "ArgumentError", "NumberFormatException", "NullPointerException", "IllegalArgumentException",
     "ClassCastException", "ClassNotFoundException", "IndexOutOfBoundsException",
     "UnsupportedOperationException", "SecurityException", "GeneralSecurityException"}
)  # fmt: skip
"""Exceptions about what a program has, and not about what it did not get."""
FAILED = {
    "NoSuchFileException": errno.ENOENT,
    "FileNotFoundException": errno.ENOENT,
    "AccessDeniedException": errno.EACCES,
}
BARE = re.compile(r"Died at \S{1,200} line \d+\.|\w*(?:Error|Exception)")
"""What says nothing of why: `open(...) or die` of Perl, and an exception without a message."""
CANNOT_OPEN = "unable to open database file"
"""What SQLite says of any file that it cannot open (SQLITE_CANTOPEN)."""
OF_OPENING = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.EISDIR})
OF_JAVA = re.compile(r"/jvm/|\.(?:so|jar|class|jsa)$|/hsperfdata_")
UPON_FAILURE = re.compile(r"\bemitError(?:Close)?NT\b|\bonlookup(?:all)?\b|\bafterConnect\b")
"""What is on the stack of an error that a listener of Node makes as it is told of another one."""
EXHAUSTED = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)
"""What a program seldom does without: it is refused room, or whatever it asks for."""
DENIED = frozenset({errno.EACCES, errno.EPERM})
FEW = 2
"""How many of a kind a program has got, where one more is missing."""


def wrapped(trace: Trace, told: Swallowed) -> Call | None:
    """Return the failed call that an exception is about without naming it, if there is one."""
    process = decisive.decider(trace)
    if process is None or told.is_of_system or told.names & OF_DATA:
        return None
    if CANNOT_OPEN in told.text:
        return _not_opened(trace, process.number, OF_OPENING)
    call = decisive.failure(trace)
    # What is refused by a rule, and is about no file, is seldom optional.
    is_forbidden = call is not None and call.error == errno.EPERM and not _is_of_files(call)
    is_grave = is_forbidden or (call is not None and call.error in EXHAUSTED)
    is_upon = UPON_FAILURE.search(told.text)
    is_bare = BARE.fullmatch(told.last) is not None
    if call and (is_grave or is_upon or is_bare or gave_up.attempts(trace, call)):
        return call
    late = trace.of(process.number)[-decisive.AFTERWARDS :]
    return next((c for c in reversed(late) if _is_one_of_several(c, late)), None)


def unnamed(trace: Trace, told: Swallowed | None) -> Call | None:
    """Return the last call of which an exception says how it failed, and not over which file.

    Java's virtual machine logs no message, and opens files of its own as it ends.
    """
    process = decisive.decider(trace)
    errors = {error for name, error in FAILED.items() if told and name in told.names}
    if process is None or not errors:
        return None
    return _not_opened(trace, process.number, errors)


def _not_opened(trace: Trace, process: int, errors: AbstractSet[int]) -> Call | None:
    """Return the last file that a process opened in vain, and never got."""
    late = trace.of(process)[-decisive.AFTERWARDS :]
    found = {call.path for call in late if call.path and not call.error}
    lost = (c for c in reversed(late) if c.error in errors and c.name.startswith("open"))
    own = [c for c in lost if matters(c) and c.path not in found and not OF_JAVA.search(c.path)]
    makes = (c for c in own if c.makes and c.path == own[0].path)  # before it is read at least
    return next(makes, next(iter(own), None))


def is_refused_room(call: Call) -> bool:
    """Tell whether a program may not make, or not write, what it wants to: all jobs need that."""
    return call.error in EXHAUSTED or (call.makes and call.error in DENIED)


def _is_of_files(call: Call) -> bool:
    return bool(decisive.PROGRESS.match(call.name) or PROBES.match(call.name))


def _is_one_of_several(call: Call, calls: Sequence[Call]) -> bool:
    """Tell whether a program got other files of the same directory with the same ending."""
    ending = splitext(call.path)[1]
    if call.error != errno.ENOENT or ending in {"", ".so"} or not matters(call):
        return False
    opened = {c.path for c in calls if c.name.startswith("open") and not c.error}
    alike = [path for path in opened if dirname(path) == dirname(call.path)]
    of_kind = sum(splitext(path)[1] == ending for path in alike)
    return call.path not in opened and of_kind >= FEW
