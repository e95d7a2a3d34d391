"""A growing delay after failed logins, by user and by address."""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FREE_ATTEMPTS = {"user": 5, "address": 20}
"""Failures without a delay: an address can be that of many people."""
LONGEST_SECONDS = 300.0
"""Bounded, as anybody can cause the delay of a user."""
FORGET_SECONDS = 3600.0
MOST_ENTRIES = 10_000
LONGEST_VALUE = 64
"""Of a name that is longer, which no user has, the rest is not kept."""

Who = tuple[str, str]
"""Kind and value: ("user", "alice"), ("address", "192.0.2.7")."""


def user(name: str) -> Who:
    """Return as what the limiter knows a user."""
    return ("user", name[:LONGEST_VALUE])


def address(host: str) -> Who:
    """Return as what the limiter knows an address: of IPv6 the /64, which is all one customer's."""
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return ("address", host[:LONGEST_VALUE])
    if isinstance(found, ipaddress.IPv4Address):
        return ("address", str(found))
    if found.ipv4_mapped:
        return ("address", str(found.ipv4_mapped))
    return ("address", str(ipaddress.ip_network((found, 64), strict=False)))


@dataclass
class _Record:
    attempts: int
    until: float
    last: float


class Limiter:
    """Counts attempts until one succeeds; forgets the oldest when there are too many.

    For use in one thread, that of the event loop.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start without any; `clock` is in seconds."""
        self._clock = clock
        self._records: OrderedDict[Who, _Record] = OrderedDict()

    def __len__(self) -> int:
        """Return how many users and addresses are remembered."""
        return len(self._records)

    def attempt(self, *who: Who) -> int:
        """Count an attempt and return 0, or return the whole seconds to wait before the next one.

        It counts before the outcome is known, so that many at once are no way around.
        """
        now = self._clock()
        wait = max(self._wait(key, now) for key in who)
        if wait > 0:
            return math.ceil(wait)
        for key in who:
            self._count(key, now)
        return 0

    def succeeded(self, user: Who, address: Who) -> None:
        """Forget a user's attempts, but of an address only this one: it may try others."""
        self._records.pop(user, None)
        record = self._records.get(address)
        if record:
            record.attempts -= 1
            record.until = record.last

    def _wait(self, key: Who, now: float) -> float:
        record = self._records.get(key)
        return record.until - now if record else 0.0

    def _count(self, key: Who, now: float) -> None:
        record = self._records.pop(key, None)
        if record is None or now - record.last > FORGET_SECONDS:
            record = _Record(0, now, now)
        record.attempts += 1
        record.last = now
        beyond = record.attempts - FREE_ATTEMPTS[key[0]]
        if beyond >= 0:
            # 1, 2, 4 ... seconds; the exponent is bounded, as attempts are not.
            record.until = now + min(2.0 ** min(beyond, 30), LONGEST_SECONDS)
        self._records[key] = record
        while len(self._records) > MOST_ENTRIES:
            self._records.popitem(last=False)
