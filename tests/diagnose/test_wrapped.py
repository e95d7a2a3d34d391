"""An exception of a program's own that only tells that something failed before it."""

import re
from dataclasses import replace
from typing import Any

import pytest
from recorded import File, case

from examples import SERVER, STARTED
from scaffolder.diagnose.evidence.swallowed import Swallowed
from scaffolder.diagnose.verdict.judge import judge

NODE_STACK = "\n    at Socket.<anonymous> (/srv/relay.js:14:34)\n    at emitErrorNT (node:internal/streams/destroy:169:8)"
MISSING = "openat\t-2\tp=/app/locales/de.json\tx=0"
FOUND = ("openat\t3\tp=/app/locales/en.json\tx=0", "openat\t3\tp=/app/locales/fr.json\tx=0")


def told(
    *calls: str,
    name: str = "Error",
    stack: str = "",
    gap: int = 300,
    **more: Any,  # noqa: ANN401 - of a case
) -> dict[str, Any]:
    """Return a container whose copy did these things, and ended over an exception of its own."""
    records = "".join(f"C\t{at * gap}\t7\t7\t{call}\n" for at, call in enumerate(calls))
    kept = Swallowed(f"{name}: not ready{stack}", frozenset({name}), "/app/main:3", "exit(1)")
    trace = f"{STARTED}{records}X\t9000\t7\t1\t0"
    return {"files": SERVER, "trace": trace, "swallowed": kept, **more}


LOOKUP = "resolve\t0\tn=broker.internal"


@pytest.mark.parametrize(
    "kept",
    [
        told(LOOKUP, LOOKUP, LOOKUP),
        told(LOOKUP, stack=NODE_STACK),
    ],
    ids=["asked again and again", "made upon the error of a socket"],
)
def test_whom_a_program_insisted_on_is_told_instead_of_its_own_words(kept: dict[str, Any]) -> None:
    found = judge(case(**kept))

    assert found.cause == "peer-unreachable-silent"
    assert "broker.internal" in found.text


@pytest.mark.parametrize(
    "calls", [(MISSING, *FOUND), (*FOUND, MISSING), (FOUND[0], MISSING, FOUND[1])]
)
def test_the_one_that_lacks_of_several_files_of_a_kind_is_told(calls: tuple[str, ...]) -> None:
    found = judge(case(**told(*calls)))

    assert found.cause == "file-missing"
    assert "/app/locales/de.json" in found.text


@pytest.mark.parametrize(
    "kept",
    [
        told(LOOKUP),
        told(LOOKUP, LOOKUP, LOOKUP, name="ValueError"),
        told(MISSING, FOUND[0]),
        told(*FOUND, MISSING, name="KeyError"),
        told(*FOUND, MISSING, FOUND[0].replace("en.json", "de.json")),
        told(*FOUND, MISSING.replace("/app/locales", "/etc")),
    ],
    ids=[
        "asked once", "about what it has", "one other file", "of data", "found at last", "elsewhere",
    ],
)  # fmt: skip
def test_an_exception_that_may_be_about_something_else_stays_first(kept: dict[str, Any]) -> None:
    found = judge(case(**kept))

    assert found.cause not in {"peer-unreachable-silent", "file-missing"}


LISTED = "openat\t3\tp=/srv/changes\tx=90800"


def test_an_exception_after_a_directory_was_read_names_what_is_in_it() -> None:
    files = {**SERVER, "/srv/changes/README": File(b"x")}
    found = judge(case(**told(LISTED, name="MigrationError", files=files)))
    of_data = judge(case(**told(LISTED, name="KeyError", files=files)))

    assert found.cause == "reads-last"
    assert "over `MigrationError: not ready`" in found.text
    assert "which has README" in found.text
    assert of_data.cause != "reads-last"


def test_a_call_that_a_rule_forbids_is_what_an_exception_is_about() -> None:
    forbidden = told("add_key\t-1\tp=user", name="KeyringError")
    optional = told("openat\t-1\tp=/etc/x.conf\tx=0", name="KeyringError")

    assert judge(case(**forbidden)).cause == "seccomp-refuses"
    assert judge(case(**optional)).cause not in {"seccomp-refuses", "capability-missing"}


@pytest.mark.parametrize(
    ("call", "later", "is_told"),
    [
        ("openat\t-2\tp=/data/app.db\tx=42", (), True),
        ("openat\t-2\tp=/data/app.db\tx=42", (FOUND[0],), True),
        ("openat\t-13\tp=/data/app.db\tx=42", (), True),
        ("openat\t-2\tp=/data/app.db\tx=42", ("openat\t-2\tp=/data/app.db\tx=0",), True),
        ("openat\t-2\tp=/data/app.db\tx=42", ("openat\t3\tp=/data/app.db\tx=42",), False),
        ("openat\t-4\tp=/data/app.db\tx=42", (), False),
    ],
    ids=[
        "missing",
        "its sources are read then",
        "refused",
        "read at least",
        "found at last",
        "interrupted",
    ],
)
def test_the_database_that_sqlite_cannot_open_is_named(
    call: str, later: tuple[str, ...], *, is_told: bool
) -> None:
    kept = told(call, *later, name="OperationalError: unable to open database file; Error")
    kept["swallowed"] = replace(kept["swallowed"], names=frozenset({"OperationalError"}))

    assert bool(re.search(r"/data(?:/app.db)?\b", judge(case(**kept)).text)) is is_told


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        ("Died at /ws.pl line 4.", True),
        ("RuntimeError", True),
        ("java.lang.IllegalStateException", False),
        ("RuntimeError: quota exceeded", False),
        ("quota exceeded at /ws.pl line 4.", False),
    ],
)
def test_an_end_without_a_reason_is_over_the_call_that_failed_last(
    text: str, *, is_told: bool
) -> None:
    kept = told("chdir\t-2\tp=/srv/www/data")
    kept["swallowed"] = replace(kept["swallowed"], text=text)

    assert ("/srv/www/data" in judge(case(**kept)).text) is is_told
