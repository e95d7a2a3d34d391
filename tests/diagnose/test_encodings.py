"""Texts that are not in UTF-8, and what is no text."""

import random
from typing import Any

import pytest
from recorded import File, case

from examples import STARTED, STATIC, py
from scaffolder.diagnose.evidence.encodings import foreign
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.wanted import wanted

FILE = "/etc/svc/motd"
LATIN = "café au lait\n".encode("iso-8859-1")
PYTHON = "P\t0\t7\t/usr/local/bin/python3\tpython3\\x00/app/main.py\\x00\n"


def opened(data: bytes, path: str = FILE, first: str = PYTHON) -> dict[str, Any]:
    trace = f"{first}C\t1\t7\t7\topenat\t3\tp={path}\tx=0\nX\t2\t7\t5\t0"
    files = {path: File(data)}
    return {**py(f"open({path!r}).read()\n", exit_code=5, files=files), "trace": trace}


@pytest.mark.parametrize(
    ("data", "encoding", "at", "byte"),
    [
        (LATIN, "iso-8859-1", 3, 0xE9),
        ("5 € for “you” and me".encode("windows-1252"), "windows-1252", 2, 0x80),
        ("name: café".encode("utf-16"), "utf-16-le", 0, 0xFF),
        ("name: shop".encode("utf-16-le"), "utf-16-le", 1, 0),
        ("name: shop".encode("utf-16-be"), "utf-16-be", 0, 0),
    ],
)
def test_a_text_in_another_encoding_is_read(data: bytes, encoding: str, at: int, byte: int) -> None:
    found = foreign(data)

    assert found
    assert (found.encoding, found.at, found.byte) == (encoding, at, byte)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"plain", "café ☕ Ж".encode(), b"\xef\xbb\xbfplain", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        random.Random(1).randbytes(300), b"\x30\x82\x0a\x1c\x02\x01\x03" + bytes(range(200)),
        b"abc\0def\0", b"\xe9", "Привет, мир".encode("koi8-r"),
    ],
    ids=["empty", "ASCII", "UTF-8", "a mark", "an image", "random", "a keystore", "zeros", "short",
         "another alphabet"],
)  # fmt: skip
def test_what_is_utf_8_or_no_text_is_left(data: bytes) -> None:
    assert foreign(data) is None


def test_a_silent_program_that_insists_on_utf_8_is_told_of_the_byte() -> None:
    found = judge(case(**opened(LATIN)))

    assert (found.cause, found.verdict) == ("not-utf-8", "likely")
    assert f"{FILE} is not UTF-8 (byte 0xe9 at offset 3)" in found.text
    assert "iconv -f iso-8859-1" in found.fix


def test_a_copy_gets_the_file_in_utf_8() -> None:
    factor = next(f for f in wanted(case(**opened(LATIN))) if f.cure and f.cure.factor == "utf-8")

    assert factor.files == {FILE: "café au lait\n".encode()}
    assert factor.name == f"{FILE} in UTF-8"


@pytest.mark.parametrize(
    "more",
    [
        opened("café\n".encode()),
        opened(b"\x30\x82\x0a\x1c\x02\x01\x03" + bytes(range(200))),
        {**opened(LATIN, first=STARTED), "command": "/app/server", "files": {"/app/server": STATIC, FILE: File(LATIN)}},
    ],
    ids=["UTF-8", "binary", "a program that does not insist"],
)  # fmt: skip
def test_others_are_not_told_so(more: dict[str, Any]) -> None:
    assert judge(case(**more)).cause != "not-utf-8"


def test_the_exception_of_a_jvm_is_told_with_the_file() -> None:
    of = case(**opened(LATIN), log="java.nio.charset.MalformedInputException: Input length = 1")
    found = judge(of)

    assert found.cause == "not-utf-8"
    assert found.text.startswith(f"{FILE} is not UTF-8 (byte 0xe9 at offset 3)")
