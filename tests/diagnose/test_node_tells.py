"""What Node tells of the exceptions that a program swallows, and what follows from it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from recorded import case

from examples import SERVER
from scaffolder.diagnose.evidence.seen import Seen
from scaffolder.diagnose.evidence.swallowed import Swallowed, decisive
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.telling import HOOKS

NODE = shutil.which("node") or ""
needs_node = pytest.mark.skipif(not NODE, reason="there is no node")
HOOK = HOOKS / "tells.cjs"


def told(code: str, folder: Path, name: str = "main.js") -> tuple[int, str]:
    """Run a program with the hook; return how it ended, and the records."""
    hooks = folder / "hooks"
    hooks.mkdir()
    shutil.copy(HOOK, hooks)
    (hooks / "raised").touch()
    (folder / "app").mkdir()
    (folder / "app" / name).write_text(code, encoding="utf-8")
    ran = subprocess.run(
        [NODE, name], cwd=folder / "app", timeout=60, check=False, capture_output=True,
        env={**os.environ, "NODE_OPTIONS": f"--require={hooks / HOOK.name}"},
    )  # fmt: skip
    assert ran.stderr.decode() == ""
    return ran.returncode, (hooks / "raised").read_text(encoding="utf-8")


READS = "require('fs').readFileSync('/no/key')"
NO_KEY = "Error: ENOENT: no such file or directory, open '/no/key'"
ENDS = {
    "in a handler": (f"try {{ {READS} }} catch {{ process.exit(3) }}", NO_KEY, "process.exit(3)"),
    "far down in a handler": (
        f"try {{\n{READS} }}\n\n\n\n\n\n\ncatch (error) {{ process.exit(3) }}", NO_KEY, "process.exit(3)",
    ),
    "in an asynchronous function": (
        ("async function main() {\ntry { await require('fs').promises.readFile('/no/key') }\n"
         "catch (error) {\n\n\n\n\nprocess.exit(3) } }\nmain()"), NO_KEY, "process.exit(3)",
    ),
    "of a promise": (
        "(async () => JSON.parse('{'))().catch(() => process.exit(3))", "SyntaxError: ", "process.exit(3)",
    ),
    "of an event": (
        "require('net').connect(1, '127.0.0.1').on('error', (e) => { try { throw e } catch (x) { process.exit(3) } })",
        "Error: connect ECONNREFUSED 127.0.0.1:1", "process.exit(3)",
    ),
    "for all": (
        "process.on('uncaughtException', () => process.exit(3)); null.x", "TypeError: Cannot read", "",
    ),
    "by its status": (
        f"try {{ {READS} }} catch {{ process.exitCode = 3 }}", NO_KEY, "",
    ),
    "a module": (
        "try { require('nothing') } catch { process.exit(3) }", "Error: Cannot find module 'nothing'", "process.exit(3)",
    ),
}  # fmt: skip
"""A program, the exception, and the call in whose handler it ended; empty where that is unknown."""


@needs_node
@pytest.mark.parametrize("what", ENDS)
def test_the_exception_that_a_program_ends_over_is_told(what: str, tmp_path: Path) -> None:
    code, last, how = ENDS[what]
    ended, records = told(code, tmp_path)
    found = decisive(records)

    assert ended == 3
    assert found
    assert found.last.startswith(last)
    assert found.how == how
    assert HOOK.name not in found.text


CONTROL = {
    "an end that is chosen": "process.exit(1)",
    "an optional module": "let x\ntry { x = require('no-such') } catch {}\n\n\n\n\nif (!x) process.exit(1)",
    "work since": f"try {{ {READS} }} catch {{}}\nrequire('fs').writeFileSync('out', '')\n\n\nprocess.exit(1)",
    "a program since": f"try {{ {READS} }} catch {{}}\nrequire('child_process').execSync('true')\n\n\nprocess.exit(1)",
    "a job": f"try {{ {READS} }} catch {{}}",
    "modules": "import fs from 'fs'\nprocess.exit(1)",
}


@needs_node
@pytest.mark.parametrize("what", CONTROL)
def test_what_programs_handle_as_they_work_is_no_reason(what: str, tmp_path: Path) -> None:
    _, records = told(CONTROL[what], tmp_path, "main.mjs" if what == "modules" else "main.js")

    assert decisive(records) is None


@needs_node
def test_what_it_costs_is_bounded_and_without_its_file_it_does_nothing(tmp_path: Path) -> None:
    code = "for (let i = 0; i < 5000; i++) { try { throw new Error('x') } catch {} }\n\n\n\nprocess.exit(3)"
    ended, lines = told(code, tmp_path)

    assert ended == 3
    assert lines.count("\n") <= 2
    assert decisive(lines) is None
    records, hook = tmp_path / "hooks/raised", tmp_path / "hooks" / HOOK.name
    records.unlink()
    subprocess.run([NODE, "--require", hook, "-e", READS], check=False, capture_output=True)
    assert not records.exists()


V8 = "{}\n    at load (/app/main.js:2:40)\n    at node:internal/main/run_main_module:28:49"


@pytest.mark.parametrize(
    ("message", "last", "cause", "word"),
    [
        (NO_KEY, NO_KEY, "file-missing", "/no/key"),
        ("Error: Cannot find module 'express'\nRequire stack:\n- /app/main.js",
         "Error: Cannot find module 'express'", "node-module-missing", "express"),
        ("/app/main.js:2\n  new URL(x)\n\nTypeError: Invalid URL", "TypeError: Invalid URL", "config-malformed", "Invalid URL"),
        ("SyntaxError: Unexpected token '}'\nis not JSON", "SyntaxError: Unexpected token '}'", "node-error", "token"),
    ],
)  # fmt: skip
def test_the_rules_read_it_as_if_the_program_had_told_it(
    message: str, last: str, cause: str, word: str
) -> None:
    kept = Swallowed(V8.format(message), frozenset({"Error"}), "/app/main.js:3", "process.exit(1)")
    silent = case("node /app/main.js", files=SERVER)
    silent.seen = Seen(swallowed=kept)
    found = judge(silent)

    assert kept.last == last
    assert (found.cause, found.verdict) == (cause, "likely")
    assert word in found.text
    assert found.evidence[0].found == f"{last}\nprocess.exit(1) at /app/main.js:3, in its handler"
