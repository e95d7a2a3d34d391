"""The two ways to write a line: JSON for collectors, text for people."""

import json
import logging
import os
from typing import Any, TextIO

from . import fields

MAX_LINE = 131_072
# ASCII only, so that it needs nothing of the stream's encoding.
_encode = json.JSONEncoder(separators=(",", ":")).encode
_encode_readably = json.JSONEncoder(ensure_ascii=False).encode
# The message of a request's line has these in it.
_IN_MESSAGE = frozenset(
    ("http.request.method", "url.path", "http.response.status_code", "duration_ms")
)
_COLOURS = {"WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[1;31m"}
_FAINT = "\x1b[2m"
_PLAIN = "\x1b[0m"


class JsonFormatter(logging.Formatter):
    """Each record is one JSON object in one line."""

    def __init__(self, service: str) -> None:
        """Write `service` into every line."""
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        found = fields.of(record, self._service)
        line = _encode(found)
        return line if len(line) <= MAX_LINE else _encode(_own(found, len(line)))


def _own(found: dict[str, Any], length: int) -> dict[str, Any]:
    kept = {name: value for name, value in found.items() if name in fields.OWN}
    count = len(found) - len(kept)
    return {**kept, "left_out": f"{count} fields of a line of {length} characters"}


class TextFormatter(logging.Formatter):
    """Each record is one line; its stack follows, indented, so that it cannot forge another."""

    def __init__(self, service: str, encoding: str, *, colour: bool) -> None:
        """Write what `encoding` can hold."""
        super().__init__()
        self._service = service
        self._encoding = encoding
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the lines of the stack."""
        found = fields.of(record, self._service)
        level = self._coloured(f"{record.levelname:<8}", _COLOURS.get(record.levelname, ""))
        head = f"{found['timestamp']} {level} {_printable(found['logger'])}:"
        details = self._coloured(_details(found), _FAINT)
        stack = [f"    {_printable(line)}" for line in found.get("stack_trace", "").splitlines()]
        text = "\n".join([f"{head} {_printable(found['message'])}{details}", *stack])
        return text.encode(self._encoding, "backslashreplace").decode(self._encoding)

    def _coloured(self, text: str, colour: str) -> str:
        return f"{colour}{text}{_PLAIN}" if self._colour and colour and text else text


def _details(found: dict[str, Any]) -> str:
    extra = [name for name in found if name not in fields.OWN and name not in _IN_MESSAGE]
    shown = [f"{name}={_encode_readably(found[name])}" for name in extra]
    if "request_id" in found:
        shown.append(f"[{found['request_id']}]")
    return _printable("".join(f" {part}" for part in shown))


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def wants_colour(stream: TextIO) -> bool:
    """Tell whether `stream` is a terminal that shows colours, and nobody objects."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
