"""Names in /etc/hosts that lead past a neighbour of the same name."""

from typing import Any

import pytest
from recorded import case

from examples import SERVER, up
from scaffolder.diagnose.evidence.facts import Neighbour, Socket
from scaffolder.diagnose.verdict.judge import judge

DB = Neighbour("shop-db", "running", networks=("net",), names=("db", "shop-db", "172.18.0.2"))


def overridden(entry: str, other: Neighbour = DB, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    config = {"hosts": (entry,), "networks": {"net": ""}, "published": ()}
    sources = {"around": (other,), **more.pop("sources", {})}
    return up(config=config, sources=sources, **more)


@pytest.mark.parametrize("entry", ["db:192.0.2.15", "db=192.0.2.15", "db:fd00::9"])
def test_an_entry_that_hides_a_neighbour_is_named(entry: str) -> None:
    found = judge(case(**overridden(entry, log="waiting for the database")))

    assert (found.cause, found.verdict) == ("host-overridden", "likely"), found
    assert "the container shop-db, which is called db" in found.text
    assert entry in found.fix


def test_it_may_be_why_a_program_ended() -> None:
    config = {"hosts": ("db:192.0.2.15",), "networks": {"net": ""}}
    found = judge(case(files=SERVER, exit_code=1, config=config, sources={"around": (DB,)}))

    assert found.cause == "host-overridden"


@pytest.mark.parametrize(
    "example",
    [
        overridden("db:172.18.0.2"),
        overridden("cache:192.0.2.15"),
        overridden("db:192.0.2.15", Neighbour("db", "exited", networks=("net",), names=("db",))),
        overridden("db:192.0.2.15", Neighbour("db", "running", networks=("far",), names=("db",))),
        overridden("db:192.0.2.15", sources={"listening": (Socket("0.0.0.0", 8080),)}),
        overridden("db"),
    ],
    ids=["its own address", "another name", "does not run", "another network", "serves", "no address"],
)  # fmt: skip
def test_any_other_entry_is_left(example: dict[str, Any]) -> None:
    assert judge(case(**example)).cause != "host-overridden"
