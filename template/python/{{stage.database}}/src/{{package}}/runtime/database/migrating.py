"""Migrations over a connection of their own, which may be used as long as it takes."""

from collections.abc import AsyncIterator

from . import migrations
from .address import Address
from .connected import connected
from .migrations import Part, State


async def states(address: Address, known: list[Part], wait: float) -> list[State]:
    """Return how far each part of the schema has come; whoever writes keeps nobody from asking."""
    async with connected(address, wait, limit=wait, writes=False) as connection:
        return await connection.run_sync(migrations.states, known)


async def upgraded(address: Address, known: list[Part], wait: float) -> AsyncIterator[str]:
    """Apply what is missing, each migration in a transaction; yield what was done."""
    async with connected(address, wait, limit=None, writes=True) as connection:
        for part in known:
            while done := await connection.run_sync(migrations.step, part):
                yield done


async def taken_back(address: Address, part: Part, target: str, wait: float) -> AsyncIterator[str]:
    """Take back the migrations of a part after `target`; yield what was done."""
    async with connected(address, wait, limit=None, writes=True) as connection:
        while done := await connection.run_sync(migrations.step_back, part, target):
            yield done
