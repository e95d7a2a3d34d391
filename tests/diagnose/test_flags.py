"""An exception that is handled, and an end far below that depends on a name that it decides."""

import json

import pytest
from recorded import case

from examples import SERVER
from scaffolder.diagnose.evidence.seen import Seen
from scaffolder.diagnose.evidence.swallowed import Ending, Swallowed, chosen_end, linked
from scaffolder.diagnose.programs import jsflags, pyflags
from scaffolder.diagnose.verdict.judge import judge

PYTHON = {
    "a flag": ("ok = True\ntry:\n    load()  # raised\nexcept E:\n    ok = False\nwork()\nif not ok:\n    exit(7)  # ended", "ok"),
    "what stays unset": ("c = None\ntry:\n    c = load()  # raised\nexcept E:\n    pass\nif c is None:\n    exit(7)  # ended", "c"),
    "of an object": (
        ("def run(self):\n    try:\n        load()  # raised\n    except E:\n        self.ok = False\n"
        "def stop(self):\n    if not self.ok:\n        exit(7)  # ended"), "ok",
    ),
    "a list of errors": ("try:\n    load()  # raised\nexcept E as e:\n    bad.append(e)\nif bad:\n    exit(7)  # ended", "bad"),
    "a status": ("s = 0\ntry:\n    load()  # raised\nexcept E:\n    s = 7\nwork()\nexit(s)  # ended", "s"),
    "a function's result": (
        ("def get():\n    try:\n        return load()  # raised\n    except E:\n        return None\n"
        "c = 1\nif not get():\n    exit(7)  # ended"), "get()",
    ),
    "of main": (
        ("def main():\n    bad = 0\n    try:\n        load()  # raised\n    except E:\n        bad += 1\n    work()\n"
        "    return 1 if bad else 0\nexit(main())  # ended"), "bad",
    ),
    "one that leaves before": (
        ("def main():\n    ok = True\n    try:\n        load()  # raised\n    except E:\n        ok = False\n"
        "    if ok:\n        return serve()\n    exit(7)  # ended"), "ok",
    ),
    "another flag": ("try:\n    load()  # raised\nexcept E:\n    cached = False\nif not ready:\n    exit(7)  # ended", ""),
    "no condition": ("try:\n    load()  # raised\nexcept E:\n    ok = False\nexit(7)  # ended", ""),
    "of another function": (
        ("def run():\n    try:\n        load()  # raised\n    except E:\n        ok = False\n"
        "def stop():\n    ok = check()\n    if not ok:\n        exit(7)  # ended"), "",
    ),
    "set before it was raised": ("try:\n    ok = look()\n    load()  # raised\nexcept E:\n    pass\nif ok:\n    exit(7)  # ended", ""),
    "another try": ("try:\n    a()\nexcept E:\n    ok = 0\ntry:\n    load()  # raised\nexcept E:\n    pass\nif not ok:\n    exit(7)  # ended", ""),
    "no Python": ("try\n load() # raised\n # ended", ""),
}  # fmt: skip
NODE = {
    "a flag": ("let ok = true\ntry {\n  load() // raised\n} catch {\n  ok = false\n}\nwork()\nif (!ok) {\n  process.exit(7) // ended\n}", "ok"),
    "what stays unset": ("let c\ntry { c = load() // raised\n} catch (e) {}\nif (!c) process.exit(7) // ended", "c"),
    "a list of errors": ("try {\n load() // raised\n} catch (e) { bad.push(e) }\nif (bad.length > 0)\n  process.exit(7) // ended", "bad"),
    "a status": ("let s = 0\ntry {\n load() // raised\n} catch { s = 7 }\nprocess.exit(s) // ended", "s"),
    "in a function": ("let ok = true\ntry {\n load() // raised\n} catch { ok = false }\nfunction end() {\n  if (ok) { return }\n  if (!ok) {\n    process.exit(7) // ended\n} }", "ok"),
    "another flag": ("try {\n load() // raised\n} catch { cached = false }\nif (!ready) process.exit(7) // ended", ""),
    "no condition": ("try {\n load() // raised\n} catch { ok = false }\nif (ok)\n  work()\nprocess.exit(7) // ended", ""),
    "a text": ("try {\n load() // raised\n} catch { log('ok = 1') }\nif (!ok) process.exit(7) // ended", ""),
    "of another function": (
        ("function a() {\n let ok\n try {\n load() // raised\n} catch { ok = false } }\n"
        "function b() { let ok = c()\nif (!ok) process.exit(7) // ended\n}"), "",
    ),
    "another try": ("try { a() } catch { ok = 0 }\ntry {\n load() // raised\n} catch {}\nif (!ok) process.exit(7) // ended", ""),
    "a bundle": (f"var {'x' * 600}; try {{ load() /* raised */ }} catch {{ ok = 0 }} if (!ok) process.exit(7) // ended", ""),
}  # fmt: skip


