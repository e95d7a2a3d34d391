"""One connection, for what lives too short to keep an eye on the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from .address import Address
from .engine import connecting, writing
from .pauses import reached


@asynccontextmanager
async def connected(
    address: Address, wait: float, *, limit: float | None, writes: bool
) -> AsyncIterator[AsyncConnection]:
    """Connect within `wait` seconds; the connection may be used for `limit` seconds, if any."""
    engine = connecting(address, wait, limit=limit)
    try:
        use = writing(engine) if writes else engine
        connection = await reached(use.connect, wait)
        try:
            yield connection
        finally:
            await connection.close()
    finally:
        await engine.dispose()
