"""Flags of programs in Go that are given a yes or no as a word of its own."""

import pytest
from recorded import case, elf, program

from scaffolder.diagnose.verdict.judge import judge

READS = b"\xff Go buildinf:\0flag provided but not defined\0"
COBRA = READS + b"github.com/spf13/pflag\0"


def ended(*arguments: str, data: bytes = READS, code: int = 0) -> str:
    files = {"/app/mirror": program(elf() + data)}
    found = judge(case(("/app/mirror", *arguments), "mirror: 0 files", code, files=files))
    return found.text if found.cause == "go-flag-value" else ""


@pytest.mark.parametrize("code", [0, 1])
def test_what_follows_it_is_told_not_to_be_read(code: int) -> None:
    said = ended("-once", "false", "-interval", "15s", "--source=/in", code=code)

    assert "-once is on, the flags end there, and -interval, --source=/in are not read" in said
    assert "true is its first argument, the flags end there, and -n is not read" in ended(
        "--once", "true", "-n", "1"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("-once=false", "-interval", "15s"),
        ("-interval", "15s", "false"),
        ("run", "false"),
        ("-n", "15"),
        (),
    ],
)
def test_other_command_lines_are_read_whole(arguments: tuple[str, ...]) -> None:
    assert not ended(*arguments)


@pytest.mark.parametrize("data", [COBRA, b"", READS[15:]], ids=["pflag", "C", "no Go"])
def test_programs_that_read_flags_otherwise_are_left(data: bytes) -> None:
    assert not ended("-once", "false", "-interval", "15s", data=data)
