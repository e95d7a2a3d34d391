"""A copy whose logger tells all: which variables it gets, and what of its output tells why."""

from typing import Any

import pytest
from recorded import case, elf, program

from scaffolder.diagnose.verdict.copies import Outcome
from scaffolder.diagnose.verdict.levels import louder
from scaffolder.diagnose.verdict.revealed import revealed

RUST = elf(text=b"/rustc/abc/library\0RUST_LOGinvalid directive\0")
NODE = {"/usr/bin/node": program(elf())}


def asked(text: bytes | str, **config: Any) -> dict[str, str]:  # noqa: ANN401 - as a config has them
    """Return the variables with which a silent program that has a text is to say more."""
    files: dict[str, Any] = {"/server": program(text)}
    command = "/server"
    if isinstance(text, str):
        files, command = {**NODE, "/app.js": program(text)}, "node /app.js"
    of = case(command, files=files, exit_code=1, config=config)
    factors = list(louder(of))
    assert len(factors) <= 1
    return {name: v for f in factors for name, v in f.config.env.items() if name not in of.config.env or of.config.env[name] != v}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "env", "given"),
    [
        (RUST, {}, {"RUST_LOG": "debug"}),
        (RUST, {"RUST_LOG": "off"}, {"RUST_LOG": "debug"}),
        (RUST, {"RUST_LOG": "info,app=trace"}, {}),
        (elf(text=b"/rustc/abc/library\0RUST_LOGGER\0CATALOG\0"), {}, {}),
        ("log(process.env.APP_LOG_LEVEL || 'silent')", {}, {"APP_LOG_LEVEL": "debug"}),
        ("if (process.env.DEBUG) log()", {}, {"DEBUG": "1"}),
        ("const DEBUGGER_PORT = 1", {}, {}),
    ],
)
def test_a_silent_program_gets_the_level_that_it_reads(
    text: bytes | str, env: dict[str, str], given: dict[str, str]
) -> None:
    assert asked(text, env=env) == given


@pytest.mark.parametrize("log", ["", "Fatal error loading the DB"])
def test_a_silent_redis_is_told_to_log_to_its_output(log: str) -> None:
    server = "/usr/bin/redis-server"
    of = case(f"{server} /etc/redis.conf", log, files={server: program(elf())})
    (first, *_) = [*louder(of), None]

    assert (first is None) is bool(log)
    if first:
        given = ("--loglevel", "notice", "--logfile", "")
        assert first.config.command == (server, "/etc/redis.conf", *given)
        assert first.reveals == "log-unwritten"


def test_a_program_that_speaks_is_not_asked_for_more() -> None:
    of = case("/server", files={"/server": program(RUST)}, exit_code=1, log="no queue")

    assert not list(louder(of))


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("[DEBUG] begins\n[WARN  app] there is no queue for a\n[DEBUG] bye\n", "there is no queue"),
        ("[DEBUG] begins\n[ERROR] cannot begin\n", "cannot begin"),
        ("[DEBUG] begins\n[DEBUG] bye\n", ""),
    ],
)
def test_what_warns_or_fails_is_what_a_level_hid(output: str, words: str) -> None:
    of = case("/server", files={"/server": program(RUST)}, exit_code=1)
    same = Outcome(alive=False, exit_code=1, text="")
    (factor,) = louder(of)
    found = revealed(of, factor, Outcome(alive=False, exit_code=1, text=output), same, [])

    assert (found is not None) is bool(words)
    assert found is None or (found.cause == "log-unwritten" and words in found.text)
    assert found is None or not found.proves
