"""Ports of verifications are free, and no two verifications have the same."""

import socket
from contextlib import ExitStack

from pytest import MonkeyPatch  # noqa: PT013 - its only use

from scaffolder.verify import ports


def test_no_two_verifications_have_the_same(monkeypatch: MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "FIRST", 21_000)
    monkeypatch.setattr(ports, "_last", lambda: 21_020)
    with ExitStack() as stack:
        found = [stack.enter_context(ports.claimed()) for _ in range(10)]

        assert len({*found}) == 10


def test_a_port_on_which_somebody_listens_is_none(monkeypatch: MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "FIRST", 21_100)
    monkeypatch.setattr(ports, "_last", lambda: 21_102)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 21_100))
        listener.listen()
        for _ in range(20):
            with ports.claimed() as port:
                assert port == 21_101


def test_none_is_one_that_the_system_gives_away() -> None:
    first = int(ports.CONNECTIONS.read_text(encoding="ascii").split()[0])
    with ports.claimed() as port:
        assert port < first
