"""Programs that choose to end, and what they have done without before."""

import json

import pytest
from recorded import File, case, elf, program

from examples import SERVER, STARTED
from scaffolder.diagnose.evidence.swallowed import Ending, chosen_end
from scaffolder.diagnose.verdict.judge import judge

MISSES = "Error: Cannot find module 'bufferutil'\nRequire stack:\n- /app/main.js\n    at x (y:1:2)"


def line(kind: str, text: str = "", how: str = "") -> str:
    return json.dumps(
        {"kind": kind, "text": text, "place": "/app/main.js:5", "how": how, "names": ["Error"]}
    )


EXIT = line("exit", how="process.exit(1)")


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ((line("handled", MISSES), EXIT), ("bufferutil",)),
        ((line("handled", "ImportError: No module named 'uvloop'"), EXIT), ("uvloop",)),
        ((line("handled", "ValueError: 3"), EXIT), ()),
        ((EXIT,), ()),
        ((line("handled", MISSES), line("exit", MISSES, "process.exit(1)")), None),
        ((line("handled", MISSES),), None),
        (("forged", "{}"), None),
    ],
)
def test_an_end_in_no_handler_is_told_with_what_was_done_without(
    records: tuple[str, ...], expected: tuple[str, ...] | None
) -> None:
    found = chosen_end("\n".join(records))

    assert (found and found.got_over) == expected
    assert found is None or (found.place, found.how) == ("/app/main.js:5", "process.exit(1)")


ASKS = f"{STARTED}C\t1\t7\t7\tstatx\t-2\tp={{}}\nX\t2\t7\t1\t0"


@pytest.mark.parametrize(
    ("path", "over", "cause"),
    [
        ("/app/node_modules/bufferutil", ("bufferutil",), "ends-itself"),
        ("/usr/lib/node", ("bufferutil",), "ends-itself"),
        ("/app/node_modules/express", (), "node-module-missing"),
        ("/etc/app/key.pem", ("bufferutil",), "file-missing"),
    ],
)
def test_a_module_that_a_program_does_without_is_not_what_it_ends_over(
    path: str, over: tuple[str, ...], cause: str
) -> None:
    ending = Ending("/app/main.js:5", "process.exit(1)", over)

    assert judge(case(files=SERVER, trace=ASKS.format(path), ending=ending)).cause == cause


CHECKS = "if (!ready) {\n  stop();\n  process.exit(1);\n}\n"


def test_a_module_that_it_did_without_is_told_where_no_condition_is_known() -> None:
    alone = judge(case(files=SERVER, ending=Ending("", "process.exitCode = 1", ("pg-lite",))))
    source = {**SERVER, "/app/main.js": File(CHECKS.encode())}
    asked = judge(
        case(files=source, ending=Ending("/app/main.js:3", "process.exit(1)", ("pg-lite",)))
    )

    assert alone.cause == asked.cause == "ends-itself"
    assert "it does without pg-lite" in alone.text
    assert "`if (!ready)`" in asked.text
    assert "pg-lite" not in asked.text


@pytest.mark.parametrize(
    ("runs", "records", "cause"),
    [
        ("/usr/bin/python3.13", "", "nothing-keeps-it"),
        ("/usr/bin/node", "", "none"),  # it has threads of its own
        ("/usr/bin/python3.13", "C\t3\t7\t8\topenat\t3\tp=/srv/out\tx=41\n", "none"),
    ],
)
def test_only_the_threads_of_python_tell_that_nothing_keeps_it(
    runs: str, records: str, cause: str
) -> None:
    """They wait for a queue, and have done nothing since they were started."""
    trace = (
        f"P\t0\t7\t{runs}\t{runs}\nC\t1\t7\t7\tclone3\t1\n{records}"
        "W\t9\t7\t8\tfutex\t4\nX\t9\t7\t0\t0"
    )
    files = {runs: program(elf()), "/app/main": File(b"")}
    found = judge(case(f"{runs} /app/main", files=files, exit_code=0, trace=trace))

    assert found.cause == cause
