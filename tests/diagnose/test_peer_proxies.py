"""Requests to a neighbour that go through a proxy, and those that do not."""

from dataclasses import replace
from typing import Any

import pytest
from recorded import case

from examples import CACHE, SERVER, sh, tried
from scaffolder.diagnose.verdict.judge import judge

PROXY = {"HTTP_PROXY": "http://user:pw@proxy.example.org:3128"}
STOCK = {"STOCK_URL": "http://cache:6379/stock"}
ASKED = "resolve\t0\tn=proxy.example.org"


def found(env: dict[str, str], call: str = ASKED, **config: Any) -> str:  # noqa: ANN401 - of a case
    settings = {"env": env, "networks": {"net": ""}, **config}
    return judge(case(**tried(call, config=settings, sources={"around": (CACHE,)}))).cause


@pytest.mark.parametrize("proxy", [PROXY, {"all_proxy": "socks5://proxy.example.org:1080"}])
def test_a_neighbour_that_no_proxy_does_not_list_is_named(proxy: dict[str, str]) -> None:
    assert found({**proxy, **STOCK}) == "peer-proxied"
    assert found({**proxy, **STOCK, "NO_PROXY": "localhost,127.0.0.1"}) == "peer-proxied"


@pytest.mark.parametrize(
    "env",
    [
        {**PROXY, **STOCK, "NO_PROXY": "localhost,cache"},
        {**PROXY, **STOCK, "no_proxy": "*"},
        {**PROXY, "STOCK_URL": "http://stock.example.com/"},
        {**PROXY, "STOCK_URL": "redis://cache:6379/0"},
        PROXY,
        STOCK,
    ],
    ids=["listed", "all", "elsewhere", "no-http", "nobody", "no-proxy"],
)
def test_a_proxy_that_no_request_to_a_neighbour_takes_is_not_blamed(env: dict[str, str]) -> None:
    assert found(env) != "peer-proxied"


def test_a_proxy_that_nobody_asks_or_a_neighbour_out_of_reach_is_not_blamed() -> None:
    env = {**PROXY, **STOCK}

    assert found(env, "resolve\t0\tn=cache") != "peer-proxied"
    assert found(env, networks={"other": ""}) != "peer-proxied"


def test_a_proxy_on_the_developers_machine_is_not_in_the_container() -> None:
    refused = "connect\t-111\ta=inet:127.0.0.1:3128"
    mine = {"http_proxy": "http://127.0.0.1:3128"}
    answer = judge(case(**tried(refused, config={"env": mine})))

    assert answer.cause == "proxy-unreachable"
    assert "proxy 127.0.0.1:3128, which http_proxy names" in answer.text
    # One that is asked for no more than it is there, and another port on the same address, are not.
    assert found({**mine, **STOCK}, refused) == "peer-proxied"
    assert found({"http_proxy": "http://10.0.0.9:3128"}, refused) != "proxy-unreachable"
    assert found({"http_proxy": "http://127.0.0.1:8888"}, refused) != "proxy-unreachable"


def test_a_proxy_that_runs_is_named_where_it_is_all_that_is_asked() -> None:
    around: dict[str, Any] = {"config": {"networks": {"net": ""}}, "sources": {"around": (CACHE,)}}
    asked = "resolve\t-101\tn=cache"
    alone = judge(case(**tried(asked, exit_code=1, **around)))
    around["config"]["env"] = {"HTTP_PROXY": "http://cache:3128"}
    found = judge(case(**tried(asked, exit_code=1, **around)))

    assert (found.cause, found.verdict) == ("proxy-answers", "likely"), found
    assert "the proxy cache, because HTTP_PROXY is set" in found.text
    assert alone.cause != "proxy-answers"


def test_a_copy_that_knows_the_address_of_the_proxy_is_understood() -> None:
    known = replace(CACHE, names=("cache", "10.0.0.3"))
    around: dict[str, Any] = {"config": {"networks": {"net": ""}}, "sources": {"around": (known,)}}
    around["config"]["env"] = {"HTTP_PROXY": "http://cache:3128"}
    asked = "connect\t-101\ta=inet:10.0.0.3:3128"
    found = judge(case(**tried(asked, exit_code=1, **around)))
    other = judge(case(**tried(asked.replace("3128", "6379"), exit_code=1, **around)))

    assert found.cause == "proxy-answers", found
    assert "the proxy cache:3128, because HTTP_PROXY" in found.text
    assert other.cause != "proxy-answers"


def test_a_connection_that_a_running_neighbour_closed_is_told_from_a_pipe() -> None:
    cache: dict[str, Any] = {"config": {"networks": {"net": ""}}, "sources": {"around": (CACHE,)}}
    pipe = judge(case(**tried("openat\t3\tp=/srv/data\tx=0", exit_code=141, **cache)))
    asked = "resolve\t0\tn=cache"
    closed = judge(case(**tried(asked, exit_code=141, **cache)))
    alone = judge(case(**tried(asked, exit_code=141)))
    cache["config"]["env"] = {"CACHE": "redis://cache:6379"}
    named = judge(case(exit_code=141, files=SERVER, **cache))
    del cache["config"]["env"]
    said = judge(case(exit_code=141, files=SERVER, log="sending to cache:2003\nbye", **cache))
    piped = judge(
        case(**sh("#!/bin/bash\nset -o pipefail\nyes | head -1\n", exit_code=141, **cache))
    )

    assert (closed.cause, closed.verdict) == ("connection-closed", "likely")
    assert "cache" in closed.text
    assert named.cause == said.cause == "connection-closed"
    assert {pipe.cause, alone.cause, piped.cause}.isdisjoint({"connection-closed"})
