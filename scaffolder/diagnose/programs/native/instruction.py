"""One instruction for amd64: where it leads, and where it leaves a number that a program returns.

Only so much is known of each as it takes to follow a number to the return (Intel SDM, volume 2).
"""

from dataclasses import dataclass

CALLER_OWN = frozenset([0, 1, 2, 6, 7, 8, 9, 10, 11])
"""Registers that a call may change (System V ABI, 3.2.1)."""
TESTS = frozenset([0x38, 0x39, 0x3A, 0x3B, 0x84, 0x85])
"""They compare what they name, and change nothing."""
STORES, STORED = frozenset([0x88, 0x89]), frozenset([0xC6, 0xC7])
"""They copy a register, or a number, into what they name."""
LOADS = frozenset([0x8A, 0x8B, 0x1B6, 0x1B7, 0x1BE, 0x1BF])
"""They copy what they name into a register."""
TO_OPERAND = frozenset(b"\x80\x81\x83\x8f\xc0\xc1\xc6\xc7\xd0\xd1\xd2\xd3\xf6\xf7\xfe\xff").union(
    range(0x190, 0x1A0)
)
"""They change what they name."""
WITH_NUMBER = frozenset([0x80, 0x81, 0x83])
COMPARES, INVERTS, COMPARES_RESULT = 7, (2, 3), 0x38
EXCHANGES = frozenset([0x86, 0x87])
NEITHER = frozenset([*range(0xD8, 0xE0), 0x11E, 0x11F])
"""They change no register that counts here, such as those of floating point."""
ANYWHERE = b""
"""The operand of what has none."""

Place = int | bytes
"""A register by its number, or an operand in memory by its bytes."""


@dataclass(frozen=True)
class Instruction:
    """One instruction; addresses are offsets in the file."""

    at: int
    end: int
    code: int
    """Its operation; if that has two bytes, 256 and the second one."""
    register: int = 0
    operand: Place = ANYWHERE
    digit: int = 0
    """What tells operations of the same code from each other."""
    number: int = 0

    @property
    def jumps(self) -> bool:
        """Tell whether it leads to a place that it names, on a condition or always."""
        code = self.code
        return self.goes or 0x70 <= code < 0x80 or 0x180 <= code < 0x190 or 0xE0 <= code < 0xE4

    @property
    def goes(self) -> bool:
        """Tell whether it always leads to a place that it names."""
        return self.code in (0xE9, 0xEB)

    @property
    def calls(self) -> bool:
        """Tell whether it calls a function."""
        return self.code == 0xE8 or (self.code == 0xFF and self.digit == 2)

    @property
    def returns(self) -> bool:
        """Tell whether it returns."""
        return self.code == 0xC3

    @property
    def ends(self) -> bool:
        """Tell whether the next instruction does not follow it: it leads away, or traps."""
        is_jump = self.code == 0xFF and self.digit == 4
        return self.goes or self.returns or is_jump or self.code in (0x10B, 0xF4, 0xCC)

    @property
    def is_of_thread(self) -> bool:
        """Tell whether its operand is one of the thread, as what the stack's protector compares."""
        return isinstance(self.operand, bytes) and self.operand[:1] in (b"\x64", b"\x65")

    @property
    def target(self) -> int:
        """Where a jump, or a call of an address, leads."""
        return self.end + self.number

    @property
    def loads(self) -> Place | None:
        """What it loads a number into; None if it loads none."""
        if 0xB0 <= self.code < 0xC0:
            return self.register
        is_minus_one = self.code == 0x83 and self.digit == 1 and self.number == -1
        return self.operand if self.code in STORED or is_minus_one else None

    def after(self, places: frozenset[Place]) -> frozenset[Place]:
        """Return where a number is after it, that was in some places before."""
        if self.calls:
            return places - CALLER_OWN
        if self.code in STORES | LOADS:
            ends: tuple[Place, Place] = (self.register, self.operand)
            source, into = ends if self.code in STORES else ends[::-1]
            return places | {into} if source in places else places - {into}
        return places - self._changes()

    def _changes(self) -> frozenset[Place]:
        code, digit = self.code, self.digit
        if 0xB0 <= code < 0xC0 or 0x58 <= code < 0x60:
            return frozenset({self.register})
        if code in (0x98, 0x99, 0x105, 0x1A2) or (code in (0xF6, 0xF7) and digit > INVERTS[-1]):
            return frozenset({0, 2})
        if code < 0x40 and code & 7 in (4, 5):
            return frozenset({0} if code < COMPARES_RESULT else ())
        if code in TESTS | NEITHER or self.operand == ANYWHERE or self._only_reads():
            return frozenset()
        into: set[Place] = {self.operand} if code in TO_OPERAND else {self.register}
        if code in EXCHANGES:
            into = {self.register, self.operand}
        elif code < 0x40 and not code & 2:
            into = {self.operand}
        return frozenset(into)

    def _only_reads(self) -> bool:
        """Tell whether it is one of those whose code has others that change their operand."""
        code, digit = self.code, self.digit
        compares = code in WITH_NUMBER and digit == COMPARES
        is_other = code in (0xFE, 0xFF) and digit > 1
        return compares or is_other or (code in (0xF6, 0xF7) and digit not in INVERTS)
