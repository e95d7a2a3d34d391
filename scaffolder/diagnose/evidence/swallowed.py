"""An exception that a program kept to itself: what a copy whose runtime tells of them shows."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

MOST_LINES, LONGEST, MOST_PLACES = 2000, 16_000, 12
OPTIONAL = frozenset(
    {"ImportError", "AttributeError", "IndexError", "Empty", "Full", "CancelledError",
     "TimeoutExpired"}
)  # fmt: skip
"""What programs raise and handle as they work: no reason to end, unless the handler itself ends."""

STACK = "\n    at "
"""How V8 begins each line of a stack."""
PLACE = re.compile(r"^\s+at .*?(?:file://)?(/[^()\n]*?:\d+):\d+\)?$", re.MULTILINE)
"""A place in such a stack: `/app/main.js:12`."""
GO = "panic: "
"""How Go begins to tell of a panic."""
PHP = ("PHP Fatal error: ", "PHP Parse error: ")
"""How PHP begins to tell of what ends a program."""
DURING, LINE = "During handling of the above exception, another exception occurred:", "\n"
"""How Python leads from an exception to one that was raised while that was handled."""
NAMED = re.compile(r"^[\w.$]*(?:Error|Exception)\b.*", re.MULTILINE)

MODULE = re.compile(r"(?:Cannot find (?:module|package)|No module named) '([^'\s]+)'")
LACKS_CODE = re.compile(
    r"\bundefined (?:function|method)\b|\bClass \"[^\"\n]{1,200}\" not found|\bNo module named\b"
    r"|\bCannot find (?:module|package)\b|\bNoClassDefFoundError\b|\bClassNotFoundException\b"
    r"|\bcannot load such file\b|\bCan't locate \S{1,200} in @INC\b"
)
UNWRAPPED = re.compile(r"on an? `(?:Err|None)` value$")
"""A panic of Rust that says where the program gave up, and not over what."""
LACKS_MEMORY = re.compile(r"\b(?:OutOfMemoryError|MemoryError|NoMemoryError)\b|out of memory")
UNNAMED = "a value that is not known"
"""What a panic of Go was raised with, where only its place is seen."""
UNCAUGHT = "uncaught"
"""How it ends over an exception that nobody handles."""
LOST = "lost"
"""How one is kept by a task or a thread that nobody asks for its result."""
SENTENCE = re.compile(r"[A-Za-z{}%]+[:,]? [a-z{}%]+")
"""Two words and more, or places for values."""
OF_SYSTEM = frozenset({"OSError", "ImportError"})
"""Exceptions about a call, which the tracer has seen as well."""


@dataclass(frozen=True)
class Swallowed:
    """An exception that was handled, and how the program ended then."""

    text: str
    """What its runtime would have printed of it."""
    names: frozenset[str]
    """Of its classes, and of those of what caused it."""
    place: str
    """Where it was handled, or where the program chose to end: `/app/main.py:12`."""
    how: str
    """The call by which it ended, as `sys.exit(1)`; empty where its handler went on."""
    link: str = ""
    """What links it to an end that was not in its handler, for people."""
    way: tuple[tuple[str, str], ...] = ()
    """The places that led to an end, the innermost first, each with the name of its function."""

    @property
    def last(self) -> str:
        """Return what was raised, in one line: Python's comes last, others before the stack."""
        if self.text.startswith((GO, *PHP)):
            return self.text.partition("\n")[0]
        head, stack, _ = self.text.strip().partition(STACK)
        if not stack:
            before, during, own = head.rpartition(DURING)
            line = own.rpartition("\n")[2]
            is_told = ":" in line or not during  # else only what was handled says more
            return (
                line if is_told else f"{line} (while handling {before.strip().rpartition(LINE)[2]})"
            )
        named = NAMED.search(head)  # V8 may quote the source before it, and more may follow
        return named[0] if named else head.partition("\n")[0]

    @property
    def is_of_system(self) -> bool:
        """Tell whether it is about a system call."""
        return bool(self.names & OF_SYSTEM)

    @property
    def gives_no_reason(self) -> bool:
        """Tell whether it says where the program gave up, and not over what."""
        return UNWRAPPED.search(self.text) is not None

    @property
    def lacks_code(self) -> bool:
        """Tell whether it is about code that is not there: no value makes up for that."""
        return bool(LACKS_CODE.search(self.text))

    @property
    def lacks_memory(self) -> bool:
        """Tell whether it is about memory: a value may make a program need less of that."""
        return bool(LACKS_MEMORY.search(self.text))

    @property
    def words(self) -> str:
        """Return what became of it, for people."""
        if self.link:
            return f"{self.last}\nhandled at {self.place}; {self.link}"
        if self.how == UNCAUGHT:
            return f"{self.last}\nnobody handles it, and {self.place} does not show it"
        if self.how == LOST:
            return f"{self.last}\nraised at {self.place}, in a task or a thread that nobody asks"
        if self.how:
            return f"{self.last}\n{self.how} at {self.place}, in its handler"
        return f"{self.last}\nhandled at {self.place}, shortly before the end"


