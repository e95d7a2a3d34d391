"""Copies that know the addresses of their neighbours, and show which port they ask for."""

from dataclasses import replace
from typing import Any, cast

import pytest
from recorded import NOW, case

from examples import SERVER, STARTED
from scaffolder.diagnose.evidence.config import Config
from scaffolder.diagnose.evidence.facts import Connection, Neighbour, Socket
from scaffolder.diagnose.evidence.seen import Seen
from scaffolder.diagnose.verdict import resolving
from scaffolder.diagnose.verdict.copies import Outcome
from scaffolder.diagnose.verdict.factor import Factor
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.unchanged import take_in

CACHE = Neighbour(
    "cache-1", "running", networks=("net",), names=("cache-1", "cache", "172.18.0.2"),
    started=NOW.replace(year=NOW.year - 1),
)  # fmt: skip
LOOKS_UP = f"{STARTED}C\t1\t7\t7\tresolve\t0\tn=cache\nX\t2\t7\t1\t0"
CONNECTS = (
    f"{STARTED}C\t1\t7\t7\tconnect\t-101\ta=inet:172.18.0.2:6380\tf=3:socket:[9]\nX\t2\t7\t1\t0"
)
ELSEWHERE = f"{STARTED}C\t1\t7\t7\tresolve\t0\tn=queue\nX\t2\t7\t1\t0"


def looked_up(*around: Neighbour, **more: Any) -> Any:  # noqa: ANN401 - a case
    sources = {"around": around, "peers": {"cache-1": (Socket("0.0.0.0", 6379),)}}
    config = {"networks": {"net": "172.18.0.3"}, **more.pop("config", {})}
    of = case(**{"files": SERVER, "trace": LOOKS_UP, "config": config, "sources": sources} | more)
    take_in(of, of.seen)
    return of


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Config]:
    """Have each copy do what a program does that is told an address; return what copies got."""
    given: list[Config] = []

    def run(_engine: object, of: Any, factor: Factor, _tracer: object) -> Outcome:  # noqa: ANN401
        given.append(factor.config)
        does = CONNECTS if any("cache:" in host for host in factor.config.hosts) else LOOKS_UP
        return Outcome(
            alive=False, exit_code=of.exit_code, text="", trace=case(trace=does).seen.trace
        )

    monkeypatch.setattr(resolving, "run", run)
    monkeypatch.setattr(resolving, "tracer_for", lambda _case: None)
    return given


def same(of: Any) -> Outcome:  # noqa: ANN401 - a case
    return Outcome(alive=False, exit_code=of.exit_code, text="", trace=of.seen.trace)


def test_the_port_that_nobody_listens_on_is_told(ran: list[Config]) -> None:
    of = looked_up(CACHE)
    before = judge(of).text
    resolving.with_addresses(cast("Any", None), of, same(of))

    assert "a copy gets no further than to ask for cache," in before
    assert set(ran[0].hosts) == {"cache:172.18.0.2", "cache-1:172.18.0.2"}
    assert "cache:6380 refuses connections" in judge(of).text
    assert "it listens on 6379" in judge(of).text


@pytest.mark.parametrize(
    ("around", "config"),
    [
        (replace(CACHE, status="exited"), {}),
        (replace(CACHE, networks=("other",)), {}),
        (replace(CACHE, names=("cache",)), {}),
        (CACHE, {"networks": {"bridge": ""}}),
        (CACHE, {"hosts": ("cache:10.0.0.1",)}),
    ],
    ids=["ended", "another network", "no address", "the default network", "a name of its own"],
)
def test_no_copy_is_told_an_address_that_the_container_did_not_know(
    around: Neighbour, config: dict[str, Any], ran: list[Config]
) -> None:
    of = looked_up(around, config=config)
    resolving.with_addresses(cast("Any", None), of, same(of))

    assert ran == []


def test_a_port_that_the_neighbour_listens_on_is_no_reason() -> None:
    of = looked_up(CACHE)
    take_in(of, Seen(case(trace=CONNECTS.replace("6380", "6379")).seen.trace))

    assert "refuses" not in judge(of).text
    assert "cache-1:6379" in judge(of).text


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        (Socket("0.0.0.0", 6500, unread=19), "has not read 19 bytes that it was sent"),
        (Socket("0.0.0.0", 6500, waiting=2), "has not accepted the connection"),
        (Socket("0.0.0.0", 6500), ""),
        (Socket("0.0.0.0", 7000, unread=19), ""),
    ],
)
@pytest.mark.parametrize("log", ["", "ready"])
def test_a_silent_program_waits_for_who_leaves_its_request_unread(
    theirs: Socket, words: str, log: str
) -> None:
    up = {"status": "running", "finished": None}
    connected = (Connection("172.18.0.2", 6500),)
    sources = {"around": (CACHE,), "connected": connected, "peers": {"cache-1": (theirs,)}}
    found = judge(case(files=SERVER, state=up, exit_code=0, log=log, sources=sources))

    is_told = bool(words) and not log
    assert (found.cause == "peer-unanswered") == is_told
    assert not is_told or words in found.text
