"""The instructions of code for amd64, one after the other: what is not known ends them.

The lengths are those of Intel SDM, volume 2, chapter 2 and appendix A; only what compilers write
for general registers is told apart.
"""

from collections.abc import Iterator

from .instruction import Instruction, Place

PREFIXES = frozenset(b"\x26\x2e\x36\x3e\x64\x65\x66\xf0\xf2\xf3")
SHORTENS = 0x66
"""The prefix with which a number has two bytes in place of four."""
OF_THREAD = frozenset(b"\x64\x65")
"""Those with which an operand is another one than its bytes say."""
TWO, VECTORS = 0x0F, (0xC4, 0xC5)
ALONE = frozenset(b"\xc3\xc9\xcc\xec\xed\xee\xef\xf4\xf5\xf8\xf9\xfa\xfb\xfc\xfd").union(
    range(0x50, 0x60), range(0x90, 0xA0), range(0xA4, 0xA8), range(0xAA, 0xB0)
)
"""Operations without an operand in memory, and without a number."""
WITH_NUMBER = {
    **dict.fromkeys((0x6A, 0xA8, 0xCD, 0xEB), 1),
    **dict.fromkeys((*range(0x70, 0x80), *range(0xB0, 0xB8), *range(0xE0, 0xE8)), 1),
    **dict.fromkeys((0x68, 0xA9, 0xE8, 0xE9, *range(0xB8, 0xC0)), 4),
    **dict.fromkeys(range(0xA0, 0xA4), 8),
    **{code: 1 if code & 7 == 4 else 4 for code in range(0x40) if code & 7 in (4, 5)},
    0xC2: 2,
    0xC8: 3,
}
"""How many bytes of a number operations have that have nothing else."""
WITH_OPERAND = {
    **dict.fromkeys((code for code in range(0x40) if code & 7 < 4), 0),
    **dict.fromkeys((0x63, *range(0x84, 0x90), *range(0xD0, 0xD4), *range(0xD8, 0xE0)), 0),
    **dict.fromkeys((0xF6, 0xF7, 0xFE, 0xFF), 0),
    **dict.fromkeys((0x6B, 0x80, 0x83, 0xC0, 0xC1, 0xC6), 1),
    **dict.fromkeys((0x69, 0x81, 0xC7), 4),
}
"""The same of those with an operand."""
TWO_ALONE = frozenset(b"\x05\x06\x08\x09\x0b\x77\xa0\xa1\xa2\xa8\xa9\xaa").union(
    range(0x30, 0x38), range(0xC8, 0xD0)
)
TWO_WITH_NUMBER = frozenset([0x70, 0x71, 0x72, 0x73, 0xA4, 0xAC, 0xBA, 0xC2, 0xC4, 0xC5, 0xC6])
TO_GENERAL = frozenset([0x2C, 0x2D, 0x50, 0xD7])
"""Those of vectors that change a general register."""
OF_THREE = {0x38: 0, 0x3A: 1}
OF_VECTORS = 0x11F
"""Stands for what changes no general register, as far as that counts here."""
IN_MEMORY = 3
MOST, LONGEST = 20_000, 16


def instructions(data: bytes, begin: int, end: int) -> Iterator[Instruction]:
    """Yield the instructions of a part of a file."""
    at = begin
    for _ in range(MOST):
        found = _next(data, at) if at < min(end, len(data) - 2 * LONGEST) else None
        if found is None:
            return
        yield found
        at = found.end


def _next(data: bytes, begin: int) -> Instruction | None:
    at, rex = begin, 0
    while data[at] in PREFIXES and at < begin + LONGEST - 2:
        at += 1
    before = data[begin:at]
    if data[at] & 0xF0 == 0x40:
        rex, at = data[at], at + 1
    code, at = data[at], at + 1
    low, short = code & 7 | (rex & 1) << 3, SHORTENS in before
    if code in VECTORS:
        return _of_vectors(data, begin, at, code)
    if code == TWO:
        return _of_two(data, begin, at, rex)
    if code in ALONE:
        return Instruction(begin, at, code, low)
    if code in WITH_NUMBER:
        size = 8 if rex & 8 and 0xB8 <= code < 0xC0 else WITH_NUMBER[code]
        size = 2 if short and size == 4 and code not in (0xE8, 0xE9) else size
        return Instruction(begin, at + size, code, low, number=_number(data, at, size))
    if code not in WITH_OPERAND:
        return None
    register, operand, digit, at = _operand(data, at, rex)
    size = WITH_OPERAND[code]
    if code in (0xF6, 0xF7) and digit < 2:
        size = 1 if code == 0xF6 else 4
    size = 2 if short and size == 4 else size
    if OF_THREAD.intersection(before) and isinstance(operand, bytes):
        operand = before + operand
    return Instruction(begin, at + size, code, register, operand, digit, _number(data, at, size))


def _of_two(data: bytes, begin: int, at: int, rex: int) -> Instruction:
    second, at = data[at], at + 1
    code = 0x100 + second
    if 0x80 <= second < 0x90:
        return Instruction(begin, at + 4, code, number=_number(data, at, 4))
    if second in TWO_ALONE:
        return Instruction(begin, at, code, second & 7 | (rex & 1) << 3)
    if second in OF_THREE:
        *_rest, end = _operand(data, at + 1, rex)
        return Instruction(begin, end + OF_THREE[second], OF_VECTORS)
    register, operand, digit, end = _operand(data, at, rex)
    # What is left are mostly moves and sums of vectors, whose registers have numbers of their own.
    is_general = second in TO_GENERAL or 0x40 <= second < 0x50 or 0x90 <= second < 0xC0
    code = code if is_general else OF_VECTORS
    return Instruction(begin, end + (second in TWO_WITH_NUMBER), code, register, operand, digit)


def _of_vectors(data: bytes, begin: int, at: int, code: int) -> Instruction:
    """Read an operation of AVX, whose prefix has two or three bytes."""
    table = data[at] & 31 if code == VECTORS[0] else 1
    at += 2 if code == VECTORS[0] else 1
    second, at = data[at], at + 1
    if second == 0x77 and table == 1:
        return Instruction(begin, at, OF_VECTORS)
    *_rest, end = _operand(data, at, 0)
    has_number = table == 3 or (table == 1 and second in TWO_WITH_NUMBER)
    return Instruction(begin, end + has_number, OF_VECTORS)


def _operand(data: bytes, at: int, rex: int) -> tuple[int, Place, int, int]:
    """Return the register, the operand, the digit and the end of what a ModRM byte begins."""
    begin, modrm = at, data[at]
    mode, digit, low, at = modrm >> 6, modrm >> 3 & 7, modrm & 7, at + 1
    register = digit | (rex & 4) << 1
    if mode == IN_MEMORY:
        return register, low | (rex & 1) << 3, digit, at
    base = low
    if low == 4:
        base, at = data[at] & 7, at + 1
    at += 4 if mode == 2 or (mode == 0 and base == 5) else mode
    # The register in the same byte is none of the place's.
    place = bytes((rex & 3, modrm & 0xC7)) + data[begin + 1 : at]
    return register, place, digit, at


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little", signed=True)
