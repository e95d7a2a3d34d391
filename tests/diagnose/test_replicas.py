"""A neighbour that is a replica refuses what is written to it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from recorded import NOW, case

from examples import RUNNING, SERVER, STARTED
from scaffolder.diagnose.evidence.facts import Neighbour, Socket
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.unchanged import take_in

STORE = Neighbour(
    "store-b", "running", networks=("net",), names=("store-b",), started=NOW - timedelta(hours=1)
)
FIRST = replace(STORE, name="store-a", names=("store-a", "172.18.0.9"))
OF_FIRST = ("redis-server", "--replicaof", "172.18.0.9", "6379")
ASKS = f"{STARTED}C\t1\t7\t7\tsendto\t0\tn=store-b\nX\t2\t7\t1\t0"
FOLLOWS, LEADS = "1:S * Connecting to MASTER store-a:6379", "1:M * MASTER MODE enabled"
STANDBY, OPEN = (
    "LOG:  entering standby mode",
    "LOG:  database system is ready to accept connections",
)
READONLY = "redis.exceptions.ReadOnlyError: You can't write against a read only replica."


def found(store: Neighbour, log: str = "", lines: tuple[str, ...] = (), trace: str = ASKS) -> Any:  # noqa: ANN401 - a judgement
    dated = tuple(
        ("store-b", NOW - timedelta(minutes=30 - at), text) for at, text in enumerate(lines)
    )
    of = case(
        files=SERVER,
        log=log,
        trace=trace,
        config={"networks": {"net": ""}, "env": {"STORE_URL": "redis://store-b:6379"}},
        sources={"around": (store, FIRST), "dated": dated},
    )
    take_in(of, of.seen)
    return judge(of)


@pytest.mark.parametrize(
    ("changes", "lines", "primary"),
    [
        ({"command": OF_FIRST}, (), "store-a"),
        ({"command": ("redis-server", "--replicaof 172.18.0.9 6379")}, (), "store-a"),
        ({}, (FOLLOWS, "1:S * Done loading RDB"), "store-a"),
        ({"env": {"REDIS_REPLICATION_MODE": "replica", "REDIS_MASTER_HOST": "store-a"}}, (), "store-a"),
        ({}, (STANDBY, "LOG:  database system is ready to accept read-only connections"), ""),
        ({"command": ("mysqld", "--read-only")}, (), ""),
    ],
)  # fmt: skip
def test_a_replica_that_a_silent_program_asked_is_told(
    changes: dict[str, Any], lines: tuple[str, ...], primary: str
) -> None:
    told = found(replace(STORE, **changes), lines=lines)

    assert (told.verdict, told.cause) == ("likely", "peer-refuses")
    assert f"a read-only replica{f' of {primary}' if primary else ''}," in told.text
    assert f"point STORE_URL at {primary or 'the primary'}" in told.fix


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"command": ("redis-server", "--port", "6379")}, ()),
        ({"command": (*OF_FIRST, "--replica-read-only", "no")}, ()),
        ({"command": OF_FIRST}, (FOLLOWS, LEADS)),
        ({}, (STANDBY, "LOG:  archive recovery complete", OPEN)),
        ({"command": ("mysqld", "--read-only=OFF")}, ()),
        ({"env": {"REDIS_REPLICATION_MODE": "master"}}, ()),
    ],
    ids=["alone", "writable", "promoted", "recovered", "off", "the primary"],
)
def test_what_takes_writes_is_no_replica(changes: dict[str, Any], lines: tuple[str, ...]) -> None:
    assert (
        "what matters is what store-b answers" in found(replace(STORE, **changes), lines=lines).text
    )


def test_another_refusal_comes_before() -> None:
    told = found(replace(STORE, command=OF_FIRST), lines=())
    refused = (FOLLOWS, "FATAL:  password authentication failed")
    of = replace(STORE, started=NOW - timedelta(seconds=62))
    dated = tuple(("store-b", NOW - timedelta(seconds=59.5), text) for text in refused)
    other = case(
        files=SERVER, trace=ASKS, config={"networks": {"net": ""}},
        sources={"around": (of,), "dated": dated},
    )  # fmt: skip
    take_in(other, other.seen)

    assert "replica" in told.text
    assert "password authentication failed" in judge(other).text


def test_words_of_a_replica_and_its_settings_agree() -> None:
    sure = found(replace(STORE, command=OF_FIRST), READONLY, trace="")
    alone = found(STORE, READONLY, trace="")

    assert (sure.verdict, sure.cause) == ("proven", "peer-read-only")
    assert "store-b runs, and is a read-only replica of store-a" in sure.text
    assert (alone.verdict, alone.cause) == ("likely", "peer-read-only")


def test_a_service_that_goes_on_after_such_an_answer_is_well() -> None:
    sources = {"around": (replace(STORE, command=OF_FIRST),), "listening": (Socket("0.0.0.0", 80),)}
    config = {"networks": {"net": ""}, "env": {"STORE_URL": "redis://store-b:6379"}}
    of = case(files=SERVER, log=READONLY, state=RUNNING, config=config, sources=sources)

    assert judge(of).verdict == "healthy"
