"""A diagnosis ends in time, whatever a container wrote, has in its files or says of itself."""

import json
import re
import struct
from dataclasses import replace

import pytest
from recorded import case, elf

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, causes
from scaffolder.diagnose.deadline import Deadline, TimeIsUpError
from scaffolder.diagnose.evidence import log_search
from scaffolder.diagnose.programs.native import elf as programs
from scaffolder.diagnose.programs.native import elf_symbols, near_end
from scaffolder.diagnose.verdict import judge
from scaffolder.diagnose.verdict.ruled_out import ruled_out
from scaffolder.docker.client import EngineError

JSON = json.dumps({"level": "info", "url.path": "/api/v1/items", "message": "ab " * 1300})[:4000]


def endless(_: Case) -> Found | None:
    """Seek by a pattern that is exponential."""
    assert re.search(r"(?:a+)+b", "a" * 60) is None
    return None


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> str:
    """The catalogue with a cause that never ends; return its name."""
    known = list(causes())
    of_containers = next(cause for cause in known if cause.family != "pods")
    endlessly = replace(of_containers, id="x", find=endless)
    monkeypatch.setattr(judge, "causes", lambda: [endlessly, *known])
    monkeypatch.setattr(judge, "CAUSE_SECONDS", 0.3)
    return "x"


def test_400_json_lines_of_4000_characters_are_diagnosed() -> None:
    looked_at = case("python3 /app/x.py", log="\n".join([JSON] * 400), exit_code=3)
    judge.judge(looked_at)

    assert not looked_at.unsought  # within the limit of processor time, nothing was left out


def tried_at_each_character(pattern: str) -> bool:
    """Tell whether an alternative of a pattern begins with the rest of any line."""
    depth = 0
    for place, character in enumerate(pattern):
        if pattern[:place][-1:] != "\\":
            depth += (character == "(") - (character == ")")
            if depth == 0 and pattern.startswith(r"|[^\n]*", place):
                return True
    return False


def test_no_pattern_is_tried_at_each_character_of_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    sought: set[str] = set()
    by_line = log_search.by_line

    def noted(pattern: str, flags: int = re.IGNORECASE) -> re.Pattern[str]:
        sought.add(pattern)
        return by_line(pattern, flags)

    monkeypatch.setattr(log_search, "by_line", noted)
    judge.judge(case("python3 /app/x.py", log=JSON, exit_code=3))

    assert len(sought) > 100
    assert not [pattern for pattern in sought if tried_at_each_character(pattern)]
    assert tried_at_each_character(r"[^\n]*a[^\n]*|[^\n]*b")  # only its first one is anchored


def test_a_cause_that_takes_too_long_costs_only_itself(slow: str) -> None:
    looked_at = case("/app/server", log="ModuleNotFoundError: No module named 'x'", exit_code=1)
    found = judge.judge(looked_at)

    assert found.verdict != "undetermined"
    assert looked_at.unsought[0].startswith(f"the cause {slow} (the time is up")


def test_when_all_time_is_up_the_rest_is_said_not_to_be_sought() -> None:
    looked_at = case("/app/server")
    looked_at.deadline = Deadline(0)
    found = judge.judge(looked_at)

    assert found.verdict == "undetermined"
    assert len(looked_at.unsought) > 50


def test_a_limit_is_one_within_a_limit() -> None:
    with pytest.raises(TimeIsUpError), Deadline(60).limited(0.05):
        re.search(r"(?:a+)+b", "a" * 60)


def test_what_cannot_be_read_is_not_called_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: str) -> None:
        raise EngineError("its files cannot be read")

    looked_at = case("/app/server", exit_code=127)
    monkeypatch.setattr(looked_at.files, "entry", refuse)
    found = judge.judge(looked_at)

    assert found.verdict == "undetermined"
    assert ruled_out(looked_at, None)


def tables(count: int, entries: int) -> bytes:
    """Return a program that claims `count` overlapping symbol tables of many entries each."""
    head = bytearray(elf())
    body = b"\0x4main17h" + bytes(24 * 2000)
    at = len(head) + len(body)
    head[40:48] = struct.pack("<Q", at)
    head[58:62] = struct.pack("<HH", 64, count)
    table = struct.pack("<IIQQQQIIQQ", 0, 2, 0, 0, len(head), 24 * entries, 0, 0, 0, 24)
    return bytes(head) + body + table * count


@pytest.mark.parametrize("entries", [2_000, 2**40])
def test_a_program_with_512_symbol_tables_is_read_within_bounds(
    monkeypatch: pytest.MonkeyPatch, entries: int
) -> None:
    monkeypatch.setattr(elf_symbols, "MOST_SYMBOLS", 5_000)
    read = 0
    unpack = elf_symbols.Reader.unpack

    def counted(self: elf_symbols.Reader, layout: str, offset: int) -> tuple[int, ...]:
        nonlocal read
        read += 1
        return unpack(self, layout, offset)

    monkeypatch.setattr(elf_symbols.Reader, "unpack", counted)
    programs.parse(tables(512, entries))

    assert read < 6_500


def test_a_line_is_cut_for_searching_and_its_ends_are_kept() -> None:
    looked_at = case(log=f"begin {'x' * 50_000} end")

    assert len(looked_at.text) < 2_000
    assert looked_at.text.startswith("begin")
    assert looked_at.text.endswith("end")


def hostile_code() -> bytes:
    """Return a program of 4 MiB each of whose instructions loads a text, before a call."""
    size, text = 4 << 20, b"/rustc/ RUST_BACKTRACE 0123456789 is no text that a program would have"
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQ", 3, 62, 1, 0, 64, 0)
    head += struct.pack("<IHHHHHH", 0, 64, 56, 1, 0, 0, 0)
    head += struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, size, size, 0x1000)
    code = bytearray(head + text)
    target = len(head) + 20
    while len(code) < size:
        for _ in range(16):
            code += b"\x48\x8d\x05" + struct.pack("<i", target - len(code) - 7)
            code += b"\xbe" + struct.pack("<I", 41)
        code += b"\xe8" + struct.pack("<i", -9)
    return bytes(code)


def test_hostile_machine_code_is_read_in_time() -> None:
    data = hostile_code()
    words = tuple(range(0x1000, 0x1000 + 40 * 197))
    with Deadline().limited(20):
        found = near_end.texts(data, 0, words)
        assert near_end.panic(data, 0, words[:40]) is None

    assert found
    assert all(len(text) <= near_end.LONGEST for text in found)
