"""Where the threads of a program stand that does nothing, as its runtime tells upon SIGQUIT.

Java's virtual machine and Go's runtime answer that signal themselves, on standard output and
standard error; Python does where `faulthandler` was told to.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .go_stack import OF_OTHERS, RUNTIME
from .jvm_log import FOREIGN, FRAME, kept
from .swallowed import LOST, Swallowed

DEADLOCK = "Found one Java-level deadlock:"
STACKS = "Java stack information for the threads listed above:"
JAVA_THREAD = re.compile(r'^"(?P<name>[^"\n]+)"[^\n]*\n(?P<rest>(?:[ \t]+[^\n]*\n)*)', re.MULTILINE)
OF_POOL = re.compile(r"(?P<pool>pool-\d+)-thread-\d+")
FOR_TASK = re.compile(r"\bat java\.util\.concurrent\.FutureTask\.(?:get|awaitDone)\(")
GOROUTINE = re.compile(
    r"^goroutine (?P<number>\d+)(?: [^\[\n]*)?\[(?P<state>[^],\n]+)[^]\n]*\]:\n"
    r"(?P<stack>(?:[^\n]+\n)+)",
    re.MULTILINE,
)
GO_FRAME = re.compile(r"^(?P<name>\S+)\(.*\)\n\t(?P<at>\S+:\d+)", re.MULTILINE)
PYTHON_THREAD = re.compile(
    r"^(?:Current thread|Thread) 0x\w+[^\n]*:\n(?P<stack>(?:  File [^\n]+\n?)+)", re.MULTILINE
)
PYTHON_FRAME = re.compile(
    r'^  File "(?P<at>[^"\n]+)", line (?P<line>\d+) in (?P<name>[^\n]+)', re.MULTILINE
)
OF_PYTHON = re.compile(r"/lib/python\d|/(?:site|dist)-packages/|^<frozen ")
RUBY_THREAD = re.compile(
    r"^#<Thread:0x[^\n]{0,400} terminated with exception [^\n]{0,80}:\n"
    r"(?P<rest>(?:[^\n]{0,2000}\n){1,40})",
    re.MULTILINE,
)
RUBY_ERROR = re.compile(r"^(?P<told>[^\n]{0,1000}) \((?P<kind>[A-Z][\w:]*)\)$", re.MULTILINE)
RUBY_PLACE = re.compile(r"^(?:\s+from )?(?P<at>[^\s:][^\n:]{0,300}:\d+):in ", re.MULTILINE)
OF_RUBY = re.compile(r"/lib/ruby/|/gems/|^<internal:")
MOST = 4


@dataclass(frozen=True)
class Stand:
    """Where a thread stands."""

    thread: str
    place: str
    waits_for: str = ""
    """What it waits for, if that is told."""

    @property
    def words(self) -> str:
        """The same, for a sentence."""
        return f"{self.thread} at {self.place}{self.waits_for and f' ({self.waits_for})'}"


@dataclass(frozen=True)
class Stuck:
    """What a runtime tells of a program that does nothing."""

    stands: tuple[Stand, ...]
    is_deadlock: bool = False
    """These threads wait for each other, which only the runtime of Java finds out."""
    is_starved: bool = False
    """They are all of a pool, and wait for tasks that only the pool would run."""
    task: Swallowed | None = None
    """What one of its tasks ended over, which only the log of Java's virtual machine tells."""
    thread: Swallowed | None = None
    """What one of its threads ended over, which Ruby reports unless it is told not to."""

    @property
    def words(self) -> str:
        """Where they stand, for a sentence."""
        return "; ".join(stand.words for stand in self.stands)


def told(text: str) -> Stuck | None:
    """Return what a runtime tells in a text; None if it tells nothing."""
    if DEADLOCK in text:
        return Stuck(tuple(_java(text.partition(DEADLOCK)[2])), is_deadlock=True)
    if starved := tuple(_starved(text))[:MOST]:
        return Stuck(starved, is_starved=True)
    task = kept(text)
    for stands in (_java_main(text), _go(text), _python(text)):
        found = tuple(stands)[:MOST]
        if found:
            return Stuck(found, task=task)
    thread = _ruby(text)
    return Stuck((), task=task, thread=thread) if task or thread else None


