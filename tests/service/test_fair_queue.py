"""Whose turn it is to have a password verified."""

import asyncio
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import pytest
from conftest import Imported


@pytest.fixture
def turns(imported: Imported) -> ModuleType:
    return imported("runtime.fair_queue", "auth")


async def work(
    turns: ModuleType,
    queue: Any,  # noqa: ANN401 - a Queue
    client: str,
    log: list[str],
) -> None:
    try:
        async with queue.turn(client):
            log.append(client)
            await asyncio.sleep(0)
    except turns.BusyError:
        log.append(f"{client} refused")


def order(
    turns: ModuleType, clients: Sequence[str], *, at_once: int = 1, most: int = 100
) -> list[str]:
    """The order in which requests that come at once get their turns."""

    async def run() -> list[str]:
        queue, log = turns.Queue(at_once, most), list[str]()
        await asyncio.gather(*(work(turns, queue, client, log) for client in clients))
        async with asyncio.timeout(1):
            await work(turns, queue, "afterwards", log)
        return log

    return asyncio.run(run())


def test_clients_take_turns_however_many_requests_one_has(turns: ModuleType) -> None:
    assert order(turns, "aaaab") == [*"aabaa", "afterwards"]


def test_who_comes_while_too_many_wait_is_refused(turns: ModuleType) -> None:
    assert order(turns, "abcd", most=2) == ["a", "d refused", "b", "c", "afterwards"]


def test_a_flood_gives_way_to_others(turns: ModuleType) -> None:
    log = order(turns, "aaaaaab", most=3)

    assert log.index("b") < log.index("afterwards")
    assert log.count("a refused") == 3


def test_some_work_at_once(turns: ModuleType) -> None:
    assert order(turns, "abc", at_once=2)[:2] == ["a", "b"]


def test_who_goes_away_loses_no_turn_for_others(turns: ModuleType) -> None:
    async def run() -> list[str]:
        queue, log = turns.Queue(1, 10), list[str]()
        async with queue.turn("first"):
            waiting = [asyncio.create_task(work(turns, queue, name, log)) for name in "abc"]
            await asyncio.sleep(0)
            waiting[0].cancel()
        waiting[1].cancel()  # at the moment when it is its turn
        await asyncio.gather(*waiting, return_exceptions=True)
        async with asyncio.timeout(1):
            await work(turns, queue, "afterwards", log)
        return log

    assert asyncio.run(run()) == ["c", "afterwards"]
