"""An address that a link or a Service puts into NAME_PORT is told from a setting that is wrong."""

from typing import Any

import pods
import pytest
from recorded import case, elf, program

from examples import said
from scaffolder.diagnose.causes.reaching.peers import find, known
from scaffolder.diagnose.evidence.facts import Neighbour, Socket
from scaffolder.diagnose.verdict.judge import judge

ADDRESS = "tcp://172.17.0.8:6379"
LINE = f"ValueError: invalid literal for int() with base 10: '{ADDRESS}'"
NAMED = f"invalid port: REDIS_PORT must be a number, got {ADDRESS}"
REDIS = {"links": {"redis": "redis"}}


@pytest.mark.parametrize(
    ("log", "config", "verdict", "words", "fix"),
    [
        (NAMED, REDIS, "proven", f"takes REDIS_PORT for a number, and it is {ADDRESS}, which the link redis sets", "leave --link out"),
        (LINE, REDIS, "likely", "takes REDIS_PORT for a number", "-e REDIS_PORT=6379"),
        (LINE, {"links": {"redis": "redis", "db": "db"}}, "likely", "which one of its links (redis, db) sets", "leave --link out"),
        (NAMED, {"links": {"db": "db", "redis": "redis"}}, "proven", "the link redis", "leave --link out"),
        (LINE, {"env": {"REDIS_PORT": ADDRESS}}, "proven", f"takes REDIS_PORT for a number, and it is {ADDRESS}:", "enableServiceLinks: false"),
    ],
)  # fmt: skip
def test_what_sets_the_variable_is_told_and_how_to_be_without_it(
    log: str, config: dict[str, Any], verdict: str, words: str, fix: str
) -> None:
    found = judge(case(**said(log, config=config)))

    assert (found.cause, found.verdict) == ("service-variable", verdict), found
    assert words in found.text
    assert fix in found.fix


@pytest.mark.parametrize(
    ("log", "config"),
    [
        (NAMED, {}),
        (NAMED, {"links": {"db": "db"}}),
        (f"Cannot connect to {ADDRESS}: connection refused", REDIS),
        (f"dial {ADDRESS}: invalid response", REDIS),
        ("invalid port: REDIS_PORT must be a number, got 6379x", REDIS),
        (f"listening beside {ADDRESS}\nFATAL: the moon is full", REDIS),
    ],
    ids=["nobody-sets-it", "another-link", "refused", "dialled", "another-value", "no-failure"],
)
def test_another_value_or_an_address_that_is_used_is_something_else(
    log: str, config: dict[str, Any]
) -> None:
    assert judge(case(**said(log, config=config))).cause != "service-variable"


NODE = "#!/usr/bin/env node\nconst host = process.env.REDIS_HOST || 'redis'\n"
PORT = NODE + "const port = Number(process.env.REDIS_PORT || 6379)\n"
LINKED = {"links": {"redis": "redis-1"}}


@pytest.mark.parametrize(
    ("text", "config", "words"),
    [
        (PORT, LINKED, "reads REDIS_PORT, which the link redis sets to tcp://ADDRESS:PORT"),
        (NODE + "open(process.env.REDIS_NAME)", LINKED, "sets to /orders/redis"),
        (PORT, {"links": {"db": "db", "redis": "redis"}}, "the link redis"),
        (PORT, {}, ""),
        (PORT, {"links": {"db": "db"}}, ""),
        (PORT, {**LINKED, "env": {"REDIS_PORT": "6379"}}, ""),
        (NODE, LINKED, ""),
        (PORT.replace("REDIS_PORT", "MY_REDIS_PORT"), LINKED, ""),
        (PORT + "process.env.REDIS_PORT_6379_TCP_ADDR", LINKED, ""),
    ],
)
@pytest.mark.parametrize("log", ["", "ConnectionError: cannot reach the cache"])
def test_a_silent_program_that_reads_what_a_link_sets_is_told(
    text: str, config: dict[str, Any], words: str, log: str
) -> None:
    files = {"/app/serve": program(text), "/usr/bin/node": program(elf())}
    sources = {"peers": {"redis-1": (Socket("0.0.0.0", 6379),)}}
    settings = {**config, "env": {"PATH": "/usr/bin", **config.get("env", {})}}
    found = judge(case("/app/serve", log, files=files, config=settings, sources=sources))

    assert (found.cause == "link-variable") == bool(words and not log), found
    assert found.verdict != "proven"
    if words and not log:
        assert words in found.text
        assert "-e REDIS_" in found.fix
        assert ("-e REDIS_PORT=6379" in found.fix) == (config is LINKED and text == PORT)


def test_a_name_that_a_link_gives_is_known_on_the_default_bridge() -> None:
    redis = Neighbour("redis-1", "running", networks=("bridge",), names=("redis-1",))
    of = case(config={**LINKED, "networks": {"bridge": ""}}, sources={"around": (redis,)})
    plain = case(config={"networks": {"bridge": ""}}, sources={"around": (redis,)})

    assert known(of, "redis") == known(of, "redis-1") == find(of, "redis") == redis
    assert known(of, "other") is None
    assert known(plain, "redis") is None
    assert known(plain, "redis-1") is None


@pytest.mark.parametrize(
    ("spec", "cause"),
    [
        ({}, "service-variable"),
        ({"enableServiceLinks": True}, "service-variable"),
        ({"enableServiceLinks": False}, "config-malformed"),
    ],
)
def test_a_pod_gets_them_for_each_service_unless_told_otherwise(
    spec: dict[str, Any], cause: str
) -> None:
    ended = pods.status(pods.BACKOFF, pods.terminated(1), 3)
    found = judge(pods.case(pods.pod(ended, spec=spec), log=NAMED))

    assert (found.cause, found.verdict) == (cause, "likely"), found
    if cause == "service-variable":
        assert "which a Service of the namespace sets" in found.text
        assert "enableServiceLinks: false in" in found.fix
        assert "--link" not in found.fix
