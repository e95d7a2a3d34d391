"""The variables that a program in Go reads, from the code that takes their names."""

import struct

import pytest
from test_go import EXIT, GO, built

from scaffolder.diagnose.programs.native import go_texts

GETENV, PRINT = ("os.Getenv", f"{GO}/os/env.go", 100), ("fmt.Println", f"{GO}/fmt/print.go", 300)
TEXTS = b"SIGNING_KEY_IDPOOLhttpPAGE_SIZE"


def reads(name: bytes, calls: int) -> bytes:
    """Return a function of 32 bytes at the begin of the code that passes a text to the third one."""
    at = 7 * 16 + TEXTS.index(name)
    take = b"\x48\x8d\x05" + struct.pack("<i", at - 7) + b"\xbb" + struct.pack("<i", len(name))
    call = b"\xe8" + struct.pack("<i", calls * 16 - 17)
    return (take + call).ljust(32, b"\x90")


def read(name: bytes, calls: int = 2, package: str = "main") -> tuple[str, ...]:
    own = [(f"{package}.{part}", "/src/main.go", 9) for part in ("run", "run2")]
    rows = (*own, GETENV, PRINT, EXIT, EXIT, EXIT)
    return go_texts.variables(built(rows, code=reads(name, calls) + b"\x90" * 80 + TEXTS))


def test_names_that_nothing_separates_are_told_apart() -> None:
    assert read(b"SIGNING_KEY_ID") == ("SIGNING_KEY_ID",)
    assert read(b"SIGNING_KEY_ID", calls=3) == ("SIGNING_KEY_ID",)  # it may be passed on


@pytest.mark.parametrize(
    ("name", "calls", "package"),
    [(b"POOL", 3, "main"), (b"http", 2, "main"), (b"PAGE_SIZE", 2, "runtime")],
    ids=["a word that is not looked up", "no name", "of a library"],
)
def test_other_texts_are_no_variables(name: bytes, calls: int, package: str) -> None:
    assert read(name, calls, package) == ()


def test_a_single_word_is_one_where_it_is_looked_up() -> None:
    assert read(b"POOL") == ("POOL",)


def test_what_is_no_program_of_go_reads_none() -> None:
    assert go_texts.variables(b"") == go_texts.variables(b"\x7fELF" + bytes(60)) == ()
    program = built((EXIT, GETENV), code=reads(b"POOL", 1))
    for cut in range(64, len(program), 11):
        go_texts.variables(program[:cut])
