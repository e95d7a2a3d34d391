"""Leases whose time is in milliseconds, in a container that waits for them."""

from datetime import timedelta
from typing import Any

import pytest
from recorded import NOW, File, case, folder

from examples import SERVER, up
from scaffolder.diagnose.evidence.config import Mount
from scaffolder.diagnose.evidence.facts import Socket
from scaffolder.diagnose.verdict.judge import judge

LEASE = "/state/lease"


def at(**ago: float) -> int:
    return int((NOW - timedelta(**ago)).timestamp() * 1000)


def waiting(content: str, path: str = LEASE, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    mounts = (Mount("volume", "/var/lib/docker/volumes/state/_data", "/state", name="state"),)
    files = {**SERVER, "/state": folder(), path: File(content.encode())}
    config = {"mounts": mounts, "published": ()}
    return up(log="sweeper 2", files=files, config=config, **more)


@pytest.mark.parametrize(
    "content",
    [
        f"owner=a\nexpires={at(days=1)}\n",
        f'{{"lease_until": {at(hours=1)}}}',
        f"valid_until: '{at(days=30)}'",
    ],
    ids=["properties", "json", "yaml"],
)
def test_a_lease_that_is_over_in_milliseconds_is_named(content: str) -> None:
    found = judge(case(**waiting(content)))

    assert (found.cause, found.verdict) == ("lease-in-milliseconds", "likely"), found
    assert LEASE in found.text


@pytest.mark.parametrize(
    "example",
    [
        waiting(f"expires={at(hours=-1)}"),
        waiting(f"expires={at(days=1) // 1000}"),
        waiting(f"started={at(days=1)}"),
        waiting(f"expires={at(days=9999)}"),
        waiting(f"expires={at(days=1)}", listening=(Socket("0.0.0.0", 8080),)),
        waiting(f"expires={at(days=1)}", path="/etc/lease"),
    ],
    ids=["runs", "in seconds", "another time", "long ago", "serves", "in no mount"],
)
def test_any_other_time_is_left(example: dict[str, Any]) -> None:
    assert judge(case(**example)).cause != "lease-in-milliseconds"
