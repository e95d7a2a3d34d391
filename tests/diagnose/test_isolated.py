"""Programs that ask for others without a network, and end with 0."""

import pytest
from recorded import case

from examples import SERVER, STARTED
from scaffolder.diagnose.verdict.judge import judge

ASKS = "connect\t-101\ta=inet:10.0.0.9:5140\tf=3:socket:[9]"


@pytest.mark.parametrize(
    ("network", "call", "more", "is_told"),
    [
        ("none", ASKS, "", True),
        ("bridge", ASKS, "", False),
        ("none", ASKS.replace("10.0.0.9", "127.0.0.1"), "", False),
        ("none", ASKS.replace("-101", "-111"), "", False),
        ("none", ASKS, "openat\t3\tp=/out/rows.csv\tx=241", False),
    ],
    ids=["asks", "with-a-network", "asks-itself", "refused", "has-results"],
)
def test_who_asks_without_a_network_has_not_done_its_work(
    network: str, call: str, more: str, *, is_told: bool
) -> None:
    records = "".join(f"C\t1\t7\t7\t{one}\n" for one in (more, call) if one)
    trace = f"{STARTED}{records}X\t9\t7\t0\t0"
    said = "shipper up\nshipper finished"
    of = case(files=SERVER, trace=trace, log=said, exit_code=0, config={"network": network})
    found = judge(of)

    assert (found.cause == "without-network") is is_told, found
    assert not is_told or "10.0.0.9:5140" in found.text
