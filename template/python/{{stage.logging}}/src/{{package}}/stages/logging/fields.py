"""A log record as the fields of one line."""

import logging
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from . import context, values

MAX_STACK = 2 * values.MAX_TEXT

OWN = frozenset(
    (
        *("timestamp", "level", "severity", "logger", "service", "message"),
        *("request_id", "trace_id", "span_id"),
        *("error.type", "error.message", "stack_trace", "log_error", "left_out"),
    )
)
"""Names that values passed with `extra` cannot take; they get the prefix `extra.`."""

# `color_message` is uvicorn's, and says the same as the message.
_NOT_EXTRA = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
# Levels of one's own lie between these; Google Cloud knows no others.
_SEVERITIES = ("DEBUG", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def of(record: logging.LogRecord, service: str) -> dict[str, Any]:
    """Return the fields of `record`; what cannot be shown leaves a text that says so."""
    return {
        "timestamp": _timestamp(record),
        "level": record.levelname,
        "severity": _SEVERITIES[min(max(record.levelno // 10, 0), 5)],
        "logger": values.text(record.name),
        "service": service,
        "message": _message(record),
        **context.request.get(),
        **_attempt(_error, record),
        **_attempt(_extra, record),
    }


def _timestamp(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(record: logging.LogRecord) -> str:
    try:
        return values.text(record.getMessage().strip())
    except Exception as problem:  # noqa: BLE001 - arguments may raise anything when formatted
        asked = f"{values.shown(record.msg)} % {values.shown(record.args)}"
        return values.text(f"[cannot be formatted: {type(problem).__qualname__}] {asked}")


def _attempt(
    part: Callable[[logging.LogRecord], dict[str, Any]], record: logging.LogRecord
) -> dict[str, Any]:
    try:
        return part(record)
    except Exception as problem:  # noqa: BLE001 - a program's objects may raise anything
        return {"log_error": values.text(f"{type(problem).__qualname__}: {values.shown(problem)}")}


def _error(record: logging.LogRecord) -> dict[str, str]:
    fields: dict[str, str] = {}
    stack = record.exc_text or ""
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        fields["error.type"] = _qualified(type(error))
        fields["error.message"] = values.text(values.shown(error))
        stack = "".join(traceback.format_exception(error))
    if record.stack_info:
        stack = f"{stack}\n{record.stack_info}"
    if stack:
        fields["stack_trace"] = values.text(stack.strip(), MAX_STACK)
    return fields


def _qualified(kind: type) -> str:
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return f"{module}{kind.__qualname__}"


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    extra = [(key, value) for key, value in vars(record).items() if key not in _NOT_EXTRA]
    named = ((f"extra.{key}" if key in OWN else values.name(key), value) for key, value in extra)
    return {name: values.field(name, value) for name, value in named}
