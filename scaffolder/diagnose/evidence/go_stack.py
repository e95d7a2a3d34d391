"""What the stack of a Go program tells, at the moment at which it ends itself.

Go keeps frame pointers, so the tracer sees the stack. A program that ends in a deferred function
while a panic is under way has the place of that panic below it: nobody prints it any more.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .swallowed import UNNAMED, Ending, Swallowed

BOTTOM = ("runtime.main", "runtime.goexit")
"""Where the stack of every goroutine begins."""
RUNTIME = "/src/runtime/"
OF_OTHERS = re.compile(r"/pkg/mod/|/vendor/|^[\w.-]+\.[a-z]+/\S+@v\d")
"""Where the modules are that a program uses."""
PANIC = "runtime.gopanic"
OF_RUNTIME = re.compile(r"runtime\.|internal/runtime/")
KINDS = (
    (re.compile(r"sigpanic|panicmem|panicwrap"),
     "runtime error: invalid memory address or nil pointer dereference"),
    (re.compile(r"[pP]anicIndex|panicBounds"), "runtime error: index out of range"),
    (re.compile(r"[pP]anicSlice"), "runtime error: slice bounds out of range"),
    (re.compile(r"panicdivide"), "runtime error: integer divide by zero"),
    (re.compile(r"[mM]apassign|runtime/maps.*Put"), "assignment to entry in nil map"),
    (re.compile(r"panicdottype|[tT]ypeAssert"), "interface conversion: it has another type"),
    (re.compile(r"chansend"), "send on closed channel"),
    (re.compile(r"closechan"), "close of closed or nil channel"),
)  # fmt: skip
"""The function of Go's runtime that raises a panic → what Go prints of it."""


@dataclass(frozen=True)
class Frame:
    """A function that has called the one before it."""

    function: str
    file: str
    line: int

    @property
    def place(self) -> str:
        """Where it is, for a person."""
        return f"{self.file}:{self.line}"


def end(stack: Sequence[Frame], status: int) -> Ending | Swallowed | None:
    """Return how a program ended itself: where, and over which panic; None if its main returned."""
    bottom = next((frame for frame in stack if frame.function in BOTTOM), None)
    root = _root(stack)
    at = next((i for i, frame in enumerate(stack) if _is_own(frame, root)), None)
    if bottom is None or at is None:
        return None
    own, called = stack[at], stack[at - 1].function if at else ""
    how = f"os.Exit({status})" if called in ("", "os.Exit") else called
    panics = [i for i, frame in enumerate(stack) if frame.function == PANIC]
    if not panics or panics[0] < at:
        return Ending(f"{own.place} ({own.function})", how, ())
    return _over_panic(stack[panics[0] + 1 :], root, own, how)


def _over_panic(below: Sequence[Frame], root: str, own: Frame, how: str) -> Swallowed | None:
    """Return the panic that was raised by the first of the functions `below` it."""
    first = next((i for i, f in enumerate(below) if not OF_RUNTIME.match(f.function)), None)
    if first is None:
        return None
    raisers = [frame.function for frame in below[:first]]
    known = (words for kind, words in KINDS if any(map(kind.search, raisers)))
    words = next(known, "")
    raised = next((f for f in below[first:] if _is_own(f, root)), below[first])
    text = f"panic: {words or UNNAMED}\n\ngoroutine 1 [running]:\n{raised.function}(...)\n"
    # What a program panics with may be the error of a call, which is then the reason.
    names = frozenset({"runtime.Error"} if words else {"OSError"})
    return Swallowed(f"{text}\t{raised.place}", names, own.place, how)


def _root(stack: Sequence[Frame]) -> str:
    """Return where Go's own sources were; empty where paths were trimmed from the program."""
    files = (frame.file for frame in stack if frame.function in BOTTOM and RUNTIME in frame.file)
    found, _, _ = next(files, "").rpartition(RUNTIME)
    return found and f"{found}/src/"


def _is_own(frame: Frame, root: str) -> bool:
    """Tell whether a function is the program's: not of the standard library or another module."""
    of_go = frame.file.startswith(root) if root else _is_standard(frame.function)
    return bool(frame.file) and not of_go and not OF_OTHERS.search(frame.file)


def _is_standard(function: str) -> bool:
    """Tell whether a function is of the standard library, whose packages are not named by hosts."""
    package = re.split(r"[./]", function, maxsplit=1)[0]
    return package in STANDARD and "." not in function.rpartition("/")[0]


STANDARD = frozenset({
    "bufio", "bytes", "context", "crypto", "database", "encoding", "errors", "expvar", "flag",
    "fmt", "html", "internal", "io", "iter", "log", "maps", "math", "mime", "net", "os", "path",
    "reflect", "regexp", "runtime", "slices", "sort", "strconv", "strings", "sync", "syscall",
    "testing", "text", "time", "type", "unicode", "unique",
})  # fmt: skip
