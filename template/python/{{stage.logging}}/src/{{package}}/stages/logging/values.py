"""Prepares any logged value for a line: encodable, bounded, without secrets."""

import math
from collections.abc import Collection, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from structlog.typing import EventDict, WrappedLogger

from ...runtime import redaction

MAX_TEXT = 8192
MAX_STACK = 2 * MAX_TEXT
MAX_NAME = 128
MAX_ITEMS = 100
MAX_DEPTH = 6
_MAX_INTEGER = 2**63
_PLAIN = frozenset(("timestamp", "level", "severity", "service"))


def redacted(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Return the prepared fields of a line; a value that cannot be read leaves a `log_error`."""
    fields: EventDict = {}
    # Most lines contain no secret: checking all texts at once takes half the time.
    texts = "\n".join([v for k, v in event.items() if isinstance(v, str) and k not in _PLAIN])
    clean = len(texts) <= MAX_TEXT and texts.isascii() and redaction.is_clean(texts)
    for key, value in event.items():
        try:
            known = name(key)
            if key in _PLAIN or (clean and type(value) is str and not redaction.is_secret(known)):
                fields[known] = value
            elif key == "stack_trace":
                fields[known] = text(value, MAX_STACK)
            else:
                fields[known] = field(known, value)
        except Exception as problem:  # objects of the application may raise anything
            reason = f"{type(problem).__qualname__}: {shown(problem)}"
            fields["log_error"] = text(reason)
    return fields


def text(value: str, limit: int = MAX_TEXT) -> str:
    """Return `value` without secrets and lone surrogates; the middle of a long one is left out."""
    if len(value) <= limit:
        value = redaction.in_text(value)
    else:  # redact twice what is kept: a secret that is cut may not be recognized
        head = redaction.in_text(value[:limit])[: limit // 2]
        tail = redaction.in_text(value[-limit:])[-limit // 2 :]
        value = f"{head} [{len(value) - limit} characters left out] {tail}"
    return value if value.isascii() else value.encode(errors="backslashreplace").decode()


def name(key: object) -> str:
    """Return the name of a field."""
    if isinstance(key, str) and len(key) <= MAX_NAME:
        return _short_name(key)
    return text(shown(key), MAX_NAME)


_short_name = lru_cache(maxsize=1024)(text)


def field(key: str, value: object, depth: int = 0) -> Any:  # any JSON value
    """Return `value` as JSON data, redacted if its name is that of a secret."""
    if value is None or isinstance(value, bool):
        return value
    if redaction.is_secret(key):
        return redaction.HIDDEN
    match value:
        case str():
            return text(value)
        case int() | float():
            return _number(value)
        case Mapping() | list() | tuple() | set() | frozenset() if depth < MAX_DEPTH:
            return _collection(key, value, depth + 1)
    return text(shown(value))


def _number(value: float) -> int | float | str:
    if isinstance(value, int):
        # Collectors read 64-bit integers; Python refuses to print very long ones.
        return value if abs(value) < _MAX_INTEGER else f"{value:#x}"[:MAX_NAME]
    return value if math.isfinite(value) else str(value)


def _collection(key: str, value: Collection[Any], depth: int) -> dict[str, Any] | list[Any]:
    more = f"{len(value) - MAX_ITEMS} more left out" if len(value) > MAX_ITEMS else ""
    match value:
        case Mapping():
            named = ((name(key), item) for key, item in islice(value.items(), MAX_ITEMS))
            fields = {key: field(key, item, depth) for key, item in named}
            return {**fields, "...": more} if more else fields
        case (str() | bytes() as first, second):  # a header, as ASGI and WSGI have them
            return [name(first), field(name(first), second, depth)]
    items = [field(key, item, depth) for item in islice(value, MAX_ITEMS)]
    return [*items, more] if more else items


def shown(value: object) -> str:
    """Return `str(value)`, or a text that says why it failed."""
    try:
        return value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)
    except Exception as error:  # __str__ of the application may raise anything
        return f"[{type(value).__qualname__} that cannot be shown: {type(error).__qualname__}]"
