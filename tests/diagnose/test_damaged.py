"""Compressed files, archives and databases that are cut off or damaged."""

import bz2
import gzip
import io
import lzma
import sqlite3
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded import File, case

from examples import SERVER, STARTED
from scaffolder.diagnose.causes.files import damaged
from scaffolder.diagnose.causes.files.damaged import CUT, flaw_of
from scaffolder.diagnose.verdict.judge import judge

TEXT = b"".join(f"row {n * n * 7919 % 10007}\n".encode() for n in range(900))


def zipped() -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("rows.txt", TEXT)
    return kept.getvalue()


def database(folder: Path) -> bytes:
    with sqlite3.connect(folder / "a.db") as base:
        base.execute("create table t (x)")
        base.executemany("insert into t values (?)", ((str(n) * 90,) for n in range(300)))
    base.close()
    return (folder / "a.db").read_bytes()


WHOLE = {
    "gzip": gzip.compress(TEXT),
    "two-members": gzip.compress(TEXT) + gzip.compress(b"more"),
    "bzip2": bz2.compress(TEXT),
    "xz": lzma.compress(TEXT),
    "zip": zipped(),
    "zlib": zlib.compress(TEXT),
    "after-a-header": b"SEG1\0\0\0\7" + zlib.compress(TEXT),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_a_whole_file_has_no_flaw_and_one_that_is_cut_off_has(kind: str) -> None:
    assert not flaw_of(WHOLE[kind])
    first = gzip.compress(TEXT) if kind == "two-members" else WHOLE[kind]
    assert flaw_of(first[: len(first) * 2 // 3]) == CUT


def test_a_database_is_as_long_as_its_header_says(tmp_path: Path) -> None:
    whole = database(tmp_path)

    assert not flaw_of(whole)
    assert flaw_of(whole[: len(whole) // 2]) == CUT


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "zlib"])
def test_a_byte_that_has_changed_is_found(kind: str) -> None:
    data = bytearray(WHOLE[kind])
    data[len(data) // 2] ^= 0xFF

    assert "cannot be unpacked" in flaw_of(bytes(data)) or flaw_of(bytes(data)) == CUT


@pytest.mark.parametrize("data", [b"", b"x", b"x\x9c", b"xyz" * 99, TEXT, b"\x7fELF" + bytes(99)])
def test_a_file_of_another_form_is_not_judged(data: bytes) -> None:
    assert not flaw_of(data)


@given(st.binary(max_size=300))
def test_no_file_makes_it_fail(data: bytes) -> None:
    for magic in (b"", damaged.GZIP, b"BZh9", b"\xfd7zXZ\0", damaged.SQLITE, damaged.ZIP):
        flaw_of(magic + data)


def test_a_small_file_that_holds_very_much_is_unpacked_within_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(damaged, "UNPACKED", 1 << 20)
    bomb = gzip.compress(bytes(9 << 20))

    assert not flaw_of(bomb[:-8])
    assert flaw_of(gzip.compress(TEXT)[:-8]) == CUT


def told(data: bytes, **more: Any) -> Any:  # noqa: ANN401 - a judgement
    trace = f"{STARTED}C\t1\t7\t7\topenat\t3\tp=/data/catalog.gz\tx=0\nX\t9\t7\t4\t0"
    files = {**SERVER, "/data/catalog.gz": File(data)}
    return judge(case(files=files, trace=trace, exit_code=4, **more))


def test_the_file_that_was_read_last_is_named_whatever_the_program_says() -> None:
    cut = WHOLE["gzip"][:-9]
    said = "EOFError: Compressed file ended before the end-of-stream marker was reached"

    for found in (told(cut), told(cut, log=said), told(cut, log="EOFError")):
        assert found.cause == "file-damaged", found
        assert "/data/catalog.gz" in found.text
    assert told(WHOLE["gzip"]).cause != "file-damaged"
    assert "standard input" not in told(WHOLE["gzip"], log=said).text
