"""What a script checks, where it sets the variable itself."""

import pytest
from recorded import File, case, program

from scaffolder.diagnose.causes.shells.guards import script_guard
from scaffolder.diagnose.programs import shell


@pytest.mark.parametrize(
    ("line", "check", "env", "words"),
    [
        ("conf=/etc/a.conf", '[ -f "$conf" ]', {}, "/etc/a.conf does not exist"),
        ("conf='/etc/a.conf'  # mine", '[ -f "$conf" ]', {}, "/etc/a.conf does not exist"),
        ('CONF="${CONF:-/etc/a.conf}"', '[ -f "$CONF" ]', {}, "/etc/a.conf does not exist"),
        ('CONF="${CONF:-/a}"', '[ -f "$CONF" ]', {"CONF": "/b"}, "CONF names /b, which"),
        ("true", '[ -n "$CONF" ]', {}, "the environment variable CONF is not set"),
        ("conf=/etc", '[ -f "$conf" ]', {}, "/etc is a directory, with mode 0755"),
        ("conf=/etc/there.conf", '[ -f "$conf" ]', {}, ""),
        ("conf=$(find /etc -name a.conf)", '[ -f "$conf" ]', {}, ""),
        ("read conf < /etc/name", '[ -n "$conf" ]', {}, ""),
        ("conf=", '[ -n "$conf" ]', {}, ""),
    ],
)
def test_a_variable_that_a_script_sets_itself_is_not_said_to_be_missing(
    line: str, check: str, env: dict[str, str], words: str
) -> None:
    script = f"#!/bin/sh\n{line}\n{check} || exit 78\nexec server\n"
    files = {"/start.sh": program(script), "/etc/there.conf": File(b"x")}
    of = case(files=files, exit_code=78, config={"entrypoint": ("/start.sh",), "env": env})
    found = script_guard(of)

    assert bool(found) == bool(words), found
    assert found is None or found.text.startswith(words)


def test_what_a_script_sets_to_a_text_is_known_and_what_a_command_prints_is_not() -> None:
    script = "A=1\nexport B='$A x'\nC=\"$A/$D\"\nE=$(id)\nF=x command\n"

    assert shell.assigned(script, {"E": "old", "D": "d"}) == {
        "A": "1", "B": "$A x", "C": "1/d", "D": "d",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("script", "value"),
    [
        (': "${SPOOL:=/spool}"\n', "/spool"),
        (": ${SPOOL='/s p'}\n", "/s p"),
        (': "${SPOOL:=$HOME/x}"\n', "/root/x"),
        (': "${SPOOL:=$(mktemp)}"\n', None),
        ("echo ${SPOOL:-/spool}\n", None),
    ],
)
def test_a_variable_that_a_script_sets_where_it_is_not_is_known(
    script: str, value: str | None
) -> None:
    assert shell.assigned(script, {"HOME": "/root"}).get("SPOOL") == value
    assert shell.assigned(script, {"HOME": "/root", "SPOOL": "/own"})["SPOOL"] == "/own"


@pytest.mark.parametrize(
    ("begins", "check", "is_guard"),
    [
        ("set -e", '[ -n "$TOKEN" ]', True),
        ("set -eu\nset -o pipefail", '[ -r "$CONF" ]', True),
        ("set -e", "test -f /etc/none", True),
        ("true", '[ -n "$TOKEN" ]', False),
        ("set -e", '[ -n "$TOKEN" ] && echo', False),
        ("set -e", '    [ -n "$TOKEN" ]', False),
        ("set -e", '[ -z "$TOKEN" ]', False),
        ("set -e", "[ ! -f /etc/none ]", False),
    ],
)  # fmt: skip
def test_a_test_by_itself_ends_a_script_that_ends_over_any_failure(
    begins: str, check: str, *, is_guard: bool
) -> None:
    files = {"/start.sh": program(f"#!/bin/sh\n{begins}\n{check}\nexec server\n")}
    of = case(files=files, exit_code=1, config={"entrypoint": ("/start.sh",)})

    assert bool(script_guard(of)) is is_guard
