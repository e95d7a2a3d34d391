"""Stage events: publish and receive events over NATS; connects on first use."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from starlette.applications import Starlette

from .. import config, health
from ..config import setting, text

CONNECT_SECONDS = 1
ANSWER_SECONDS = 2

log = logging.getLogger(__name__)

Receive = Callable[[bytes], Awaitable[None]]


@dataclass(frozen=True)
class Settings:
    """What the stage reads from the environment."""

    server: str | None = setting("EVENTS_SERVER", text, default=None)
    token: str | None = setting("EVENTS_TOKEN", text, default=None, secret=True)


class Events:
    """A connection to the server, made when it is first used."""

    def __init__(self, settings: Settings) -> None:
        """Connect to nothing yet."""
        self._settings = settings
        self._client: Client | None = None
        self._connecting = asyncio.Lock()

    async def publish(self, subject: str, event: bytes) -> None:
        """Send an event and wait for the server; raise TimeoutError or OSError if it fails."""
        client = await self._connected()
        await client.publish(subject, event)
        await client.flush(timeout=ANSWER_SECONDS)

    async def receive(self, subject: str, handle: Receive) -> None:
        """Call `handle` with every event from now on; log what it raises."""

        async def guarded(message: Msg) -> None:
            try:
                await handle(message.data)
            except Exception:
                log.exception("an event on %s was not handled", subject)

        client = await self._connected()
        await client.subscribe(subject, cb=guarded)
        await client.flush(timeout=ANSWER_SECONDS)

    async def ping(self) -> None:
        """Return if the server answers; raise with the reason if not."""
        client = await self._connected()
        await client.flush(timeout=ANSWER_SECONDS)

    async def close(self) -> None:
        """Send pending events and disconnect."""
        if self._client is not None and not self._client.is_closed:
            await self._client.drain()

    async def _connected(self) -> Client:
        async with self._connecting:
            if self._client is None or self._client.is_closed:
                self._client = await self._connect()
            return self._client

    async def _connect(self) -> Client:
        if self._settings.server is None:
            raise ConnectionError("EVENTS_SERVER is not set")
        try:
            async with asyncio.timeout(CONNECT_SECONDS):  # the client would try longer
                return await nats.connect(
                    self._settings.server,
                    token=self._settings.token,
                    allow_reconnect=False,
                    error_cb=_report,
                )
        except (TimeoutError, nats.errors.NoServersError) as error:
            raise ConnectionError("the NATS server does not answer") from error


async def _report(error: Exception) -> None:
    log.warning("the NATS server: %s: %s", type(error).__name__, error)


def install(app: Starlette) -> None:
    """Add the readiness check; app.py publishes and receives with `of(app)`."""
    settings = config.read(Settings)
    events = Events(settings)
    app.state.events = events
    if settings.server is None:
        log.warning("EVENTS_SERVER is not set: events can be neither published nor received")
    else:
        health.add_check(app, "events", events.ping)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Disconnect when the service stops; the connection is made on first use."""
    yield
    await of(app).close()


def of(app: Starlette) -> Events:
    """Return the events of `app`; call it after the stages are installed."""
    events: Events = app.state.events
    return events