def lines(source: str) -> tuple[list[int], int]:
    rows = source.splitlines()
    (raised,) = (at for at, row in enumerate(rows, 1) if "raised" in row)
    return [raised], next(at for at, row in enumerate(rows, 1) if "ended" in row)


@pytest.mark.parametrize("what", PYTHON)
def test_a_name_links_what_python_handles_to_its_end(what: str) -> None:
    source, name = PYTHON[what]

    assert pyflags.deciding(source, *lines(source)) == name


@pytest.mark.parametrize("what", NODE)
def test_a_name_links_what_node_handles_to_its_end(what: str) -> None:
    source, name = NODE[what]

    assert jsflags.deciding(source, *lines(source)) == name


def records(*, worked: bool, end: str = "/app/main.py:30") -> str:
    def entry(kind: str, text: str = "", place: str = "", how: str = "", *names: str) -> str:
        return json.dumps({"kind": kind, "text": text, "place": place, "how": how, "names": names})

    rows = [
        entry("handled", "KeyError: 'a'", "/app/other.py:3", "", "KeyError"),
        entry("handled", "ValueError: port", "/app/main.py:4", "", "ValueError"),
        entry("handled", "ImportError: x", "/app/main.py:9", "", "ImportError"),
        *([entry("works")] if worked else []),
        entry("exit", "", end, "sys.exit(7)"),
    ]
    return "\n".join(rows)


def decides_line(number: int) -> object:
    return lambda _path, raised, _ended: "ok" if number in raised else ""


@pytest.mark.parametrize(
    ("end", "line", "last"),
    [
        ("/app/main.py:30", 4, "ValueError: port"),
        ("/app/main.py:30", 9, "ImportError: x"),
        ("/app/main.py:30", 3, ""),
        ("/app/end.py:30", 4, ""),
        ("node", 4, ""),
    ],
)
def test_only_what_its_own_file_links_is_taken_and_whatever_came_between(
    end: str, line: int, last: str
) -> None:
    ending = chosen_end(records(worked=True, end=end))
    found = ending and linked(ending, decides_line(line))  # type: ignore[arg-type] # a function

    assert (found.last if found else "") == last
    if found:
        assert found.words.endswith(f"ok tells of it, and sys.exit(7) at {end} depends on that")


def test_what_is_linked_is_read_as_if_it_had_been_told_and_proves_nothing() -> None:
    silent = case("python /app/main.py", files=SERVER)
    kept = Swallowed(
        "ModuleNotFoundError: No module named 'psycopg2'", frozenset({"ImportError"}),
        "/app/main.py:4", "sys.exit(7)", "ok tells of it",
    )  # fmt: skip
    silent.seen = Seen(swallowed=kept)
    found = judge(silent)

    assert (found.cause, found.verdict) == ("python-module-missing", "likely")
    assert "psycopg2" in found.text


@pytest.mark.parametrize(("name", "is_told"), [("ValueError", True), ("ImportError", False)])
def test_an_end_that_nothing_links_names_the_last_exception_and_blames_none(
    name: str, *, is_told: bool
) -> None:
    before = Swallowed(f"{name}: port", frozenset({name}), "/app/main.py:4", "")
    found = judge(
        case(files=SERVER, ending=Ending("/app/main.py:30", "sys.exit(7)", (), (before,)))
    )

    assert (found.cause, found.verdict) == ("ends-itself", "likely")
    assert f"{name}: port" not in found.text
    assert (f"{name}: port, at /app/main.py:4" in found.evidence[0].found) is is_told


def test_a_job_that_ends_with_0_after_an_exception_is_well() -> None:
    done = case("python /app/main.py", files=SERVER, exit_code=0)
    done.seen = Seen(
        swallowed=Swallowed(
            "json.decoder.JSONDecodeError: x", frozenset({"ValueError"}), "a:1", "sys.exit(0)", "ok"
        )
    )

    assert judge(done).verdict == "healthy"
