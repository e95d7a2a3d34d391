"""Which texts a native program names in the code that decides what its `main` returns.

Such an end leaves nothing of `main` on the stack. So its code is read: where the status is decided,
and what leads there.
"""

import re
import struct
from collections.abc import Callable, Iterator, Sequence

from . import elf
from .amd64 import Code
from .function import RESULT, Function
from .instruction import Instruction

SENTENCE = re.compile(r"[A-Za-z{}%]+[:,]? [a-z{}%]+")
"""Two words and more, or places for values."""

AT_ENTRY = 64
"""How many bytes the code at the entry has that passes `main` on."""
LOADS_MAIN = re.compile(
    rb"\x48\x8d\x3d(....)|\x48\x8b\x3d(....)|(?:\xbf|\x48\xc7\xc7)(....)", re.DOTALL
)
"""How it loads its address: relative, from a table, or as a number."""
CALLS = re.compile(rb"[\xe8\xe9](....)", re.DOTALL)
DEEP, MOST_FUNCTIONS = 3, 8
"""How far down functions are read whose result `main` passes on, and how many."""
MOST_CALLS, WINDOW = 4, 224
"""How many calls in front of a decision are read, and how many bytes of code."""
MOST_WAYS, MOST_TEXTS = 4, 3
BYTE = 256
OF_STANDARD = re.compile(r"^(?:basic_|vector::|vector<|std::|\w+::_M_|__)")
"""What the parts of C++ name that are built into a program."""

TextAt = Callable[[Code, int, int], str]


def texts(code: Code, status: int, calls: Sequence[int], text_at: TextAt) -> tuple[str, ...]:
    """Return what the code names that decides to return a status; nothing, if there is more.

    `calls` are the places to which the calls on the stack return: `main` has none there any more.
    `text_at` reads the text whose address the code loads: by the end of that, and by where it is.
    """
    found: list[tuple[str, ...]] = []
    for function in _functions(code):
        if any(at in function.steps for at in calls):
            return ()
        turns = dict.fromkeys(
            turn
            for step in function.steps.values()
            if (into := step.loads) is not None and step.number % BYTE == status
            for turn in function.turns(step.end, frozenset({into}))
        )
        for turn in turns:
            found += _Reading(code, function, text_at).leading_to(turn)
            if len(found) > MOST_WAYS:
                return ()
    nearest = {each[0] if each else "" for each in found}
    agreed = [*dict.fromkeys(text for each in found for text in each)]
    few = len(nearest) == 1 or len(agreed) < MOST_TEXTS
    return tuple(agreed[:MOST_TEXTS]) if few and "" not in nearest else ()


def _functions(code: Code) -> Iterator[Function]:
    """Yield `main`, and functions whose result it passes on at once."""
    begin = _main(code)
    left, known = [(begin, 0)] if begin > 0 else [], set[int]()
    while left and len(known) < MOST_FUNCTIONS:
        at, depth = left.pop(0)
        if at in known:
            continue
        known.add(at)
        function = Function(code, at)
        yield function
        if depth == 0 and code.language == "rust":
            # It hands the program's own to what starts it.
            every = (target for _end, target in code.targets(*code.extent(at)))
            left += [(each, 1) for each in every if code.extent(each)[0] == each]
        for step in function.steps.values() if depth < DEEP else ():
            is_own = step.code == 0xE8 and code.extent(step.target)[0] == step.target
            if is_own and function.turns(step.end, RESULT) == [step]:
                left.append((step.target, depth + 1))


def _main(code: Code) -> int:
    """Return where `main` is in the file, by what the code at the entry passes on; else 0."""
    at = code.offset(code.start)
    starts = [at]
    # With musl, the entry calls what loads it.
    for match in CALLS.finditer(code.data, at, at + AT_ENTRY) if at > 0 else ():
        starts.append(match.end() + int(struct.unpack("<i", match[1])[0]))
        break
    for start in starts:
        match = LOADS_MAIN.search(code.data, start, start + AT_ENTRY) if start > 0 else None
        if match:
            (value,) = struct.unpack("<i", match[1] or match[2] or match[3])
            address = value if match[3] else code.address(match.end()) + value
            if match[2]:
                address = _pointer(code, code.offset(address))
            found = code.offset(address)
            is_function = not code.functions or code.extent(found)[0] == found
            return found if found > 0 and is_function else 0
    return 0


def _pointer(code: Code, offset: int) -> int:
    """Return the address that is at a place of the file once the loader has filled it in."""
    if (filled := code.address_at(offset)) >= 0 or not 0 < offset < len(code.data) - 8:
        return filled
    return int(struct.unpack_from("<Q", code.data, offset)[0])


class _Reading:
    """How what leads to a decision is read."""

    def __init__(self, code: Code, function: Function, text_at: TextAt) -> None:
        self.code, self.function, self.text_at = code, function, text_at
        program = elf.parse(code.data)
        self.is_dynamic = bool(program and program.interpreter)
        """Then what is in the program is its own."""

    def leading_to(self, turn: Instruction, depth: int = 0) -> list[tuple[str, ...]]:
        """Return the texts on each way to a decision, the nearest first.

        What is done after it, up to the return, counts only as a message: the rest is cleaned up.
        """
        function, begin = self.function, turn
        while begin.at not in function.led_from:
            before = function.before.get(begin.at)
            if before is None or before.jumps or before.ends or turn.end - before.at > WINDOW:
                break
            begin = before
        said = [t for t in self._loaded(begin.at, turn.end) if SENTENCE.search(t)]
        above = function.falls_to(begin.at)
        led = [above] if above else []
        led += function.led_from.get(begin.at, [])
        if turn.jumps and not turn.goes:
            return [self._named(turn)]
        if said or not led or depth > DEEP:
            return [tuple(reversed(said))]
        return [way for each in led for way in self.leading_to(each, depth + 1)]

    def _named(self, last: Instruction) -> tuple[str, ...]:
        """Return what is named in front of an instruction, for the call that is nearest to it."""
        step: Instruction | None = last
        found, call, calls = list[str](), None, 0
        while step and last.end - step.at <= WINDOW:
            if step.calls or step.ends:
                if found:
                    break
                below = self._in(call) if call else ()
                if below is None or below:
                    return below or ()
                calls += 1
                if step.ends and step is not last or calls > MOST_CALLS:
                    break
                call = step
            found += self._loaded(step.at, step.end)
            step = self.function.before.get(step.at)
        if not found and call and calls <= MOST_CALLS:
            return self._in(call) or ()
        return tuple(dict.fromkeys(found))

    def _in(self, call: Instruction) -> tuple[str, ...] | None:
        """Return the few texts of a function of the program; None if it has many."""
        target, code = call.target, self.code
        begin, end = code.extent(target) if call.code == 0xE8 and self.is_dynamic else (0, 0)
        if begin != target:
            return ()
        found = dict.fromkeys(self._loaded(begin, end))
        return tuple(found) if len(found) < MOST_TEXTS else None

    def _loaded(self, begin: int, end: int) -> list[str]:
        every = (self.text_at(self.code, *each) for each in self.code.targets(begin, end))
        return [each for each in every if each and not OF_STANDARD.search(each)]
