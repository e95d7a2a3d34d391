"""Looks up names in threads that nobody waits for: one that hangs delays no stop."""

import asyncio
import socket
import threading
from contextlib import suppress


async def look_up(host: str, port: int) -> None:
    """Return when a name is known; raise OSError or UnicodeError if it is not."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[None] = loop.create_future()

    def settle(problem: Exception | None) -> None:
        if found.done():
            return
        if problem is None:
            found.set_result(None)
        else:
            found.set_exception(problem)

    def work() -> None:
        problem: Exception | None = None
        try:
            socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            problem = error
        with suppress(RuntimeError):  # the event loop has ended in the meantime
            loop.call_soon_threadsafe(settle, problem)

    threading.Thread(target=work, name="name lookup", daemon=True).start()
    await found
