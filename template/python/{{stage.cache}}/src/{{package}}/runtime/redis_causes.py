"""Why Redis does not answer, in words: never with what was sent, which may be a password."""

import errno
import re
import socket
import ssl
from collections.abc import Iterator

from redis.exceptions import AuthenticationError, InvalidResponse, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

CODES = {
    "BUSY": "it is busy with a script",
    "LOADING": "it is loading its data",
    "MASTERDOWN": "it is a replica that has lost its primary",
    "MISCONF": "it cannot save its data, so it takes no writes",
    "NOAUTH": "it asks for a password",
    "NOPERM": "its user may not do this",
    "OOM": "its memory is full",
    "READONLY": "it is a replica, so it takes no writes",
    "WRONGPASS": "it refused the user or the password",
}
"""What a server means by the first word of an error."""
WRONG_TYPE = "WRONGTYPE"
TIMEOUTS = (TimeoutError, RedisTimeoutError)
REFUSED = f"[Errno {errno.ECONNREFUSED}]"
"""In the text of an error that stands for those of several addresses."""


def code(error: BaseException) -> str:
    """Return the first word of a server's error; an empty text for any other error."""
    if not isinstance(error, RedisError):
        return ""
    known = getattr(error, "status_code", None)
    first = str(error).partition(" ")[0]
    return str(known or (first if re.fullmatch("[A-Z]+", first) else ""))


def kind(error: BaseException) -> str:
    """Return the kind of a failure, in the words of OpenTelemetry's `error.type`."""
    return code(error) or ("timeout" if isinstance(error, TIMEOUTS) else "_OTHER")


def cause(error: BaseException, limit: int) -> str:
    """Return why an attempt failed that had `limit` milliseconds."""
    if isinstance(error, TIMEOUTS):
        return f"no answer within {limit} ms"
    if isinstance(error, InvalidResponse):
        return "it is no Redis server"
    word = code(error)
    if isinstance(error, AuthenticationError) and word != "NOAUTH":
        return CODES["WRONGPASS"]
    if word:
        return CODES.get(word) or _answered(word, str(error))
    return next(filter(None, map(_of_system, _chain(error))), "it closed the connection")


def _answered(word: str, text: str) -> str:
    # What follows a quote may be what was sent.
    said = re.split("['\"`<]", text.removeprefix(word), maxsplit=1)[0].strip()[:100]
    return f"it answered {word} {said}".rstrip()


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _of_system(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS failed: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {getattr(error, 'reason', '') or error.strerror}"
    if isinstance(error, socket.gaierror | UnicodeError):
        return "its name is unknown"
    if isinstance(error, ConnectionRefusedError) or REFUSED in str(error):
        return "connection refused"
    if isinstance(error, FileNotFoundError):
        return "there is no such socket"
    if isinstance(error, OSError) and not isinstance(error, ConnectionError) and error.errno:
        return (error.strerror or str(error)).lower()
    return ""
