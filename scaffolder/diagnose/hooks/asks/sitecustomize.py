"""What a health check in a copy has first on Python's path: it writes down what the check asks.

The Python of the check runs this, from 3.6 on. `asked`, beside the folder of this file, gets whom
it connects to, and the answer: what checks with `except: sys.exit(1)` keep to themselves.
"""

import errno
import http.client
import os
import socket

RECORDS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "asked")
LONGEST = 400
UNDER_WAY = {errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK, errno.EINTR, errno.EISCONN}
"""What a connection is told that does not wait."""

begun = [False]


def tell(words):
    """Write a line; never fail."""
    try:
        descriptor = os.open(RECORDS, os.O_WRONLY | os.O_APPEND)
        try:
            mark = "" if begun[0] else "\f"
            begun[0] = True
            os.write(descriptor, (mark + words + "\n").encode("utf-8", "replace"))
        finally:
            os.close(descriptor)
    except Exception:  # noqa: BLE001, S110 - then there is no record
        pass


def asks(connection, method, url, *args, **kwargs):
    """Take note of a request over HTTP."""
    secure = isinstance(connection, getattr(http.client, "HTTPSConnection", ()))
    address = "%s:%s" % (connection.host, connection.port)
    # A request to a proxy has the whole address.
    whole = url if "://" in url else "http%s://%s%s" % ("s" * secure, address, url)
    tell("asks %s" % whole)
    return put(connection, method, url, *args, **kwargs)


def begins(response):
    """Take note of an answer, and of the beginning of one that refuses."""
    try:
        found = begin(response)
    except Exception as error:
        tell("%s: %s" % (type(error).__name__, error))
        raise
    tell("HTTP/1.1 %s %s" % (response.status, response.reason))
    if response.status >= 400:
        try:
            tell("\n" + response.peek(LONGEST)[:LONGEST].decode("utf-8", "replace"))
        except Exception:  # noqa: BLE001, S110 - there is none, or it comes later
            pass
    return found


def place(address):
    """Return an address of TCP for people; empty for others."""
    return "%s:%s" % address[:2] if isinstance(address, tuple) and len(address) > 1 else ""


class Told(socket.socket):
    """A socket that tells whom it connects to, and what it gets."""

    def connect(self, address):
        """Connect, as ever."""
        where = place(address)
        if where:
            tell("asks tcp://" + where)
        try:
            return super().connect(address)
        except OSError as error:
            if where and error.errno not in UNDER_WAY:
                tell("%s: %s" % (where, error))
            raise

    def connect_ex(self, address):
        """Connect, and return the error."""
        where = place(address)
        if where:
            tell("asks tcp://" + where)
        result = super().connect_ex(address)
        if where and result and result not in UNDER_WAY:
            tell("%s: %s" % (where, os.strerror(result)))
        return result


if os.access(RECORDS, os.W_OK):
    put, http.client.HTTPConnection.putrequest = http.client.HTTPConnection.putrequest, asks
    begin, http.client.HTTPResponse.begin = http.client.HTTPResponse.begin, begins
    socket.socket = Told
