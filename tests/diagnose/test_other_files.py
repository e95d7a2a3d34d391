"""Files that are there, and not what they are taken for: pointers, other modules, modules to load."""

from typing import Any

import pytest
from recorded import File, case

from examples import SERVER, STATIC, py, tried
from scaffolder.diagnose.evidence.swallowed import Ending
from scaffolder.diagnose.verdict.judge import judge

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 132\n"
OPENED = "openat\t3\tp=/srv/model.bin\tx=0"


@pytest.mark.parametrize(
    ("content", "call", "is_pointer"),
    [
        (POINTER, OPENED, True),
        (b"\0\1model", OPENED, False),
        (POINTER + 2000 * b"x", OPENED, False),
        (POINTER, "openat\t3\tp=/srv/other.bin\tx=0", False),
    ],
    ids=["pointer", "data", "about-pointers", "not-read"],
)
def test_a_pointer_of_git_lfs_that_a_program_reads_is_named(
    content: bytes, call: str, *, is_pointer: bool
) -> None:
    found = judge(case(**tried(call, files={**SERVER, "/srv/model.bin": File(content)})))

    assert (found.cause == "lfs-pointer") == is_pointer


@pytest.mark.parametrize(
    ("path", "is_own"), [("/usr/src/app/x.bin", True), ("/usr/lib/x.bin", False)]
)
def test_a_program_may_be_in_usr_src_and_what_is_of_the_system_is_not_read(
    path: str, *, is_own: bool
) -> None:
    example = tried(f"openat\t3\tp={path}\tx=0", files={**SERVER, path: File(POINTER)})

    assert (judge(case(**example)).cause == "lfs-pointer") == is_own


def test_a_pointer_that_the_command_names_is_found_without_a_copy() -> None:
    files = {**SERVER, "/srv/model.bin": File(POINTER)}

    assert judge(case("/app/server /srv/model.bin", files=files)).cause == "lfs-pointer"


SAYS = "AttributeError: module 'queue' has no attribute 'Queue'"


@pytest.mark.parametrize(
    ("log", "files", "is_shadowed"),
    [
        (SAYS, {"/app/queue.py": File(b"")}, True),
        (SAYS, {"/app/queue/__init__.py": File(b"")}, True),
        ("ImportError: cannot import name 'X' from partially initialized module 'json'", {"/app/json.py": File(b"")}, True),
        (SAYS, {}, False),
        (SAYS, {"/srv/queue.py": File(b"")}, False),
        (SAYS.replace("queue", "orders"), {"/app/orders.py": File(b"")}, False),
        ("KeyError: 'queue'", {"/app/queue.py": File(b"")}, False),
    ],
    ids=["module", "package", "half-loaded", "none", "elsewhere", "its-own", "unused"],
)  # fmt: skip
def test_a_module_in_the_place_of_one_of_pythons_own_is_named(
    log: str, files: dict[str, File], *, is_shadowed: bool
) -> None:
    found = judge(case(**py("import queue\n", log=log, files=files)))

    assert (found.cause == "module-shadowed") == is_shadowed


def test_one_that_a_silent_program_does_without_is_named_too() -> None:
    ending = Ending("/app/main.py:9", "sys.exit(69)", ("email.parser",))
    silent = py("import urllib\n", files={"/app/email.py": File(b"")}, ending=ending)

    assert judge(case(**silent)).cause == "module-shadowed"


@pytest.mark.parametrize(("path", "is_shadowed"), [("/lib/a:/opt/plugins/", True), ("", False)])
def test_one_in_a_directory_of_pythonpath_comes_before_the_library_too(
    path: str, *, is_shadowed: bool
) -> None:
    ending = Ending("/app/main.py:9", "sys.exit(69)", ("email.parser",))
    silent = py("import urllib\n", files={"/opt/plugins/email.py": File(b"")}, ending=ending)
    found = judge(case(**silent, config={"env": {"PYTHONPATH": path}}))

    assert (found.cause == "module-shadowed") is is_shadowed
    assert not is_shadowed or "/opt/plugins/, which PYTHONPATH names, comes first" in found.text


GUARDED = "const app = make()\nif (require.main === module) {\n  app.listen(8080)\n}\nmodule.exports = app\n"
LISTENS = (
    "P\t0\t7\t/usr/local/bin/node\tnode\\x00\nC\t1\t7\t7\tlisten\t0\tf=3:socket:[9]\nX\t2\t7\t0\t0"
)


def node(start: str, server: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    """Return a container that runs `start`, which may load `server`, and ends with 0."""
    scripts = {"/app/start.js": File(start.encode()), "/app/server.js": File(server.encode())}
    files = {"/usr/local/bin/node": STATIC, **scripts}
    return {"command": "node /app/start.js", "exit_code": 0, "files": files, **more}


@pytest.mark.parametrize(
    ("example", "is_guarded"),
    [
        (node("require('./server')\n", GUARDED), True),
        (node("const { app } = require('./server.js')\n", GUARDED.replace("require.main === module", "!module.parent")), True),
        (node("require('express')\n", GUARDED), False),
        (node("require('./server')\n", "app.listen(8080)\n"), False),
        (node("require('./server')\n", GUARDED.replace("app.listen(8080)", "selfTest()")), False),
        (node("require('./server')\n", GUARDED, exit_code=1), False),
        (node("require('./server').listen(1)\n", GUARDED, trace=LISTENS), False),
    ],
    ids=["loaded", "older", "another", "unguarded", "a-test", "failed", "listened"],
)  # fmt: skip
def test_a_module_that_serves_only_when_it_is_started_itself_is_named(
    example: dict[str, Any], *, is_guarded: bool
) -> None:
    assert (judge(case(**example)).cause == "main-guard") == is_guarded
