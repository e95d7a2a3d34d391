"""Programs are read right, and a hostile one neither hangs nor breaks the reader."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded import elf

from scaffolder.diagnose.programs.native import elf as reader


def test_what_the_loader_needs_is_read() -> None:
    data = elf(62, "/lib/ld.so", ("libc.so.6", "libpq.so.5"), {"libc.so.6": ("GLIBC_2.34",)})
    found = reader.parse(data)

    assert found
    assert found.machine == "amd64"
    assert found.interpreter == "/lib/ld.so"
    assert found.needed == ("libc.so.6", "libpq.so.5")
    assert found.versions == {"libc.so.6": ("GLIBC_2.34",)}
    assert not found.is_cut


def test_a_real_program_is_read() -> None:
    from pathlib import Path

    data = Path("/bin/ls").resolve().read_bytes()
    found = reader.parse(data)

    assert found
    assert found.interpreter.startswith("/lib")
    assert "libc.so.6" in found.needed
    assert any(v.startswith("GLIBC_2.") for v in found.versions["libc.so.6"])
    assert "fork" not in found.needed


def test_a_program_that_was_cut_short_is_noticed() -> None:
    found = reader.parse(elf(cut=5000))

    assert found
    assert found.is_cut


@given(st.binary(max_size=400))
def test_no_file_breaks_the_reader(data: bytes) -> None:
    reader.parse(reader.MAGIC + data)


@given(st.integers(16, 231), st.binary(min_size=1, max_size=16))
def test_no_changed_byte_breaks_the_reader(at: int, junk: bytes) -> None:
    data = bytearray(elf(62, "/lib/ld.so", ("libc.so.6",), {"libc.so.6": ("GLIBC_2.34",)}))
    data[at : at + len(junk)] = junk
    began = time.process_time()
    reader.parse(bytes(data))

    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("machine", "host", "runs"),
    [("amd64", "x86_64", True), ("arm64", "amd64", False), ("386", "amd64", True), ("arm64", "aarch64", True)],
)  # fmt: skip
def test_which_programs_a_processor_runs(machine: str, host: str, runs: bool) -> None:  # noqa: FBT001 - a case
    assert reader.runs_on(machine, host) is runs


def test_a_header_that_says_an_impossible_place_has_no_parts() -> None:
    header = bytearray(b"\x7fELF\x02\x01\x01".ljust(64, b"\x00"))
    header[32:40] = b"\xff" * 8  # where the program headers are
    header[54:58] = b"\x38\x00\x01\x00"  # how long one is, and how many

    assert reader.segments(bytes(header)) == []
