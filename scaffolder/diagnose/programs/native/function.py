"""A function of a program for amd64, and where in it a returned number is decided."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cached_property

from .amd64 import Code
from .decoding import instructions
from .imported import does_not_return, slot
from .instruction import Instruction, Place

RESULT: frozenset[Place] = frozenset({0})
"""Where a function leaves what it returns (System V ABI, 3.2.3)."""
MOST_PARTS = 8
"""Compilers put aside what seldom runs: so a function has parts elsewhere."""
LARGEST = 64 * 1024
MOST_STATES, MOST_FOLLOWED = 20_000, 100_000
"""How many states are followed from one place, and from all places in a function."""
MOST_SLOTS = 100
"""How many entries of the table are looked up to see what is called by them."""

State = tuple[int, frozenset[Place]]
"""An instruction, and where the number is in front of it."""


class Function:
    """The instructions of a function, with the parts of it that lie elsewhere."""

    def __init__(self, code: Code, begin: int) -> None:
        """Read the function that begins at a place of the file."""
        self.steps: dict[int, Instruction] = {}
        self.before: dict[int, Instruction] = {}
        """The instruction that lies in front of a place."""
        self._ends = set[int]()
        self._after: dict[int, list[int]] = {}
        self._code = code
        self._left = MOST_FOLLOWED
        self._last: dict[int, bool] = {}
        """By what they call, whether calls are the last that is done."""
        parts, known = [begin], set[int]()
        while parts and len(known) < MOST_PARTS:
            part = parts.pop()
            if part not in known:
                known.add(part)
                parts += self._read(part)

    def _read(self, begin: int) -> list[int]:
        """Read a part; return which others it leads to."""
        end = min(self._code.extent(begin)[1] or begin + LARGEST, begin + LARGEST)
        found = [*instructions(self._code.data, begin, end)]
        if not self._code.functions:
            found = _until_its_end(found)
        self.steps |= {step.at: step for step in found}
        self.before |= {step.end: step for step in found if step.end < end}
        self._ends.update(step.end for step in found[-1:])
        away = (s.target for s in found if s.jumps and s.target not in self.steps)
        return [around for target in away if (around := self._code.extent(target)[0])]

    def _guards(self, jump: Instruction) -> bool:
        """Tell whether a jump is that of the stack's protector, which leads to no return."""
        checked = self.before.get(jump.at)
        return not jump.goes and checked is not None and checked.is_of_thread

    def after(self, step: Instruction) -> list[int]:
        """Return where it goes on after an instruction."""
        if step.at not in self._after:
            is_last = step.ends or (step.calls and self._is_last(step))
            self._after[step.at] = [] if is_last else [step.end]
            if step.jumps and not self._guards(step):
                self._after[step.at].append(step.target)
        return self._after[step.at]

    def _is_last(self, call: Instruction) -> bool:
        key = slot(self._code, call)
        if key > 0 and key not in self._last and len(self._last) < MOST_SLOTS:
            self._last[key] = does_not_return(self._code, key)
        return self._last.get(key, False)

    def entered(self, places: Iterable[int]) -> tuple[list[tuple[Instruction, int]], set[int]]:
        """Return from which jumps, and where, what leads to places and nowhere else is entered.

        The second is all of that.
        """
        inevitable, left = set(places), [*places]
        while left:
            at = left.pop()
            for step in self.leading.get(at, ()):
                if step.at not in inevitable and inevitable.issuperset(self.after(step)):
                    inevitable.add(step.at)
                    left.append(step.at)
        entries = [
            (step, at)
            for at in sorted(inevitable)
            for step in self.leading.get(at, ())
            if step.at not in inevitable
        ]
        return entries, inevitable

    @cached_property
    def leading(self) -> dict[int, list[Instruction]]:
        """The instructions after which one may come."""
        found = defaultdict(list)
        for step in self.steps.values():
            for at in self.after(step):
                found[at].append(step)
        return found

    def turns(self, start: int, places: frozenset[Place]) -> list[Instruction]:
        """Return where it is decided that what is in some places in front of `start` is returned.

        From the next instruction on, there is no other way. That is `start` itself, or one of the
        jumps that it leads to; none, if nothing decides that.
        """
        if self._left <= 0:
            return []
        ways, good, bad = self._follow((start, places))
        self._left -= len(ways)
        leading: dict[State, list[State]] = defaultdict(list)
        for state, following in ways.items():
            for each in following:
                leading[each].append(state)
        back = leading.__getitem__
        reaching = _closure(good, back)
        # Who neither returns nor gives up goes on with other work.
        idle = [s for s in ways if s not in reaching and s[0] not in self._ends]
        decided = reaching - _closure([*bad, *idle], back)
        if (start, places) in decided:
            return [self.before[start]] if start in self.before else []
        turning = (s[0] for s in ways if s not in decided and decided.intersection(ways[s]))
        return [self.steps[at] for at in dict.fromkeys(turning) if self.steps[at].jumps]

    def _follow(self, start: State) -> tuple[dict[State, list[State]], list[State], list[State]]:
        """Return where each state leads, those that return the number, and those that lose it."""
        ways: dict[State, list[State]] = {}
        good, bad, left = list[State](), list[State](), [start]
        while left and len(ways) < MOST_STATES:
            state = left.pop()
            if state in ways:
                continue
            at, held = state
            step, ways[state] = self.steps.get(at), []
            if step is None:
                if at not in self._ends:  # behind the last call, which does not return
                    bad.append(state)
            elif step.returns:
                (good if held & RESULT else bad).append(state)
            elif step.calls and not self.after(step):
                self._ends.add(at)
            elif not (held := step.after(held)) or (step.ends and not step.jumps):
                bad.append(state)
            else:
                ways[state] = [(each, held) for each in self.after(step)]
                left += ways[state]
        return ways, good, bad + left


def _until_its_end(found: list[Instruction]) -> list[Instruction]:
    """Return the instructions up to the first end that none of them jumps over."""
    furthest = 0
    for at, step in enumerate(found):
        furthest = max(furthest, step.target if step.jumps else 0)
        if step.ends and furthest < step.end:
            return found[: at + 1]
    return found


def _closure(found: Iterable[State], back: Callable[[State], list[State]]) -> set[State]:
    """Return these, and all that lead to them."""
    known, left = set[State](), [*found]
    while left:
        each = left.pop()
        if each not in known:
            known.add(each)
            left += back(each)
    return known
