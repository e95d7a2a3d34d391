"""Checks that facts have the types that they declare, whoever says them."""

from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from functools import cache, wraps
from types import NoneType, UnionType
from typing import Any, ParamSpec, TypeVar, get_args, get_origin, get_type_hints

from scaffolder.errors import UnreadableError

P = ParamSpec("P")
T = TypeVar("T")
BROKEN = (TypeError, ValueError, AttributeError, LookupError, OverflowError, RecursionError)
"""What reading a document of an unexpected shape raises."""

_hints = cache(get_type_hints)


def strict(reader: Callable[P, T]) -> Callable[P, T]:
    """Make a reader of documents raise UnreadableError for one of an unexpected shape."""

    @wraps(reader)
    def checked(*args: P.args, **more: P.kwargs) -> T:
        try:
            found = reader(*args, **more)
        except BROKEN as error:
            raise UnreadableError(f"the answer cannot be read: {error}") from error
        if wrong := misfit(found, _hints(reader)["return"], reader.__name__):
            raise UnreadableError(f"the answer cannot be read: {wrong}")
        return found

    return checked


def misfit(value: Any, declared: Any, name: str) -> str:  # noqa: ANN401 - of any type
    """Return which part of a value does not have its declared type; empty if all do."""
    origin, inner = get_origin(declared), get_args(declared)
    if origin is UnionType:
        possible = [misfit(value, each, name) for each in inner]
        return "" if not all(possible) else possible[0]
    if origin is tuple and isinstance(value, tuple):
        return _first(misfit(item, inner[0], name) for item in value)
    if origin is not None and issubclass(origin, Mapping) and isinstance(value, Mapping):
        items = (part for pair in value.items() for part in zip(pair, inner, strict=True))
        return _first(misfit(item, kind, name) for item, kind in items)
    if isinstance(declared, type) and is_dataclass(declared) and isinstance(value, declared):
        hints = _hints(declared)
        return _first(misfit(getattr(value, key), hints[key], key) for key in hints)
    plain = (float, int) if declared is float else declared or NoneType
    fits = isinstance(plain, type | tuple) and isinstance(value, plain)
    return "" if fits and origin is None else f"{name} has the type {type(value).__name__}"


def _first(found: Any) -> str:  # noqa: ANN401 - texts, some of them empty
    return next(filter(None, found), "")
