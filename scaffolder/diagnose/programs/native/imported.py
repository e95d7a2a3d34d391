"""Which function of a library the code of a program calls, by the table that the loader fills."""

import re
import struct

from .amd64 import Code
from .elf_symbols import Reader
from .elf_tables import PT_DYNAMIC, segments_of, tags_of
from .instruction import Instruction

STUB = re.compile(rb"(?:\xf3\x0f\x1e\xfa)?\xf2?\xff\x25(....)", re.DOTALL)
"""What the linker writes for such a function: a jump by the table."""
DT_STRTAB, DT_SYMTAB = 5, 6
FILLED_IN = (7, 6)
"""The types of relocations for functions (R_X86_64_JUMP_SLOT, R_X86_64_GLOB_DAT)."""
BEHIND = 1 << 20
"""How far behind the table of other addresses that of functions may end."""
SYMBOL = 24
LAST = frozenset(
    {"exit", "_exit", "_Exit", "quick_exit", "abort", "__stack_chk_fail", "__assert_fail", "err",
     "errx", "verr", "verrx", "pthread_exit", "longjmp", "siglongjmp", "__longjmp_chk",
     "_Unwind_Resume", "__cxa_throw", "__cxa_rethrow", "__chk_fail", "__fortify_fail"}
)  # fmt: skip
"""Functions that do not return."""


def does_not_return(code: Code, slot: int) -> bool:
    """Tell whether a call by an entry of the table is the last that is done, if that is known."""
    return _name(code, slot) in LAST


def _name(code: Code, slot: int) -> str:
    if not 0 < slot < 1 << 64:
        return ""
    begin, end = code.filled[0], code.filled[1] + BEHIND
    rows = (code.data.find(struct.pack("<QI", slot, kind), begin, end) for kind in FILLED_IN)
    row = next((at for at in rows if at > 0), -1)
    try:
        reader = Reader(code.data)
        dynamic = next((s for s in segments_of(reader) if s.kind == PT_DYNAMIC), None)
        tags = dict(tags_of(reader, dynamic)) if dynamic and row > 0 else {}
        (symbol,) = reader.unpack("I", row + 12) if tags else (0,)
        symbols, names = (code.offset(tags.get(tag, -1)) for tag in (DT_SYMTAB, DT_STRTAB))
        (name,) = reader.unpack("I", symbols + symbol * SYMBOL) if symbol else (0,)
    except (struct.error, IndexError):
        return ""
    return reader.text(names + name) if name and names > 0 else ""


def slot(code: Code, call: Instruction) -> int:
    """Return the address in the table by which something is called; 0 if it is not so."""
    if call.code == 0xFF:
        by_table = code.data[call.end - 6 : call.end - 4] == b"\xff\x15"
        at = call.end if by_table else 0
    else:
        match = STUB.match(code.data, call.target, call.target + 11) if call.target > 0 else None
        at = match.end() if match else 0
    if not at:
        return 0
    return code.address(at) + int(struct.unpack_from("<i", code.data, at - 4)[0])
