"""Copies that end over the network that only they lack: that refutes nothing."""

import pytest
from recorded import case

from examples import SERVER, STARTED
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.trace_records import read
from scaffolder.diagnose.verdict.apart import networkless
from scaffolder.diagnose.verdict.copies import Outcome
from scaffolder.diagnose.verdict.factor import Factor
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.judgement import Judgement
from scaffolder.diagnose.verdict.reruns import try_factors
from scaffolder.docker.client import Engine

REFUSED = "socket\t-1"
INTERFACE = "ioctl\t-19\tf=4:socket:[9]\tx=8933"
MISSING = "openat\t-2\tp=/etc/app/app.toml\tx=0"


def ended(call: str) -> str:
    return f"{STARTED}C\t1\t7\t7\t{call}\nX\t2\t7\t2\t0"


def judged(monkeypatch: pytest.MonkeyPatch, then: str, network: str = "bridge") -> Judgement:
    """Judge a program that needs NET_RAW, and that ends over another call with it."""

    def run(_engine: Engine, _of: Case, factor: Factor, tracer: object = None) -> Outcome:
        config = factor.config
        has = "NET_RAW" in config.capabilities_added or not config.capabilities_dropped
        seen = read(ended(then if has else REFUSED)) if tracer else None
        return Outcome(alive=False, exit_code=2, text="", trace=seen)

    for module in ("copies", "further", "unchanged", "telling", "granted"):
        monkeypatch.setattr(f"scaffolder.diagnose.verdict.{module}.run", run)
    of = case(
        files=SERVER, exit_code=2, config={"capabilities_dropped": ("ALL",), "network": network}
    )
    return judge(of, try_factors(Engine("docker"), of))


def test_a_copy_that_lacks_an_interface_does_not_refute_a_capability(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = judged(monkeypatch, INTERFACE)

    assert (found.verdict, found.cause) == ("likely", "capability-missing")
    assert "gets further, and then lacks a network, as only copies do" in found.text
    assert "all the same" not in found.text
    assert not any("capabilit" in line and "exits with" in line for line in found.ruled_out)


@pytest.mark.parametrize(
    ("then", "network"),
    [(MISSING, "bridge"), (INTERFACE, "none"), (REFUSED, "bridge")],
    ids=["lacks-a-file", "has-no-network-either", "refused-again"],
)
def test_what_a_container_lacks_as_well_still_refutes_one(
    monkeypatch: pytest.MonkeyPatch, then: str, network: str
) -> None:
    found = judged(monkeypatch, then, network)

    assert found.verdict == "likely"
    assert "only copies do" not in found.text
    assert any("the default capabilities: exits with 2" in line for line in found.ruled_out)


@pytest.mark.parametrize(
    ("call", "is_told"),
    [
        (INTERFACE, True),
        ("bind\t-99\ta=inet:172.17.0.2:80", True),
        ("connect\t-101\ta=inet:10.0.0.9:5432", True),
        ("connect\t-111\ta=inet:127.0.0.1:5432", False),
        ("ioctl\t-19\tf=4:/dev/video0\tx=5600", False),
        ("bind\t-98\ta=inet:0.0.0.0:80", False),
        ("connect\t-2\ta=unix:/run/db.sock", False),
    ],
)
def test_what_takes_a_network_is_told_from_what_does_not(call: str, *, is_told: bool) -> None:
    of = case(files=SERVER)

    assert (networkless(of, read(ended(call))) is not None) is is_told
