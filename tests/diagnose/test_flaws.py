"""What is wrong with a file is said in the same words, whether the runtime or a script starts it."""

import re

import pytest
from recorded import File, case, elf, program

from examples import EXAMPLES, refused, sh
from scaffolder.diagnose.causes.files.flaws import FLAWS, said
from scaffolder.diagnose.causes.files.formats import REFUSED
from scaffolder.diagnose.evidence.facts import Entry
from scaffolder.diagnose.programs.program import Problem, Program
from scaffolder.diagnose.verdict.judge import candidates, judge

FILES: dict[str, tuple[str, File, str]] = {
    "crlf": ("CRLF", program("#!/bin/sh\r\n"), "no such file or directory"),
    "wrong-architecture": ("arm64", program(elf(183)), "exec format error"),
    "not-a-program": ("empty", program(b""), "exec format error"),
    "loader-missing": ("glibc", program(elf(interpreter="/lib64/ld-linux-x86-64.so.2")), "no such file or directory"),
}  # fmt: skip
"""The cause → a word of what is said, a program that has it, and what is said of starting it."""


@pytest.mark.parametrize("kind", FLAWS)
def test_every_flaw_can_be_said(kind: str) -> None:
    entry = Entry("/app/server", "file", 0o644, size=3)
    problem = Problem("corrupt" if kind == "object" else kind, entry.path, "detail")

    words = said(case(files={entry.path: File()}), Program(("server",), entry.path, entry), problem)

    assert words
    assert words.evidence
    assert not re.search(r"[{}]", words.words)


def test_what_is_no_flaw_of_a_file_is_not_said() -> None:
    problem = Problem("missing", "/app/server")

    assert said(case(), Program(("server",), "/app/server", problem=problem), problem) is None


@pytest.mark.parametrize("cause", FILES)
def test_the_runtime_and_a_script_are_told_the_same(cause: str) -> None:
    word, file, error = FILES[cause]
    alone = judge(
        case(
            **refused(
                f'exec: "/app/server": {error}', command="/app/server", files={"/app/server": file}
            )
        )
    )
    text = f"/s.sh: line 2: /app/server: {error}"
    script = sh("#!/bin/sh\n/app/server\n", files={"/app/server": file}, log=text, exit_code=126)
    started = judge(case(**script))

    assert (alone.cause, started.cause) == (cause, "program-broken-in-script")
    assert word in alone.text
    words = alone.text.removeprefix("/app/server ")
    assert started.text == f"/s.sh starts /app/server, which {words}"
    assert started.fix == alone.fix


@pytest.mark.parametrize("cause", [row.id for row in REFUSED if row.id in FILES])
def test_a_file_is_not_to_blame_where_the_runtime_says_something_else(cause: str) -> None:
    example = {**EXAMPLES[cause], "log": "hello"}
    example["state"] = {"status": "created", "exit_code": 127, "error": "address already in use"}

    assert cause not in [found.id for found, _ in candidates(case(**example))]


@pytest.mark.parametrize("interpreter", ["", "/lib/ld-musl-x86_64.so.1"])
def test_a_program_that_cannot_be_loaded_has_not_looked_for_its_files(interpreter: str) -> None:
    file = program(elf(interpreter=interpreter))
    script = sh(
        '#!/bin/sh\nexec /app/agent "$@" 2>/dev/null\n',
        command=("/s.sh", "--config", "/etc/agent.conf"),
        files={"/app/agent": file},
        exit_code=127 if interpreter else 1,
    )

    found = judge(case(**script))

    assert found.cause == ("program-broken-in-script" if interpreter else "secret-missing")
    assert interpreter in found.text


def test_a_program_that_is_there_and_not_found_is_not_called_missing() -> None:
    """A shell says "not found" of a program whose interpreter is missing."""
    script = sh(
        '#!/bin/sh\n"$BASE/probe" || exit 127\n',
        log="/s.sh: 2: /app/probe: not found",
        files={"/app/probe": program(elf(interpreter="/lib/ld-musl-x86_64.so.1"))},
        exit_code=127,
    )
    named = [found.id for found, _ in candidates(case(**script))]
    others = {path: file for path, file in script["files"].items() if path != "/app/probe"}
    gone = {**script, "files": others}

    assert "command-missing-in-script" not in named
    assert "program-broken" in named
    assert "command-missing-in-script" in [found.id for found, _ in candidates(case(**gone))]
