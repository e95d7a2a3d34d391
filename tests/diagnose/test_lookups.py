"""Names that a program insists on, and that nobody has."""

from typing import Any

import pytest
from recorded import case

from examples import SERVER, up
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.reaching.obstacles import named_in, nowhere
from scaffolder.diagnose.evidence.facts import Neighbour, Socket
from scaffolder.diagnose.evidence.swallowed import Swallowed
from scaffolder.diagnose.verdict.judge import judge

BEGUN = "P\t0\t7\t/app/server\t/app/server\\x00\n"
ERRORS = frozenset({"Error"})


def asks(at: int, host: str = "db.internal") -> str:
    return f"C\t{at}\t7\t7\tresolve\t0\ta=inet:127.0.0.1:53\tn={host}\tf=5:socket:[9]\n"


def opens(at: int, path: str) -> str:
    return f"C\t{at}\t7\t7\topenat\t3\tp={path}\tx=0\n"


def ran(*records: str, status: int = 75, **more: Any) -> Case:  # noqa: ANN401 - of a case
    trace = f"{BEGUN}{''.join(records)}X\t9000\t7\t{status}\t0"
    return case(files=SERVER, exit_code=status, trace=trace, **more)


INSISTS = (
    asks(10),
    opens(12, "/log"),
    asks(1010),
    opens(1012, "/log"),
    asks(2010),
    opens(2012, "/log"),
)


@pytest.mark.parametrize(
    "more",
    [{}, {"swallowed": Swallowed("Error: no broker", ERRORS, "/app/server.js:3", "")}],
    ids=["silent", "with an exception of its own"],
)
def test_a_name_that_is_asked_for_again_and_again_is_named(more: dict[str, Any]) -> None:
    of = ran(*INSISTS, **more)
    found = judge(of)

    assert nowhere(of)
    assert (found.verdict, found.cause) == ("likely", "peer-unreachable-silent")
    assert "no container on any network is called db.internal: the name does not" in found.text
    assert "3 times in 2.0 s" in found.text


@pytest.mark.parametrize(
    ("records", "more"),
    [
        ((asks(10), opens(12, "/etc/app.conf")), {}),
        ((*INSISTS, opens(2014, "/etc/app.conf")), {}),
        ((asks(10), asks(12)), {}),
        (INSISTS, {"status": 0}),
        (INSISTS, {"swallowed": Swallowed("KeyError: 'x'", frozenset({"KeyError"}), "/a.py:3", "")}),
        (INSISTS, {"sources": {"around": (Neighbour("db.internal", names=("db.internal",), status="running"),)}}),
        ((asks(10, "db.example.com"), asks(1010, "db.example.com")), {}),
    ],
    ids=[
        "once, and then it reads something", "it does something else after it", "by its library",
        "it ends well", "a mistake of its own", "a container has it", "a name of others",
    ],
)  # fmt: skip
def test_other_lookups_do_not_end_the_search(
    records: tuple[str, ...], more: dict[str, Any]
) -> None:
    assert not nowhere(ran(*records, **more))


@pytest.mark.parametrize(
    ("line", "host"),
    [
        ("/m.sh: line 11: pg-primary.internal: Temporary failure in name resolution", "pg-primary.internal"),
        ("ping: db: Name or service not known", "db"),
        ('psql: error: could not translate host name "db" to address: Name or service not known', "db"),
        ("socket.gaierror: [Errno -3] Temporary failure in name resolution", ""),
    ],
)  # fmt: skip
def test_the_name_that_a_line_says_is_unknown(line: str, host: str) -> None:
    found = named_in(case(), line)

    assert (found.host if found else "") == host


def waits(*records: str, **more: Any) -> Case:  # noqa: ANN401 - of a case
    config = {"env": {"STORE_ADDR": "store:6500"}, "networks": {"net": ""}, "network": "net"}
    known = {"config": config, "log": "waiting for backends", **more}
    return case(**up(trace=f"{BEGUN}{''.join(records)}T\t8000", **known))


STORE = tuple(asks(at, "store") for at in (10, 300, 1200, 3400))


def test_a_running_program_that_only_asks_for_whom_it_cannot_reach_waits_for_it() -> None:
    found = judge(waits(*STORE))

    assert (found.cause, found.verdict) == ("peer-awaited", "likely"), found
    assert found.text.startswith("the program waits for store:6500, which STORE_ADDR names")
    assert "4 times in 3.4 s" in found.text


RUNS = Neighbour("store", "running", networks=("net",), names=("store",))
METRICS = {"env": {"METRICS_URL": "http://store:6500"}, "networks": {"net": ""}, "network": "net"}


@pytest.mark.parametrize(
    ("records", "more"),
    [
        (STORE[:2], {}),
        ((*STORE, opens(3500, "/data/next")), {}),
        (tuple(asks(at, "other") for at in (10, 300, 1200)), {}),
        (STORE, {"sources": {"around": (RUNS,)}}),
        (STORE, {"sources": {"listening": (Socket("0.0.0.0", 8000),)}}),
        (STORE, {"config": METRICS}),
    ],
    ids=["twice", "goes on", "another", "is there", "serves", "observes"],
)
def test_what_works_beside_that_is_well(records: tuple[str, ...], more: dict[str, Any]) -> None:
    assert judge(waits(*records, **more)).cause != "peer-awaited"


@pytest.mark.parametrize(
    ("servers", "words"),
    [
        (("192.0.2.53",), "the container asks 192.0.2.53 for names (--dns)"),
        ((), "the program ends over the name db.example.com, and says nothing"),
    ],
)
def test_the_name_server_that_a_container_was_given_is_told(
    servers: tuple[str, ...], words: str
) -> None:
    asked = asks(10, "db.example.com")
    found = judge(ran(asked, config={"name_servers": servers}))
    said = "getaddrinfo db.example.com: Temporary failure in name resolution"
    loud = judge(case(files=SERVER, log=said, config={"name_servers": servers}))

    assert words in found.text
    assert ("asks 192.0.2.53 (--dns)" in loud.text) is bool(servers)


RUBY = (
    "in `initialize': getaddrinfo: Temporary failure in name resolution (Socket::ResolutionError)"
)


def test_a_function_that_resolves_names_is_no_host() -> None:
    of = ran(asks(10, "cache-main"), status=1, log=f"/app/main.rb:41:{RUBY}")

    assert named_in(of, f"main.rb:41:{RUBY}") is None
    assert judge(of).text.startswith("cache-main cannot be reached: no container")
