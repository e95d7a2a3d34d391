"""The delay after failed logins."""

from types import ModuleType

import pytest
from conftest import Imported


@pytest.fixture
def limits(imported: Imported) -> ModuleType:
    return imported("runtime.failed_attempts", "auth")


def test_the_delay_grows_is_bounded_and_ends_with_success(limits: ModuleType) -> None:
    now = 0.0
    limiter = limits.Limiter(lambda: now)
    alice, address = ("user", "alice"), ("address", "192.0.2.7")
    waits = []
    for _ in range(20):
        while wait := limiter.attempt(alice):
            waits.append(wait)
            now += wait

    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300, 300, 300]
    now += 300
    assert limiter.attempt(alice, address) == 0
    limiter.succeeded(alice, address)
    assert [limiter.attempt(alice) for _ in range(5)] == [0] * 5


def test_a_success_does_not_forgive_what_its_address_did_to_others(limits: ModuleType) -> None:
    limiter = limits.Limiter(lambda: 0.0)
    address = ("address", "192.0.2.7")
    for number in range(19):
        limiter.attempt(("user", str(number)), address)
    limiter.attempt(("user", "mine"), address)
    limiter.succeeded(("user", "mine"), address)

    assert limiter.attempt(("user", "a"), address) == 0
    assert limiter.attempt(("user", "b"), address) == 1


def test_failures_are_forgotten_after_an_hour(limits: ModuleType) -> None:
    now = 0.0
    limiter = limits.Limiter(lambda: now)
    for _ in range(5):
        limiter.attempt(("user", "alice"))
    now = 3602.0

    assert [limiter.attempt(("user", "alice")) for _ in range(5)] == [0] * 5


def test_the_memory_of_failures_is_bounded(
    limits: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_ENTRIES", 10)
    limiter = limits.Limiter(lambda: 0.0)
    for number in range(100):
        limiter.attempt(("user", str(number)))

    assert len(limiter) == 10


def test_one_entry_is_small_however_long_the_name_is(limits: ModuleType) -> None:
    assert limits.user_key("x" * 1_000_000) == ("user", "x" * 64)
    assert limits.address_key("x" * 1_000_000) == ("address", "x" * 64)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.7", "192.0.2.8", False),
        ("192.0.2.7", "::ffff:192.0.2.7", True),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::1", True),
        ("testclient", "unknown", False),
    ],
)
def test_addresses_of_one_customer_count_together(
    limits: ModuleType, one: str, other: str, same: object
) -> None:
    assert (limits.address_key(one) == limits.address_key(other)) is same


def test_an_attempt_that_is_withdrawn_neither_counts_nor_waits(limits: ModuleType) -> None:
    limiter = limits.Limiter(lambda: 0.0)
    alice = ("user", "alice")
    for _ in range(20):
        assert limiter.attempt(alice) == 0
        limiter.withdraw(alice)
