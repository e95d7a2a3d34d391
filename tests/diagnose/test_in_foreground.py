"""Programs that go into the background: which setting of theirs has them stay."""

from typing import Any

import pytest
from recorded import File, case, program

from examples import SERVER, STARTED
from scaffolder.diagnose.verdict.factors import factors
from scaffolder.diagnose.verdict.in_foreground import in_foreground

MOVED = "N\t2\t8\t7\nP\t2\t8\t/app/server\t/app/server\\x00\nX\t9\t7\t0\t0"


def left(
    content: str,
    source: str = "read(CONF);\n",
    env: dict[str, str] | None = None,
    trace: str = MOVED,
) -> dict[str, Any]:
    """Return a container whose copy read a file of settings, and left a process behind."""
    opened = "C\t1\t7\t7\topenat\t3\tp=/etc/app.conf\tx=0\n"
    script = program(f"#!/usr/bin/perl\n{source}")
    files = {**SERVER, "/app/server": script, "/usr/bin/perl": SERVER["/app/server"]}
    return {
        "files": {**files, "/etc/app.conf": File(content.encode())},
        "config": {"env": env or {}},
        "trace": f"{STARTED}{opened}{trace}",
        "exit_code": 0,
    }


@pytest.mark.parametrize(
    ("content", "new"),
    [
        ("port = 1\nbackground = yes\n", "port = 1\nbackground = no\n"),
        ("daemonize: True\n", "daemonize: False\n"),
        ("foreground = off\n", "foreground = on\n"),
        ("nodaemon=false\n", "nodaemon=true\n"),
        ("run_as_daemon = 1\n", "run_as_daemon = 0\n"),
    ],
)
def test_a_copy_gets_the_other_answer(content: str, new: str) -> None:
    (factor,) = in_foreground(case(**left(content)))

    assert factor.files == {"/etc/app.conf": new.encode()}
    assert factor.cure
    assert factor.cure.proves
    assert "into the background" in factor.cure.text


@pytest.mark.parametrize(
    "content",
    ["background = no\n", "foreground = yes\n", "background = #202020\n", "port = 1\n"],
    ids=["stays", "is-to-stay", "a-color", "nothing"],
)
def test_what_has_it_stay_or_is_no_answer_is_left_alone(content: str) -> None:
    assert list(in_foreground(case(**left(content)))) == []


def test_a_variable_is_answered_as_well() -> None:
    (factor,) = in_foreground(case(**left("port = 1\n", env={"APP_DAEMON": "true"})))

    assert factor.config.env["APP_DAEMON"] == "false"


def test_a_misspelled_key_that_is_to_have_it_stay_is_renamed_and_no_other() -> None:
    source = "fork() unless $conf{'foreground'}; wait_for($conf{'interval'});\n"
    (factor,) = in_foreground(case(**left("foregound = yes\nintervall = 3\n", source)))

    assert factor.files == {"/etc/app.conf": b"foreground = yes\nintervall = 3\n"}


def test_nothing_else_is_tried_of_what_has_gone_into_the_background() -> None:
    env = {"LEVEL": "verbose"}
    gone = [each.name for each in factors(case(**left("background = yes\n", env=env)))]
    ended = [
        each.name
        for each in factors(case(**left("background = yes\n", env=env, trace="X\t9\t7\t1\t0")))
    ]

    assert gone == ["no as background in /etc/app.conf"]
    assert "no as background in /etc/app.conf" not in ended
