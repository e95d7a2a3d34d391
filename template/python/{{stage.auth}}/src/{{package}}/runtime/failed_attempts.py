"""A growing delay after failed attempts, such as logins, by user and by address."""

import ipaddress
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.requests import Request

FREE_ATTEMPTS = {"user": 5, "address": 20}
"""Failures without a delay. Many people can share an address."""
LONGEST_SECONDS = 300.0
"""Bounded, because anybody can cause a delay for a user."""
FORGET_SECONDS = 3600.0
MOST_ENTRIES = 10_000
LONGEST_VALUE = 64
"""The longest name of a user; longer ones are cut."""

Who = tuple[str, str]
"""Kind and value: ("user", "alice"), ("address", "192.0.2.7")."""

log = logging.getLogger(__name__)


def user_key(name: str) -> Who:
    """Return the key of a user in the limiter."""
    return ("user", name[:LONGEST_VALUE])


def address_key(host: str) -> Who:
    """Return the key of an address; for IPv6 the /64, which belongs to one customer."""
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return ("address", host[:LONGEST_VALUE])
    if isinstance(found, ipaddress.IPv4Address):
        return ("address", str(found))
    return ("address", str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False)))


class Limiter:
    """Counts attempts until one succeeds; forgets the oldest when there are too many.

    For use in one thread, that of the event loop.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock  # in seconds
        # Key → number of attempts, and when the next one is allowed.
        self._seen: OrderedDict[Who, tuple[int, float]] = OrderedDict()
        self._warned_of_proxy = False

    def __len__(self) -> int:
        """Return how many users and addresses it tracks."""
        return len(self._seen)

    def host(self, request: Request) -> str:
        """Return the address that a request counts for; warn once if that of a proxy hides many.

        Behind a trusted proxy, a request has the address that the proxy forwarded.
        """
        host = request.client.host if request.client else "unknown"
        forwarded = request.headers.get("x-forwarded-for", "")
        if forwarded and host not in forwarded and not self._warned_of_proxy:
            self._warned_of_proxy = True
            log.warning(
                "logins come through a proxy at %s that FORWARDED_ALLOW_IPS does not name: all of"
                " its users share one limit on failed logins; docs/stages/auth.md",
                host,
            )
        return host

    def attempt(self, *who: Who) -> int:
        """Count an attempt and return 0, or return the whole seconds to wait before the next one.

        It counts before the outcome is known, so that parallel attempts do not evade the limit.
        """
        now = self._clock()
        wait = max(self._seen[key][1] - now if key in self._seen else 0.0 for key in who)
        if wait > 0:
            return math.ceil(wait)
        for key in who:
            self._count(key, now)
        return 0

    def succeeded(self, user: Who, address: Who) -> None:
        """Forget all attempts of a user, but only this one of the address: it may try others."""
        self._seen.pop(user, None)
        self.withdraw(address)

    def withdraw(self, *who: Who) -> None:
        """Take back an attempt whose password was not verified."""
        for key in who:
            if key in self._seen:
                self._seen[key] = (self._seen[key][0] - 1, self._clock())

    def _count(self, key: Who, now: float) -> None:
        before, until = self._seen.pop(key, (0, now))
        attempts = 1 if now - until >= FORGET_SECONDS else before + 1
        beyond = attempts - FREE_ATTEMPTS[key[0]]
        # 1, 2, 4 ... seconds; the exponent is bounded because attempts are not.
        delay = min(2.0 ** min(beyond, 30), LONGEST_SECONDS) if beyond >= 0 else 0.0
        self._seen[key] = (attempts, now + delay)
        if len(self._seen) > MOST_ENTRIES:
            self._seen.popitem(last=False)
