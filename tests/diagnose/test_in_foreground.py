"""Programs that go into the background: which setting of theirs has them stay."""

from typing import Any

import pytest
from recorded import File, case, program

from examples import HTTP, SERVER, STARTED
from scaffolder.diagnose.evidence.last_steps import outlived
from scaffolder.diagnose.evidence.trace_records import read
from scaffolder.diagnose.verdict.factors import factors
from scaffolder.diagnose.verdict.in_foreground import in_foreground
from scaffolder.diagnose.verdict.judge import judge

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


def test_who_ends_over_a_port_in_use_has_not_moved_into_the_background() -> None:
    beside = "N\t1\t9\t7\nP\t1\t9\t/bin/nc\tnc\\x00-lk\\x009090\\x00\n"
    refused = "C\t500\t7\t7\tbind\t-98\ta=inet:0.0.0.0:9090\tf=3:socket:[9]\n"
    end = "X\t501\t7\t0\t0\tbind=-98"

    assert outlived(read(f"{STARTED}{beside}{end}"))
    assert outlived(read(f"{STARTED}{beside}{refused}{end}")) is None


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("execve\t-2\tp=/bin/convertx", "what it tried last failed: execve('/bin/convertx')"),
        ("openat\t3\tp=/etc/a.conf\tx=0", "nothing keeps it running"),
    ],
)
def test_what_a_server_tried_last_is_told_where_it_ends_with_0(call: str, words: str) -> None:
    child = f"N\t1\t9\t7\nC\t2\t9\t9\t{call}\nX\t3\t9\t{127 if '-2' in call else 0}\t0\n"
    of = case(
        files=SERVER, exit_code=0, config={"published": HTTP}, trace=f"{STARTED}{child}X\t9\t7\t0\t0"
    )  # fmt: skip
    found = judge(of)

    assert found.cause == "nothing-keeps-it"
    assert words in found.text
