"""What Python tells of the exceptions that a program swallows, and what follows from it."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from recorded import case

from examples import SERVER
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence import jvm_log
from scaffolder.diagnose.evidence.seen import Seen
from scaffolder.diagnose.evidence.swallowed import (
    DURING,
    MOST_LINES,
    Swallowed,
    decisive,
    said_last,
)
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.judgement import Judgement
from scaffolder.diagnose.verdict.telling import HOOK

PYTHONS = [
    sys.executable,
    *filter(None, (shutil.which(f"python3.{minor}") for minor in (8, 9, 12, 13, 14))),
]
"""Those that are here: before 3.12 there is no sys.monitoring."""


def told(code: str, tmp_path: Path, python: str = sys.executable) -> tuple[int, str]:
    """Run a program with the hook; return how it ended, and the records."""
    hooks, records = tmp_path / "hooks", tmp_path / "hooks/raised"
    hooks.mkdir()
    shutil.copy(HOOK, hooks)
    records.touch()
    (tmp_path / "app").mkdir(exist_ok=True)
    (tmp_path / "app/main.py").write_text(code, encoding="utf-8")
    ran = subprocess.run(
        [python, "-B", "main.py"], cwd=tmp_path / "app", timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": str(hooks)}, capture_output=True,
    )  # fmt: skip
    assert ran.stderr.decode() == ""
    return ran.returncode, records.read_text(encoding="utf-8")


def test_what_from_none_hides_is_told(tmp_path: Path) -> None:
    code = (
        "import sys\nclass Resume(Exception): pass\n"
        "def load():\n    try: open('/no/offsets')\n    except OSError: raise Resume() from None\n"
        "try: load()\nexcept Resume: sys.exit(3)\n"
    )
    ended, records = told(code, tmp_path)
    found = decisive(records)

    assert ended == 3
    assert found
    assert found.is_of_system
    assert found.last.startswith("Resume (while handling FileNotFoundError: [Errno 2] No")


def test_one_with_words_of_its_own_is_told_alone() -> None:
    text = f"Traceback:\nValueError: x\n\n{DURING}\n\nTraceback:\napp.Resume: no offsets\n"

    assert Swallowed(text, frozenset(), "/app/main.py:3", "").last == "app.Resume: no offsets"


def works(python: str) -> bool:
    ran = subprocess.run([python, "-c", ""], capture_output=True, check=False)
    return ran.returncode == 0


def monitors(python: str) -> bool:
    ran = subprocess.run(
        [python, "-c", "import sys; sys.monitoring"], capture_output=True, check=False
    )
    return ran.returncode == 0


ENDS = {
    "sys.exit in a handler": (
        "import sys\ntry: {}['host']\nexcept KeyError: sys.exit(3)",
        3, "KeyError: 'host'", "sys.exit(3)",
    ),
    "from None": (
        "try: int('x')\nexcept ValueError: raise SystemExit(1) from None",
        1, "ValueError: invalid literal for int() with base 10: 'x'", "sys.exit(1)",
    ),
    "os._exit in a thread": (
        ("import os, threading, time\ndef f():\n    try: open('/no/key')\n    except OSError: os._exit(4)\n"
        "threading.Thread(target=f).start(); time.sleep(30)"),
        4, "FileNotFoundError: [Errno 2] No such file or directory: '/no/key'", "os._exit(4)",
    ),
    "of its own class": (
        ("class Bad(Exception): pass\ndef f():\n    try: float('y')\n    except ValueError as e: raise Bad('rate') from e\n"
        "try: f()\nexcept Bad: raise SystemExit(2)"),
        2, "Bad: rate", "sys.exit(2)",
    ),
    "in a function, and the end elsewhere": (
        ("import sys\ndef f():\n    try: return int('x')\n    except ValueError: return None\n"
        "if f() is None: sys.exit(1)"),
        1, "ValueError: invalid literal for int() with base 10: 'x'", "",
    ),
    "in silence": (
        "import sys\nsys.excepthook = lambda *error: None\n1 / 0",
        1, "ZeroDivisionError: division by zero", "uncaught",
    ),
    "without standard error": (
        "import os\nos.close(2)\n1 / 0",
        1, "ZeroDivisionError: division by zero", "uncaught",
    ),
    "in a child": (
        ("import os\nif os.fork() == 0:\n    try: [].pop('a')\n    except TypeError: os._exit(5)\n"
        "os._exit(os.waitstatus_to_exitcode(os.wait()[1]) if hasattr(os, 'waitstatus_to_exitcode') else 5)"),
        5, "TypeError: 'str' object cannot be interpreted as an integer", "os._exit(5)",
    ),
}  # fmt: skip
"""A program, its status, and the exception and call that ended it."""


@pytest.mark.parametrize("python", PYTHONS, ids=os.path.basename)
@pytest.mark.parametrize("what", ENDS)
def test_the_exception_that_a_program_ends_over_is_told(
    what: str, python: str, tmp_path: Path
) -> None:
    if not works(python):
        pytest.skip(f"{python} does not start")
    code, status, last, how = ENDS[what]
    ended, records = told(code, tmp_path, python)
    found = decisive(records)

    assert ended == status
    assert found
    assert (found.last, found.how) == (last, how)
    assert "main.py:" in found.place or how == "uncaught"


TASK = (
    "import asyncio, logging\nlogging.disable()\nasync def f(): {}['id']\nasync def main():\n"
    "    await asyncio.wait([asyncio.create_task(f())])\nasyncio.run(main())"
)
THREAD = (
    "import threading\nthreading.excepthook = lambda told: None\ndef f(): {}['id']\n"
    "t = threading.Thread(target=f)\nt.start()\nt.join()"
)
FUTURE = (
    "from concurrent.futures import ThreadPoolExecutor\ndef f(): {{}}['id']\n"
    "with ThreadPoolExecutor() as pool: {}pool.submit(f){}\n"
)


@pytest.mark.parametrize(
    ("code", "is_left"),
    [
        (TASK, True),
        (THREAD, True),
        (FUTURE.format("", ""), True),
        (FUTURE.format("", ".exception()"), True),
        (FUTURE.format("\n  try: ", ".result()\n  except KeyError: pass"), False),
        ("try: import no_such_module\nexcept ImportError: pass", False),
        ("[*map(str, range(3))]; next(iter(()), None)", False),
    ],
)
def test_an_exception_that_a_task_or_a_thread_keeps_is_told(
    code: str, tmp_path: Path, *, is_left: bool
) -> None:
    python = next((each for each in reversed(PYTHONS) if works(each) and monitors(each)), "")
    if not python:
        pytest.skip("sys.monitoring came with Python 3.12, and none is here")
    ended, records = told(code, tmp_path, python)
    found = decisive(records)

    assert ended == 0
    assert (found is not None and found.how == "lost") == is_left
    if is_left and found:
        assert found.last == "KeyError: 'id'"


LOGS = "import logging, sys\nlog = logging.getLogger('app')\n"
NULL = LOGS + "log.addHandler(logging.NullHandler())\nlog.propagate = False\n"
SAID = {
    "no handler": (NULL + "log.error('schema %d of %s', 9, 'feed')\nsys.exit(3)", "schema 9 of feed"),
    "a level": (LOGS + "log.setLevel(60)\nlog.critical('no licence')\nraise SystemExit(3)", "no licence"),
    "disabled": (LOGS + "logging.disable()\nlog.warning('no peer')\nimport os\nos._exit(3)", "no peer"),
    "by number": (NULL + "log.log(40, 'late')\nsys.exit(3)", "late"),
    "an adapter": (NULL + "logging.LoggerAdapter(log, {}).error('adapted')\nsys.exit(3)", "adapted"),
    "below a warning": (NULL + "log.info('started')\nlog.log(10, 'x')\nsys.exit(3)", ""),
    "work since": (NULL + "log.error('try again')\nopen('out', 'w').close()\nsys.exit(3)", ""),
    "the last of many": (NULL + "for i in range(999): log.error('at %d', i)\nsys.exit(3)", "at 998"),
    "what cannot be shown": (NULL + "log.error('%d', 'x')\nsys.exit(3)", ""),
}  # fmt: skip
"""A program that ends with 3, and what it has logged last."""


@pytest.mark.parametrize("python", PYTHONS, ids=os.path.basename)
@pytest.mark.parametrize("what", SAID)
def test_what_a_program_logs_that_no_handler_writes_is_told(
    what: str, python: str, tmp_path: Path
) -> None:
    if not works(python):
        pytest.skip(f"{python} does not start")
    code, words = SAID[what]
    status, records = told(code, tmp_path, python)
    found = said_last(records)

    assert status == 3
    assert (found.text if found else "") == words
    assert found is None or "main.py:" in found.place


def test_the_place_that_a_program_logs_is_its_own(tmp_path: Path) -> None:
    code = (
        LOGS
        + "logging.basicConfig(stream=sys.stdout, format='%(lineno)d %(funcName)s')\nlog.error('x')"
    )
    (tmp_path / "app").mkdir()
    shutil.copytree(HOOK.parent, tmp_path / "hooks")
    (tmp_path / "hooks/raised").touch()
    (tmp_path / "app/main.py").write_text(code, encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "hooks")}
    ran = subprocess.run(
        [sys.executable, "main.py"], cwd=tmp_path / "app", env=env, capture_output=True, check=True
    )

    assert ran.stdout.decode().strip() == "4 <module>"


def test_a_module_of_the_program_that_is_called_logging_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/logging.py").write_text("mine = 7\n", encoding="utf-8")
    status, _ = told("import logging, sys\nsys.exit(logging.mine)", tmp_path)

    assert status == 7


def unheard(words: str, **more: Any) -> Judgement:  # noqa: ANN401 - of a case
    """Return what is told of a program that logged this last, and that nobody heard."""
    return judge(case(unwritten=Swallowed(words, frozenset(), "/app/main.py:8", "error"), **more))


def test_what_nobody_hears_is_told_or_what_it_means() -> None:
    schema = unheard("schema 9 is newer than 7")
    refused = unheard("cannot reach db:5432: Connection refused")
    full = unheard("OSError: [Errno 28] No space left on device: '/data/x'")

    assert schema.cause == "log-unwritten"
    assert "schema 9 is newer than 7 (error, at /app/main.py:8)" in schema.text
    assert refused.cause == "connection-refused"
    assert full.cause == "disk-full"
    assert any("without a handler" in e.found for e in full.evidence)


CONTROL = {
    "an end that is chosen": "import sys\nsys.exit(1)",
    "an optional module": "import sys\ntry: import no_such_thing\nexcept ImportError: pass\nsys.exit(1)",
    "work since": (
        "import sys\ntry: int('x')\nexcept ValueError: pass\nopen('out', 'w').close()\nsys.exit(1)"
    ),
    "an iterator that ends": "import sys\nlist(x for x in 'ab')\nnext(iter(()), 0)\nsys.exit(1)",
    "an interrupt": (
        "import os, signal, sys\ntry: os.kill(os.getpid(), signal.SIGINT); signal.pause()\n"
        "except KeyboardInterrupt: sys.exit(1)"
    ),
    "a job": "try: int('x')\nexcept ValueError: pass",
    "what a library handles": "import sys, json.decoder, decimal\ndecimal.Decimal(1)\nsys.exit(1)",
}


@pytest.mark.parametrize("what", CONTROL)
def test_what_programs_handle_as_they_work_is_no_reason(what: str, tmp_path: Path) -> None:
    _, records = told(CONTROL[what], tmp_path)

    assert decisive(records) is None


def test_what_it_costs_is_bounded(tmp_path: Path) -> None:
    code = "import sys\nfor i in range(20000):\n    try: int('x' * 3000)\n    except ValueError: pass\n"
    status, records = told(code, tmp_path)

    assert status == 0
    assert 100 < records.count("\n") <= 400


def test_without_its_file_it_does_nothing_and_theirs_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/sitecustomize.py").write_text("import builtins\nbuiltins.loaded = 7\n")
    code = "import sys\nassert not sys.gettrace()\nsys.exit(getattr(__builtins__, 'loaded', 0))"
    folders = f"{tmp_path}{os.pathsep}{tmp_path / 'theirs'}"
    shutil.copy(HOOK, tmp_path)
    ran = subprocess.run(
        [sys.executable, "-c", code], check=False, env={**os.environ, "PYTHONPATH": folders}
    )

    assert ran.returncode == 7


def test_records_that_a_program_made_up_are_read_with_care() -> None:
    entry = {"kind": "exit", "text": "E: x", "place": "a:1", "how": "sys.exit(1)", "names": ["E"]}
    odd = ["", "[", "[]", "{}", "1", "[" * 9000, json.dumps({**entry, "names": 4})]
    found = decisive("\n".join([*odd, json.dumps(entry)]))

    assert found == Swallowed("E: x", frozenset({"E"}), "a:1", "sys.exit(1)")
    assert decisive("\n".join([*["{}"] * MOST_LINES, json.dumps(entry)])) is None


def swallowing(last: str, *names: str, source: str = "load()", **more: object) -> Case:
    text = f'Traceback (most recent call last):\n  File "/app/main.py", line 4, in load\n    {source}\n{last}\n'
    kept = Swallowed(text, frozenset(names), "/app/main.py:9", "sys.exit(1)")
    silent = case("python /app/main.py", files=SERVER, **more)  # type: ignore[arg-type] # of a case
    silent.seen = replace(silent.seen, swallowed=kept)
    return silent


@pytest.mark.parametrize(
    ("last", "names", "source", "cause", "word"),
    [
        ("ModuleNotFoundError: No module named 'psycopg2'", ("ImportError",), "x",
         "python-module-missing", "psycopg2"),
        ("locale.Error: unsupported locale setting", ("Error",),
         'locale.setlocale(locale.LC_ALL, "de_DE.UTF-8")', "locale-missing", "de_DE.UTF-8"),
        ("UnicodeDecodeError: 'utf-8' codec can't decode byte 0xe9 in position 3", ("ValueError",),
         "x", "not-utf-8", "not in UTF-8"),
        ("ConfigError: timeout", ("ConfigError",), "x", "python-exception",
         "ends over an exception, and tells nobody: ConfigError: timeout in /app/main.py, line 4"),
    ],
)  # fmt: skip
def test_the_rules_read_it_as_if_the_program_had_told_it(
    last: str, names: tuple[str, ...], source: str, cause: str, word: str
) -> None:
    found = judge(swallowing(last, *names, source=source))

    assert (found.cause, found.verdict) == (
        cause,
        "likely" if "Module" not in last else found.verdict,
    )
    assert word in found.text
    shown = [e for e in found.evidence if "in its handler" in e.found]
    assert shown
    assert {e.source for e in shown} == {"rerun"}
    assert shown[0].found == f"{last}\nsys.exit(1) at /app/main.py:9, in its handler"


def test_a_call_is_not_blamed_where_the_exception_is_about_another_thing() -> None:
    trace = (
        "P\t0\t7\t/usr/bin/python3\tpython\nC\t1\t7\t7\topenat\t-2\tp=/app/cache.db\nX\t9\t7\t1\t0"
    )
    of_call = swallowing("FileNotFoundError: /app/cache.db", "OSError", trace=trace)
    of_value = swallowing("ConfigError: timeout", "ConfigError", trace=trace)

    assert of_call.seen.failed_call
    assert of_value.seen.failed_call is None
    assert "cache.db" not in judge(of_value).text


def test_a_job_that_ends_with_0_in_a_handler_is_well_with_a_note() -> None:
    of = swallowing("ConfigError: timeout", "ConfigError", exit_code=0)
    kept = judge(of)
    of.seen = Seen()

    assert kept.verdict == judge(of).verdict == "healthy"
    assert "it met an exception, and told nobody: ConfigError: timeout" in kept.text
    assert "told nobody" not in judge(of).text


def thrown(kind: str, text: str, method: str, holder: str, at: int) -> str:
    """Return what a virtual machine of Java logs of an exception in a method."""
    said = f": {text}" if text else ""
    return (
        f"[{at}ms] Exception <a '{kind}'{{0x000000069ec17828}}{said}>\n thrown in interpreter method"
        f" <{{method}} {{0x00007fe457400608}} '{method}' '([Ljava/lang/String;)V' in '{holder}'>\n"
        f" at bci 25 for thread 0x00007fe4d8019bb0 (main)\n"
    )


EXITS = "[329ms] begin VM_Operation (0x00007fe4ddbfe6b0): Exit, mode: safepoint, requested by thread 0x7f\n"
NUMBER = thrown(
    "java/lang/NumberFormatException", 'For input string: "80a"', "main", "app/Main", 303
)
HANDLED = (
    '[304ms] Found matching handler for exception of type "java.lang.NumberFormatException" in'
)
LIBRARY = thrown("java/lang/IllegalStateException", "", "run", "java/util/X", 304)


@pytest.mark.parametrize(
    ("log", "last"),
    [
        (NUMBER + EXITS, 'java.lang.NumberFormatException: For input string: "80a"'),
        (NUMBER + LIBRARY + EXITS, 'java.lang.NumberFormatException: For input string: "80a"'),
        (NUMBER + HANDLED, ""),
        (LIBRARY + EXITS, ""),
        (NUMBER + EXITS.replace("329", "9329"), ""),
        (EXITS + NUMBER, ""),
        ("", ""),
    ],
    ids=["exits", "of-a-library", "returns", "library-alone", "long-before", "later", "nothing"],
)
def test_the_log_of_java_tells_the_exception_in_whose_handler_it_exits(log: str, last: str) -> None:
    found = jvm_log.decisive(log)

    assert (found.last if found else "") == (last and f'Exception in thread "main" {last}')
    if found:
        assert (found.how, found.place) == ("System.exit", "app.Main.main")
        assert not found.is_of_system


def test_an_exception_of_java_about_a_file_is_about_a_call() -> None:
    found = jvm_log.decisive(
        thrown("java/nio/file/NoSuchFileException", "", "load", "A", 300) + EXITS
    )

    assert found
    assert found.is_of_system


def test_nothing_swallowed_is_nothing_said() -> None:
    assert Seen().lines == []
