"""An address that a link or a Service puts into NAME_PORT is told from a setting that is wrong."""

from typing import Any

import pods
import pytest
from recorded import case

from examples import said
from scaffolder.diagnose.verdict.judge import judge

ADDRESS = "tcp://172.17.0.8:6379"
LINE = f"ValueError: invalid literal for int() with base 10: '{ADDRESS}'"
NAMED = f"invalid port: REDIS_PORT must be a number, got {ADDRESS}"
REDIS = {"links": ("redis",)}


@pytest.mark.parametrize(
    ("log", "config", "verdict", "words", "fix"),
    [
        (NAMED, REDIS, "proven", f"takes REDIS_PORT for a number, and it is {ADDRESS}, which the link redis sets", "leave --link out"),
        (LINE, REDIS, "likely", "takes REDIS_PORT for a number", "-e REDIS_PORT=6379"),
        (LINE, {"links": ("redis", "db")}, "likely", "which one of its links (redis, db) sets", "leave --link out"),
        (NAMED, {"links": ("db", "redis")}, "proven", "the link redis", "leave --link out"),
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
        (NAMED, {"links": ("db",)}),
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
