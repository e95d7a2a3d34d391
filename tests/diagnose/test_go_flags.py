"""The flags that a program in Go calls required, read from the code that gives them to `flag`."""

import struct

import pytest

from scaffolder.diagnose.programs.native import amd64, go_flags
from scaffolder.diagnose.programs.native.amd64 import Code

TEXTS = b"configurationshardnumber of this shard (required)queue[mandatory] the queueport"
AT = 0x400


def loads(data: bytearray, at: int, lea: bytes, move: bytes, text: bytes) -> int:
    """Write how code loads a text and its length; return where the code goes on."""
    target = AT + TEXTS.index(text)
    code = lea + struct.pack("<i", target - at - len(lea) - 4) + move + struct.pack("<I", len(text))
    data[at : at + len(code)] = code
    return at + len(code)


def declared(name: bytes, about: bytes) -> bytes:
    """Return a program that declares a flag: its name, and what it is for."""
    data = bytearray(AT) + TEXTS
    at = loads(data, 64, b"\x48\x8d\x0d", b"\xbf", name)
    data[at : at + 7] = b"\x48\xc7\xc6\xff\xff\xff\xff"  # its default
    loads(data, at + 7, b"\x4c\x8d\x05", b"\x41\xb9", about)
    return bytes(data)


@pytest.mark.parametrize(
    ("name", "about", "found"),
    [
        (b"shard", b"number of this shard (required)", "shard"),
        (b"queue", b"[mandatory] the queue", "queue"),
        (b"port", b"configuration", ""),
        (b"number of", b"number of this shard (required)", ""),
    ],
    ids=["required", "mandatory", "not required", "a text that is no name"],
)
def test_the_name_of_a_required_flag_stands_in_front_of_its_help(
    monkeypatch: pytest.MonkeyPatch, name: bytes, about: bytes, found: str
) -> None:
    data = declared(name, about)
    code = Code(data, "go", ((0, 0x400000, len(data)),), (), (0, 0), is_fixed=False, start=0)
    monkeypatch.setattr(amd64, "code", lambda _data: code)

    assert go_flags.required(data) == (((found, about.decode()),) if found else ())


def test_a_program_for_another_processor_tells_nothing() -> None:
    assert go_flags.required(b"\x7fELF number of this shard (required)") == ()
