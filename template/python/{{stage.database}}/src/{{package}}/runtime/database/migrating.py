"""Migrations over a connection of their own, which may be used as long as it takes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from . import migrations
from .address import Address
from .engine import connecting, writing
from .migrations import Part, State
from .pauses import reached


async def states(address: Address, known: list[Part], wait: float) -> list[State]:
    """Return how far each part of the schema has come."""
    async with _connection(address, wait) as connection:
        return await connection.run_sync(migrations.states, known)


async def upgraded(address: Address, known: list[Part], wait: float) -> AsyncIterator[str]:
    """Apply what is missing, each migration in a transaction; yield what was done."""
    async with _connection(address, wait) as connection:
        for part in known:
            while done := await connection.run_sync(migrations.step, part):
                yield done


async def taken_back(address: Address, part: Part, target: str, wait: float) -> AsyncIterator[str]:
    """Take back the migrations of a part after `target`; yield what was done."""
    async with _connection(address, wait) as connection:
        while done := await connection.run_sync(migrations.step_back, part, target):
            yield done


@asynccontextmanager
async def _connection(address: Address, wait: float) -> AsyncIterator[AsyncConnection]:
    engine = connecting(address, wait)
    try:
        connection = await reached(writing(engine).connect, wait)
        try:
            yield connection
        finally:
            await connection.close()
    finally:
        await engine.dispose()
