"""Sources and programs that are made to cost time are read in time, and others as before."""

import struct
from collections.abc import Callable
from functools import partial
from time import process_time

import pytest

from scaffolder.diagnose.causes.files.leases import UNTIL
from scaffolder.diagnose.causes.reaching.complaints import CONNECTED, IN_VAIN, LONGEST
from scaffolder.diagnose.causes.shells.branches import BRANCH, CASE
from scaffolder.diagnose.causes.signals.ignored_children import IGNORES
from scaffolder.diagnose.evidence.passwords import encoded
from scaffolder.diagnose.programs.asked_arguments import lacked
from scaffolder.diagnose.programs.conditions.guarded import guard, literal
from scaffolder.diagnose.programs.conditions.masking import KINDS, masked
from scaffolder.diagnose.programs.conditions.origins import origins
from scaffolder.diagnose.programs.native import go_flags, near_end
from scaffolder.diagnose.programs.pipelines import emptied
from scaffolder.diagnose.programs.scripts import SOURCES, Script
from scaffolder.diagnose.programs.usage import lacking, positional
from scaffolder.diagnose.verdict.decided import decided
from scaffolder.diagnose.verdict.factors import SENT_ELSEWHERE

SIZE = 128 * 1024
SECONDS = 8
"""What is quadratic in such a text takes a minute and more."""
UNITS = [
    " ",
    "\n",
    "'",
    '\\"',
    "\\'",
    "/*",
    "=/[",
    "[",
    "]",
    "a",
    "a||",
    "if(",
    "for(;",
    "do ",
    "x, ",
]


def fast(work: Callable[[], object]) -> None:
    begin = process_time()
    work()
    assert process_time() - begin < SECONDS


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("language", [*KINDS])
def test_a_source_of_one_thing_is_read_in_time(language: str, unit: str) -> None:
    source = f"x = 1\n{unit * (SIZE // len(unit))} exit(2)\n"
    line = source.count("\n")
    fast(lambda: guard(source, language, line, "exit", "exit(2)"))
    fast(lambda: literal(source, language, 2))
    fast(lambda: origins(source, language, "x == 1", len(source)))


@pytest.mark.parametrize(
    "before", ["if ", "unless", "x: {", "usage: x ", "for", "with", "open", "x:A"]
)
@pytest.mark.parametrize(
    "unit", [" ", "type:", "[", "|", "a|", "a ||", "exec ", "if not a.b: exit\n", "\n"]
)
def test_what_stands_in_front_of_it_changes_nothing(before: str, unit: str) -> None:
    source = before + unit * (SIZE // len(unit))
    for language in ("sh", "python", "node"):
        fast(partial(lacked, Script(language, "/app/x", source), (), (), {}))
    fast(lambda: origins(source, "python", "x == 1", len(source)))
    fast(lambda: [lacking(source, ("x",), {}), positional(source, ("x",))])
    fast(lambda: guard(f"{source}\nexit 2", "ruby", source.count("\n") + 2, "exit", "exit 2"))
    fast(lambda: SOURCES.findall(source))
    fast(lambda: [CASE.findall(source), BRANCH.findall(source), SENT_ELSEWHERE.search(source)])
    fast(lambda: decided(source, [(1, before), (1, "exit 1")]))


@pytest.mark.parametrize(
    ("language", "source", "hidden"),
    [
        ("node", "a('x') /* b */ 'c' + `d", "a('_')         '_' + `d"),
        ("node", "/* c\n'a'", "/* c\n'_'"),
        ("sh", 'echo don\'t "a"', 'echo don\'t "_"'),
        ("python", "'''a\n\"b\"", "'''a\n\"_\""),
        ("php", '"a\\', '"a\\'),
    ],
)
def test_a_text_without_an_end_hides_nothing(language: str, source: str, hidden: str) -> None:
    assert masked(source, language) == hidden


def program(unit: bytes, size: int = 4 << 20) -> tuple[bytes, int]:
    base, off = 0x400000, 0x1000
    start = b"\x48\xc7\xc7" + struct.pack("<i", base + off + 64) + b"\xff\x15\0\0\0\0"
    body = start.ljust(64, b"\xf4") + unit * (size // len(unit)) + b"(required)" + bytes(64)
    header = b"\x7fELF\2\1\1".ljust(16, b"\0") + struct.pack(
        "<HHIQQQIHHHHHH", 2, 62, 1, base + off, 64, 0, 0, 64, 56, 60, 64, 0, 0
    )
    part = struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, off + len(body), off + len(body), 4096)
    return (header + part * 60).ljust(off, b"\0") + body, base + off


@pytest.mark.parametrize(
    "unit",
    [
        b"\xb8\1\0\0\0\x74\xf9",
        b"\xb8\1\0\0\0\xff\x15\x10\0\0\0\x74\xee",
        b"\xb8\1\0\0\0\x89\xc3\x89\xd9\x74\xf5",
        b"\xc7\x45\xf0\1\0\0\0\x75\xf7",
        b"\x48\x8d\x05\x10\0\0\0",
    ],
)
def test_a_program_of_one_instruction_is_read_in_time(unit: bytes) -> None:
    data, entry = program(unit)
    fast(lambda: near_end.returned(data, entry, (), 1))
    fast(lambda: go_flags.required(data))


@pytest.mark.parametrize("before", ["", "$SIG{CHLD}", "trap ''", "expires", "jq . ", "connected "])
@pytest.mark.parametrize(
    "unit", [" ", "\n", "trap ''", "until", "> a ", "<", "SIGCHLD,", "no ", "$A", "x:", "1"]
)
def test_what_is_looked_for_in_scripts_settings_and_logs_is_found_in_time(
    before: str, unit: str
) -> None:
    source = before + unit * (SIZE // len(unit))
    fast(lambda: [IGNORES.search(source), UNTIL.search(source)])
    fast(lambda: [*emptied(source, {"A": "/data/a"})])
    fast(lambda: [CONNECTED.search(source[:LONGEST]), IN_VAIN.search(source[:LONGEST])])
    fast(lambda: encoded(f"a://b:{source[:2000]}@c"))
