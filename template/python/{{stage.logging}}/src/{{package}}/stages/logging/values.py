"""Whatever a program logs, made fit for a line: encodable, bounded, without secrets."""

import math
from collections.abc import Collection, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from . import redaction

MAX_TEXT = 8192
MAX_NAME = 128
MAX_ITEMS = 100
MAX_DEPTH = 6
_MAX_INTEGER = 2**63
# Tuples, since a union would be made anew at each test.
_NUMBERS = (int, float)
_COLLECTIONS = (Mapping, list, tuple, set, frozenset)


def text(value: str, limit: int = MAX_TEXT) -> str:
    """Return `value` without secrets and lone surrogates, its middle left out when it is long."""
    value = redaction.in_text(value) if len(value) <= limit else _shortened(value, limit)
    if value.isascii():
        return value
    return value.encode(errors="backslashreplace").decode()


def _shortened(value: str, limit: int) -> str:
    # Hidden in twice of what is kept, so that no secret is cut where nothing recognizes it.
    head = redaction.in_text(value[:limit])[: limit // 2]
    tail = redaction.in_text(value[-limit:])[-limit // 2 :]
    return f"{head} [{len(value) - limit} characters left out] {tail}"


def name(key: object) -> str:
    """Return the name of a field."""
    if isinstance(key, str) and len(key) <= MAX_NAME:
        return _short_name(key)
    return text(shown(key), MAX_NAME)


@lru_cache(maxsize=1024)
def _short_name(key: str) -> str:
    return text(key)


def field(key: str, value: object, depth: int = 0) -> Any:  # noqa: ANN401 - any JSON value
    """Return `value` as JSON can hold it, hidden when its name is that of a secret."""
    if value is None or isinstance(value, bool):
        return value
    if redaction.is_secret(key):
        return redaction.HIDDEN
    if isinstance(value, _NUMBERS):
        return _number(value)
    if isinstance(value, _COLLECTIONS) and depth < MAX_DEPTH:
        return _collection(key, value, depth)
    return text(value if isinstance(value, str) else shown(value))


def _number(value: float) -> int | float | str:
    if isinstance(value, int):
        # Collectors read integers of 64 bits; Python refuses to print those of many digits.
        return value if abs(value) < _MAX_INTEGER else f"{value:#x}"[:MAX_NAME]
    return value if math.isfinite(value) else str(value)


def _mapping(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    named = ((name(key), item) for key, item in islice(value.items(), MAX_ITEMS))
    fields = {key: field(key, item, depth + 1) for key, item in named}
    if len(value) > MAX_ITEMS:
        fields["..."] = f"{len(value) - MAX_ITEMS} more left out"
    return fields


def _collection(key: str, value: Collection[Any], depth: int) -> dict[str, Any] | list[Any]:
    match value:
        case Mapping():
            return _mapping(value, depth)
        case (str() | bytes() as first, second):  # a header, as ASGI and WSGI have them
            return [name(first), field(name(first), second, depth + 1)]
    kept = [field(key, item, depth + 1) for item in islice(value, MAX_ITEMS)]
    if len(value) > MAX_ITEMS:
        kept.append(f"{len(value) - MAX_ITEMS} more left out")
    return kept


def shown(value: object) -> str:
    """Return `str(value)`, or a text that says why there is none."""
    try:
        if isinstance(value, bytes):
            return value.decode(errors="backslashreplace")
        return str(value)
    except Exception as error:  # noqa: BLE001 - a program's own __str__ may raise anything
        return f"[{type(value).__qualname__} that cannot be shown: {type(error).__qualname__}]"
