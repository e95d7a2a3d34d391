"""Formats a log record as one line with structlog: JSON for collectors, text for people."""

import json
import logging
import time
import traceback
from functools import lru_cache
from typing import Any

from structlog.contextvars import get_contextvars
from structlog.dev import Column, ConsoleRenderer
from structlog.processors import JSONRenderer
from structlog.typing import EventDict, Processor, WrappedLogger

from . import values

MAX_LINE = 131_072

OWN = frozenset(
    (
        *("timestamp", "level", "severity", "logger", "service", "message", "request_id"),
        *("trace_id", "span_id", "error.type", "error.message", "stack_trace", "log_error"),
        "left_out",
    )
)
"""Reserved names: values passed with `extra` get the prefix `extra.` instead."""

# `color_message` is uvicorn's, and repeats the message.
_NOT_EXTRA = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
_CLASHES = _NOT_EXTRA - {"exc_info", "stack_info"}
# Custom levels are mapped to these; Google Cloud knows no others.
_SEVERITIES = ("DEBUG", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
# The message of a request's line has these in it.
_IN_MESSAGE = {"http.request.method", "url.path", "http.response.status_code", "duration_ms"}
_COLORS = {"WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[1;31m"}
_FAINT, _PLAIN = "\x1b[2m", "\x1b[0m"
# ASCII only, so that every encoding of the stream works.
_encode = json.JSONEncoder(separators=(",", ":")).encode
_encode_readably = json.JSONEncoder(ensure_ascii=False).encode


def prefixed(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Prefix names that a log record has itself: logging rejects values with such names."""
    event.setdefault("event", None)  # structlog leaves it out of `log.info(None)`, and then fails
    for key in event.keys() & _CLASHES:
        event[f"extra.{key}"] = event.pop(key)
    return event


class LineFormatter(logging.Formatter):
    """Passes every record, whatever it contains, through structlog's processors.

    ProcessorFormatter copies each record, which takes a quarter of the time, and raises if the
    arguments do not match the message.
    """

    def __init__(self, service: str, *renderers: Processor) -> None:
        """Write `service` into every line."""
        super().__init__()
        self._service = service
        self._processors = (values.redacted, *renderers)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: Any = self._fields(record)
        for process in self._processors:
            line = process(None, record.levelname, line)
        return str(line)

    def _fields(self, record: logging.LogRecord) -> EventDict:
        fields = {
            "timestamp": f"{_second(int(record.created))}.{int(record.created % 1 * 1000):03d}Z",
            "level": str(record.levelname),
            "severity": _SEVERITIES[min(max(record.levelno // 10, 0), 5)],
            "logger": record.name,
            "service": self._service,
            "message": _message(record),
        }
        for key, value in sorted(get_contextvars().items()):
            fields[f"extra.{key}" if key in fields else key] = value
        if record.exc_info or record.exc_text or record.stack_info:
            fields |= _error(record)
        for key, value in vars(record).items():
            if key not in _NOT_EXTRA:
                fields[f"extra.{key}" if key in OWN else key] = value
        return fields


@lru_cache(maxsize=2)
def _second(moment: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment))


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage().strip()
    except Exception as problem:  # arguments may raise anything when formatted
        asked = f"{values.shown(record.msg)} % {values.shown(record.args)}"
        return f"[cannot be formatted: {type(problem).__qualname__}] {asked}"


def _error(record: logging.LogRecord) -> EventDict:
    fields, stack = {}, record.exc_text or ""
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        kind = type(error)
        module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
        fields["error.type"] = f"{module}{kind.__qualname__}"
        fields["error.message"] = values.shown(error)
        stack = "".join(traceback.format_exception(error))
    if record.stack_info:
        stack = f"{stack}\n{record.stack_info}"
    return {**fields, "stack_trace": stack.strip()} if stack else fields


def json_lines(service: str) -> LineFormatter:
    """Return a formatter that makes each record one JSON object in one line."""
    return LineFormatter(service, JSONRenderer(_json))


def _json(fields: EventDict, **_options: object) -> str:
    line = _encode(fields)
    if len(line) <= MAX_LINE:
        return line
    kept = {name: value for name, value in fields.items() if name in OWN}
    count = len(fields) - len(kept)
    return _encode({**kept, "left_out": f"{count} fields of a line of {len(line)} characters"})


def text_lines(service: str, *, color: bool) -> LineFormatter:
    """Return a formatter for people; it indents stacks, so that they cannot forge lines."""

    def colored(text: str, code: str) -> str:
        return f"{code}{text}{_PLAIN}" if color and code and text else text

    def readable(_logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
        """Keep the fields that a person reads, and make them printable."""
        extra = [name for name in fields if name not in OWN and name not in _IN_MESSAGE]
        details = [f"{name}={_encode_readably(fields[name])}" for name in extra]
        if "request_id" in fields:
            details.append(f"[{fields['request_id']}]")
        level = _printable(fields["level"])
        parts = {
            "timestamp": fields["timestamp"],
            "level": colored(f"{level:<8}", _COLORS.get(level, "")),
            "logger": f"{_printable(fields['logger'])}:",
            "message": _printable(fields["message"]),
            "details": colored(_printable(" ".join(details)), _FAINT),
        }
        stack = [f"    {_printable(line)}" for line in fields.get("stack_trace", "").splitlines()]
        return {**parts, "exception": "\n".join(stack)} if stack else parts

    columns = [Column("", lambda _, part: str(part))]  # colored already
    return LineFormatter(service, readable, ConsoleRenderer(columns=columns, sort_keys=False))


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode()