def _ruby(log: str) -> Swallowed | None:
    """Return what the last thread ended over that Ruby reports."""
    ends = [*RUBY_THREAD.finditer(log)]
    if not ends:
        return None
    said = RUBY_ERROR.search(ends[-1]["rest"])
    places = (m["at"] for m in RUBY_PLACE.finditer(ends[-1]["rest"]) if not OF_RUBY.search(m["at"]))
    place = next(places, "")
    if said is None or not place:
        return None
    text = said["told"].partition(": ")[2].strip()
    return Swallowed(f"{said['kind']}: {text}", frozenset({said["kind"]}), place, LOST)


def _java(text: str) -> Iterator[Stand]:
    """Read a deadlock: each thread, what it waits for, and where."""
    listed, _, stacks = text.partition(STACKS)
    held = {t["name"]: re.search(r'held by "([^"\n]+)"', t["rest"]) for t in _threads(listed)}
    for thread in _threads(stacks.partition("\nFound ")[0]):
        place = _own_frame(thread["rest"])
        by = held.get(thread["name"])
        if place:
            yield Stand(thread["name"], place, f"for what {by[1]} holds" if by else "")


def _starved(text: str) -> Iterator[Stand]:
    """Yield the threads of a pool of Java that all wait for the result of a task (Future.get)."""
    pools: dict[str, list[re.Match[str]]] = {}
    for thread in _threads(text):
        if named := OF_POOL.fullmatch(thread["name"]):
            pools.setdefault(named["pool"], []).append(thread)
    for threads in pools.values():
        if all(FOR_TASK.search(thread["rest"]) for thread in threads):
            places = ((thread["name"], _own_frame(thread["rest"])) for thread in threads)
            yield from (Stand(name, place) for name, place in places if place)


def _java_main(text: str) -> Iterator[Stand]:
    for thread in _threads(text):
        place = _own_frame(thread["rest"])
        if thread["name"] == "main" and place:
            yield Stand("main", place)


def _threads(text: str) -> Iterator[re.Match[str]]:
    return JAVA_THREAD.finditer(text)


def _own_frame(stack: str) -> str:
    """Return the first place that is not Java's own; empty if there is none."""
    own = (frame for frame in FRAME.finditer(stack) if not FOREIGN.match(frame["name"]))
    return next((f"{frame['at']}, {frame['name']}" for frame in own), "")


def _go(text: str) -> Iterator[Stand]:
    for routine in GOROUTINE.finditer(text):
        frames = GO_FRAME.finditer(routine["stack"])
        own = (f for f in frames if RUNTIME not in f["at"] and not _is_of_go(f["name"], f["at"]))
        frame = next(own, None)
        if frame:
            name = "main" if routine["number"] == "1" else f"goroutine {routine['number']}"
            yield Stand(name, f"{frame['at']}, {frame['name']}", routine["state"])


def _is_of_go(function: str, at: str) -> bool:
    # Its own packages have no dot before the last slash, and are in GOROOT.
    return (
        bool(OF_OTHERS.search(at))
        or "/go/src/" in at
        or "/usr/lib/go" in at
        or (function.startswith(("sync.", "time.", "net.", "os.", "io.", "internal/", "syscall.")))
    )


def _python(text: str) -> Iterator[Stand]:
    for number, thread in enumerate(PYTHON_THREAD.finditer(text), 1):
        frames = PYTHON_FRAME.finditer(thread["stack"])
        frame = next((f for f in frames if not OF_PYTHON.search(f["at"])), None)
        if frame:
            yield Stand(f"thread {number}", f"{frame['at']}:{frame['line']}, {frame['name']}")
