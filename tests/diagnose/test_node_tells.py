"""What Node tells of the exceptions that a program swallows, and what follows from it."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from recorded import File, case

from examples import SERVER, STARTED
from scaffolder.diagnose.evidence.left import left
from scaffolder.diagnose.evidence.seen import Seen
from scaffolder.diagnose.evidence.swallowed import Ending, Swallowed, decisive
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
    (folder / "app").mkdir(exist_ok=True)
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
    "of a worker": (
        "new (require('worker_threads').Worker)('/no/job.js').on('error', () => process.exit(3))",
        "Error: Cannot find module '/no/job.js'", "process.exit(3)",
    ),
    "of a child": (
        "require('child_process').spawn('/no/tool').on('error', () => process.exit(3))",
        "Error: spawn /no/tool ENOENT", "process.exit(3)",
    ),
    "of a stream": (
        "require('fs').createReadStream('/no/key').on('error', () => process.exit(3))", NO_KEY, "process.exit(3)",
    ),
    "of its own": (
        ("class A extends require('events') {}; const a = new A(); a.on('error', () => process.exit(3));"
         " a.emit('error', new RangeError('no room'))"), "RangeError: no room", "process.exit(3)",
    ),
    "after its listener": (
        "require('fs').createReadStream('/no/key').on('error', async () => { await null; process.exit(3) })", NO_KEY, "",
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


LOOP = {
    "an await": (
        "async function main() {\nawait new Promise((done) => process.once('never', done)) }\nmain()",
        ("await", "main.js:2"),
    ),
    "a then": ("new Promise(() => {}).then(() => {})", ("await", "main.js:1")),
    "a server": ("require('net').createServer().listen(0).unref()", ("server", "main.js:1")),
    "a server that is closed": (
        "const s = require('net').createServer()\ns.listen(0, () => {\ns.close() })", ("closed", "main.js:3"),
    ),
    "a timer": ("\nsetInterval(() => {}, 9000).unref()", ("timer", "main.js:2")),
    "a thread": (
        "const { Worker } = require('worker_threads')\nnew Worker(__filename.replace('main', 'other')).on('error', () => {})",
        ("thread", "TypeError: Cannot read"),
    ),
}  # fmt: skip
"""A program whose event loop becomes empty, what is left, and where."""


@needs_node
@pytest.mark.parametrize("what", LOOP)
def test_what_is_left_where_the_event_loop_becomes_empty_is_told(what: str, tmp_path: Path) -> None:
    code, (kind, place) = LOOP[what]
    (tmp_path / "app").mkdir()
    (tmp_path / "app/other.js").write_text("null.x", encoding="utf-8")
    ended, records = told(code, tmp_path)
    (found,) = left(records)

    assert ended == 0
    assert found.kind == kind
    assert place in found.words
    assert decisive(records) is None


DONE = {
    "a job": "require('fs').promises.readFile(__filename).then(() => {})",
    "an async job": "async function main() { await new Promise((done) => setTimeout(done, 9)) }\nmain()",
    "many": "Promise.all([1, 2].map(async (n) => { await null; return n })).then((all) => all.length)",
    "a race": "Promise.race([new Promise((done) => setTimeout(done, 5)), new Promise(() => {})]).then(() => {})",
    "its own end": "setInterval(() => {}, 9).unref()\nnew Promise(() => {}).then(() => {})\nprocess.exit(0)",
    "modules": "import { setTimeout } from 'timers/promises'\nawait setTimeout(9)",
    "a timer that is over": "setTimeout(() => {}, 3)",
}


@needs_node
@pytest.mark.parametrize("what", DONE)
def test_of_a_job_that_is_done_nothing_is_left_undone(what: str, tmp_path: Path) -> None:
    ended, records = told(DONE[what], tmp_path, "main.mjs" if what == "modules" else "main.js")

    assert ended == 0
    assert not any(each.is_undone for each in left(records))


STOPPED = {
    "an event": (
        ("const ready = (on) => new Promise((done) => on.once('ready', done))\nasync function main() {\n"
        "  await ready(new (require('events'))())\n  console.log('up')\n}\n\nmain().catch(() => {})"),
        "main.js:3 waits for a promise, made at ",
    ),
    "later": (
        ("async function main() {\n  await new Promise((r) => setTimeout(r, 5))\n  await new Promise(() => {})\n"
        "  console.log('up')\n}\nmain()"),
        "main.js:3 waits",
    ),
    "within a function": (
        ("async function open() {\n  await new Promise(() => {})\n  return 1\n}\nasync function main() {\n"
        "  await open()\n  console.log('up')\n}\nmain()"),
        "main.js:2 waits",
    ),
    "modules": (
        "async function main() {\n  await new Promise(() => {})\n  console.log('up')\n}\nmain()", "main.mjs:2 waits",
    ),
    "then": ("new Promise(() => {}).then(() => { console.log('up') })", "main.js:1 waits"),
    "an event of a library's function": (
        ("const { once, EventEmitter } = require('events')\nasync function main() {\n  const on = new EventEmitter()\n"
         "  on.emit('ready')\n  await once(on, 'ready')\n  console.log\n}\nmain().catch(() => {})"),
        "main.js:5 waits",
    ),
}  # fmt: skip
"""A program that stops at an await with more to do, and where."""


@needs_node
@pytest.mark.parametrize("what", STOPPED)
def test_an_await_at_which_the_whole_program_stops_is_told(what: str, tmp_path: Path) -> None:
    code, place = STOPPED[what]
    ended, records = told(code, tmp_path, "main.mjs" if what == "modules" else "main.js")
    (found,) = left(records)

    assert ended == 0
    assert found.is_main
    assert place in found.words


ASIDE = {
    "a watcher": (
        "async function watch() {\n  await new Promise(() => {})\n  console.log('changed')\n}\n"
        "async function main() {\n  await null\n}\nwatch()\nmain()"
    ),
    "who loses a race": (
        "async function late() {\n  await new Promise((r) => setTimeout(r, 9000).unref())\n  throw Error('late')\n}\n"
        "async function main() {\n  await Promise.race([late(), new Promise((r) => setTimeout(r, 5))])\n}\nmain()"
    ),
    "the last one": "async function main() {\n  console.log\n  await new Promise(() => {})\n}\nmain()",
    "a race in the body": (
        "async function late() {\n  await new Promise(() => {})\n  throw Error('late')\n}\n"
        "Promise.race([late(), new Promise((r) => setTimeout(r, 5))]).then(() => {})"
    ),
    "in an event": (
        "setTimeout(async () => {\n  await new Promise(() => {})\n  console.log('up')\n}, 5)"
    ),
}  # fmt: skip
"""A program that is done, and what is left beside that."""


@needs_node
@pytest.mark.parametrize("what", [*ASIDE, *DONE])
def test_what_waits_beside_work_that_is_done_does_not_stop_it(what: str, tmp_path: Path) -> None:
    code = {**ASIDE, **DONE}[what]
    _, records = told(code, tmp_path, "main.mjs" if what == "modules" else "main.js")

    assert not any(each.is_main for each in left(records))


PENDING = '{"kind": "left", "text": "", "place": "/app/main.js:2", "how": "await", "names": []}'
TIMER = PENDING.replace("await", "timer")


@pytest.mark.parametrize(
    ("records", "restart", "cause", "words"),
    [
        (PENDING, "always", "nothing-keeps-it", "the await at /app/main.js:2 waits for a promise"),
        (TIMER, "always", "nothing-keeps-it", "its timer, set at /app/main.js:2, is not to keep it"),
        (PENDING, "no", "none", "; but the await at /app/main.js:2 waits"),
        (TIMER, "no", "none", "nothing says it should stay up"),
        ("", "always", "ends-again-and-again", "restarts it again and again"),
        (PENDING.replace("await", "forged"), "always", "ends-again-and-again", "again and again"),
    ],
)  # fmt: skip
def test_what_is_left_is_a_cause_only_where_it_is_to_stay(
    records: str, restart: str, cause: str, words: str
) -> None:
    stays = restart == "always"
    silent = case(
        "node /app/main.js", files=SERVER, exit_code=0, restarts=3 if stays else 0,
        config={"restart": restart}, state={"status": "restarting" if stays else "exited"},
    )  # fmt: skip
    silent.seen = Seen(left=left(records))
    found = judge(silent)

    assert found.cause == cause
    assert words in found.text
    assert found.verdict == ("likely" if stays else "healthy")


MAIN = PENDING.replace('"await"', '"main"')
WROTE = f"{STARTED}C\t1\t7\t7\topenat\t3\tp=/out/rows.csv\tx=241\nX\t2\t7\t0\t0"
NODE_APP: dict[str, Any] = {"command": "node /app/main.js", "files": SERVER, "exit_code": 0}


@pytest.mark.parametrize(
    ("more", "is_job"),
    [
        ({"remains": MAIN}, False),
        ({"remains": MAIN, "config": {"restart": "always"}}, False),
        ({"remains": MAIN, "log": "listening on 8080"}, False),
        ({"remains": MAIN, "log": "2026-11-30 connecting to the broker"}, False),
        ({"remains": PENDING}, True),
        ({"remains": PENDING, "log": "2026-11-30 connecting to the broker"}, True),
        ({"remains": MAIN, "log": "3 rows imported"}, True),
        ({"remains": MAIN, "trace": WROTE}, True),
    ],
    ids=[
        "silent",
        "service",
        "claims",
        "tells-nothing-done",
        "aside",
        "aside-and-talks",
        "tells-results",
        "wrote-results",
    ],
)
def test_a_program_that_stops_in_the_middle_has_not_finished_its_work(
    more: dict[str, Any], *, is_job: bool
) -> None:
    found = judge(case(**{**NODE_APP, **more}))

    assert (found.verdict, found.cause) == (
        ("healthy", "none") if is_job else ("likely", "await-unsettled")
    )


WAITS = b"""const up = (on) => new Promise((done) => {
  on.once('open', done)
})
async function main() {
  await up(socket)
  serve()
}
"""


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (b"socket.emit('connected')\n", "the event 'open', and /app/main.js emits 'connected')"),
        (b"socket.emit('open')\n", "the event 'open')"),
        (b"", "the event 'open')"),
    ],
)
def test_the_event_that_never_comes_is_named(more: bytes, words: str) -> None:
    files = {**SERVER, "/app/main.js": File(WAITS + more)}
    made = MAIN.replace('"text": ""', '"text": "/app/main.js:1"').replace("js:2", "js:5")
    found = judge(case(**{**NODE_APP, "files": files, "remains": made}))

    assert "(`await up(socket)`)" in found.text
    assert words in found.fix


def test_where_it_exits_with_0_again_and_again_is_told() -> None:
    silent = case(
        "node /app/main.js", files=SERVER, exit_code=0, restarts=3, state={"status": "restarting"},
        config={"restart": "always"}, ending=Ending("/app/main.js:3", "process.exit(0)", ()),
    )  # fmt: skip

    assert "with process.exit(0) at /app/main.js:3" in judge(silent).text


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