@dataclass(frozen=True)
class Ending:
    """An end that a program chose, in no handler of an exception."""

    place: str
    """Empty where that is not told."""
    how: str
    got_over: tuple[str, ...]
    """The modules that it has looked for before, in vain, and done without."""
    before: tuple[Swallowed, ...] = ()
    """What it has handled before, the last one first."""
    named: tuple[str, ...] = ()
    """The texts in the code in front of it, the nearest first."""
    way: tuple[tuple[str, str], ...] = ()
    """The places that led there, the innermost first, each with the name of its function."""

    @property
    def message(self) -> str:
        """The nearest of these that is a sentence, in one line; empty if none is."""
        lines = (" ".join(text.split()) for text in self.named)
        return next((line for line in lines if SENTENCE.search(line)), "")


def chosen_end(records: str) -> Ending | None:
    """Return how a program chose to end, if it did so in no handler."""
    found = [*read(records)]
    ends = [each for kind, each in found if kind == "exit"]
    if not ends or any(each.text for each in ends) or not ends[-1].how:
        return None
    handled = [each for kind, each in found if kind == "handled"]
    optional = dict.fromkeys(match[1] for one in handled if (match := MODULE.search(one.last)))
    last, before = ends[-1], tuple(reversed(handled))
    return Ending(last.place, last.how, tuple(optional), before, way=last.way)


def decisive(records: str) -> Swallowed | None:
    """Return the exception that a program ended over, from the records of `hooks`.

    It is the one in whose handler the program chose to end. Where it chose that elsewhere, it is
    the last one that its code handled, unless the program worked on since, or such are handled by
    programs that work.
    """
    found = [*read(records)]
    ends = [each for kind, each in found if kind == "exit"]
    chosen = [each for each in ends if each.text]
    if chosen:
        return chosen[-1]
    return handled_last(records) if ends else None


def handled_last(records: str) -> Swallowed | None:
    """Return the exception that a program handled last, if it has not worked on since."""
    found = [(kind, each) for kind, each in read(records) if kind not in {"exit", "left", "said"}]
    kind, last = found[-1] if found else ("", None)
    return None if last is None or kind == "works" or last.names & OPTIONAL else last


def said_last(records: str) -> Swallowed | None:
    """Return what a program logged last as a warning or an error, if it did not work on since."""
    found = [each for kind, each in read(records) if kind == "said"]
    return found[-1] if found else None


def linked(ending: Ending, link: Callable[[str, Sequence[int], int], str]) -> Swallowed | None:
    """Return the last exception whose handler decides an end elsewhere, by a name in their file.

    `link` finds that name: it takes the file, the lines where the exception was, and that of the
    end. What a program does in between matters no more then.
    """
    path, _, line = ending.place.rpartition(":")
    for each in ending.before:
        places = [each.place, *PLACE.findall(each.text)]
        lines = [
            int(at)
            for file, _, at in (p.rpartition(":") for p in places)
            if file == path and at.isdigit()
        ]
        name = link(path, lines, int(line)) if lines and line.isdigit() else ""
        if name:
            words = f"{name} tells of it, and {ending.how} at {ending.place} depends on that"
            return replace(each, how=ending.how, link=words)
    return None


def read(records: str) -> Iterator[tuple[str, Swallowed]]:
    """Yield what can be read: the container's program could have written it."""
    for line in records.splitlines()[:MOST_LINES]:
        try:
            entry: dict[str, Any] = json.loads(line)
            text, place, how = (str(entry[key])[:LONGEST] for key in ("text", "place", "how"))
            names = frozenset(str(name) for name in entry["names"])
            way = tuple((str(at), str(name)) for at, name in entry.get("way", ())[:MOST_PLACES])
            yield str(entry["kind"]), Swallowed(text, names, place, how, way=way)
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
