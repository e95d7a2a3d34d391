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
MOST_WAYS, MOST_TEXTS = 6, 3
LARGEST = 64 * 1024
"""A function with more code than this names much, and is not read for the little that it says."""
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
        if any(at in function.before for at in calls):
            return ()
        turns = dict.fromkeys(
            turn
            for step in function.steps.values()
            if (into := step.loads) is not None and step.number % BYTE == status
            for turn in function.turns(step.end, frozenset({into}))
        )
        found += _Reading(code, function, text_at).leading_to([*turns])
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
        load = LOADS_MAIN.search(code.data, start, start + AT_ENTRY) if start > 0 else None
        if load:
            (value,) = struct.unpack("<i", load[1] or load[2] or load[3])
            address = value if load[3] else code.address(load.end()) + value
            if load[2]:
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

    def leading_to(self, turns: Sequence[Instruction]) -> list[tuple[str, ...]]:
        """Return the texts on each way to where a status is decided, the nearest first.

        What is done after that, up to the return, counts only as a message: the rest is cleaned up.
        """
        jumps = [turn for turn in turns if turn.jumps]
        entries, inevitable = self.function.entered([t.at for t in turns if not t.jumps])
        found = [way for jump in jumps for way in self._named(jump)]
        if not entries and len(jumps) < len(turns):
            return [()]
        for jump, at in entries[: MOST_WAYS + 1]:
            said = self._said(at, inevitable)
            found += [said] if said else self._named(jump)
        return found

    def _said(self, at: int, inevitable: set[int]) -> tuple[str, ...]:
        """Return the messages between where a status is decided and where it is loaded."""
        found, known, left = list[str](), set[int](), [at]
        while left:
            at = left.pop()
            if at in known or at not in inevitable:
                continue
            known.add(at)
            step = self.function.steps[at]
            found += filter(SENTENCE.search, self._loaded(step.at, step.end))
            left += self.function.after(step)
        return tuple(dict.fromkeys(found))[:1]

    def _named(self, last: Instruction) -> list[tuple[str, ...]]:
        """Return what is named in front of a jump, on each way to it, for the nearest call."""
        found: dict[tuple[str, ...], None] = {}
        known = set[tuple[int, int]]()
        left: list[tuple[Instruction, Instruction | None, int, int]] = [(last, None, 0, 0)]
        while left:
            step, call, calls, size = left.pop()
            if (step.at, calls) in known:
                continue
            known.add((step.at, calls))
            size += step.end - step.at
            if step.calls:
                below = self._in(call)
                if below is None or below:
                    found[below or ()] = None
                    continue
                call, calls = step, calls + 1
            named = self._loaded_until(step)
            above = self.function.leading.get(step.at, [])
            if named or calls > MOST_CALLS or size > WINDOW or not above:
                found[named or (self._in(call) if not above else None) or ()] = None
                continue
            left += [(each, call, calls, size) for each in above]
        return [*found]

    def _loaded_until(self, step: Instruction) -> tuple[str, ...]:
        """Return what an instruction names, and those before it up to another call."""
        found = self._loaded(step.at, step.end)
        before = self.function.before.get(step.at)
        while found and before and not before.calls and not before.ends and not before.jumps:
            found += self._loaded(before.at, before.end)
            before = self.function.before.get(before.at)
        return tuple(dict.fromkeys(found))

    def _in(self, call: Instruction | None) -> tuple[str, ...] | None:
        """Return the few texts of a function of the program; None if it has many."""
        if call is None:
            return ()
        target, code = call.target, self.code
        begin, end = code.extent(target) if call.code == 0xE8 and self.is_dynamic else (0, 0)
        if begin != target:
            return ()
        if end - begin > LARGEST:
            return None
        found = dict.fromkeys(self._loaded(begin, end))
        return tuple(found) if len(found) < MOST_TEXTS else None

    def _loaded(self, begin: int, end: int) -> list[str]:
        every = (self.text_at(self.code, *each) for each in self.code.targets(begin, end))
        return [each for each in every if each and not OF_STANDARD.search(each)]
