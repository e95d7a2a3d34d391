"""A link to Redis remembers what it owes, and no more than it has room for."""

import logging

import pytest
from conftest import Imported


def test_changes_that_are_too_many_to_be_remembered_are_named(
    imported: Imported, caplog: pytest.LogCaptureFixture
) -> None:
    module = imported("runtime.redis_link", "cache")
    address = imported("runtime.redis_url", "cache").parse("redis://:hunter2@cache")
    link = module.Link(address, 100, "orders:")
    tickets = [link.owe(b"key%d" % number) for number in range(module.MOST_OWED)]
    assert not caplog.records

    with caplog.at_level(logging.WARNING):
        link.owe(b"one more")
    assert "the cache at cache:6379 is away for too many changes" in caplog.text
    for ticket in tickets:
        link.done(ticket)
    link.owe(b"another one")
    assert len(caplog.records) == 1


def test_a_password_is_in_no_text_of_an_address(imported: Imported) -> None:
    parse = imported("runtime.redis_url", "cache").parse
    for url in ("redis://ada:hunter2@[::1]:7/3", "unix://ada:hunter2@/run/redis?db=3"):
        address = parse(url)

        assert (address.user, address.password, address.database) == ("ada", "hunter2", 3)
        assert "hunter2" not in f"{address} {address!r}"
        assert "ada" not in f"{address} {address!r}"
