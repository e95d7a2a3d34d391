"""Rows as lines of JSON: the same text from SQLite and from PostgreSQL, and in each language.

JSON has null, booleans, whole numbers and text. Bytes are `{"base64": "..."}`, and floats are
`{"float": "1.5"}`, since readers of JSON round them. All else is text: decimals without zeros at
their end, times with microseconds and in UTC.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

Value = None | bool | int | float | str | bytes
MOST = 2**63
"""Whole numbers of a database are smaller."""
TIME = re.compile(
    r"(?P<date>[0-9]{4,6}-[0-9]{2}-[0-9]{2})?"
    r"((?(date)[Tt ])(?P<minute>[0-9]{2}:[0-9]{2})(:(?P<second>[0-9]{2})(\.(?P<fraction>[0-9]+))?)?"
    r"( ?([Zz]|(?P<sign>[+-])(?P<hours>[01][0-9])(:?(?P<minutes>[0-5][0-9]))?))?)?"
)
"""SQLite keeps whatever form a time was given in."""


def line(names: Sequence[str], values: Sequence[Value]) -> bytes:
    """Write a row."""
    row = dict(zip(names, map(_plain, values), strict=True))
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _plain(value: Value) -> object:
    if isinstance(value, bytes):
        return {"base64": b64encode(value).decode()}
    return {"float": number(value)} if isinstance(value, float) else value


def number(value: float) -> str:
    """Write a float with as few digits as it takes."""
    names = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}
    written = repr(value)
    return names.get(written) or written.replace("e+", "e").replace("e-0", "e-")


def values(written: bytes, names: Sequence[str]) -> list[Value]:
    """Read a row; a ValueError says in words what is wrong with it, but not what is in it."""
    if not written.endswith(b"\n"):
        raise ValueError("the end of the line is missing")
    try:
        pairs = json.loads(
            written.decode(),
            object_pairs_hook=_Pairs,
            parse_float=_Fraction,
            parse_constant=_refuse,
        )
    except (ValueError, RecursionError) as error:
        raise ValueError("that is no JSON") from error
    if not isinstance(pairs, _Pairs):
        raise ValueError("that is no object of JSON")
    found: dict[str, Value] = {}
    for name, value in pairs:
        if name not in names:
            raise ValueError("it has a column that the table does not have")
        if name in found:
            raise ValueError(f"it has the column {name} twice")
        try:
            found[name] = _value(value)
        except ValueError as error:
            raise ValueError(f"the column {name} has a value of no known form") from error
    for name in names:
        if name not in found:
            raise ValueError(f"the column {name} is missing")
    return [found[name] for name in names]


class _Pairs(list[tuple[str, Any]]):
    """The members of an object."""


class _Fraction(str):
    """A number that is not whole: floats are written in another way."""

    __slots__ = ()


def _refuse(constant: str) -> None:
    """NaN is not JSON, though Python reads it."""
    raise ValueError(constant)


def _value(value: object) -> Value:
    if isinstance(value, _Pairs):
        return _tagged(value)
    if isinstance(value, int) and -MOST <= value < MOST:
        return value
    if value is None or type(value) is str:
        if value:
            value.encode()  # halves of characters outside the first plane are in no database
        return value
    raise ValueError


def _tagged(pairs: _Pairs) -> Value:
    ((tag, text),) = pairs
    read = READERS.get(tag)
    if read is None or not isinstance(text, str):
        raise ValueError
    value = read(text)
    if _plain(value) != {tag: text}:
        raise ValueError
    return value


READERS: dict[str, Callable[[str], Value]] = {
    "base64": lambda text: b64decode(text, validate=True),
    "float": float,
}


def decimal(text: str) -> str:
    """Return a decimal without zeros at its end; whatever else it is, as it is."""
    if "." not in text or set(text) - set("-.0123456789"):
        return text
    text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def time(text: str) -> str:
    """Return a time in UTC, with microseconds and without its zone; what is none, as it is."""
    found = TIME.fullmatch(text)
    fraction = ((found and found["fraction"]) or "").rstrip("0")
    if not (text and found) or len(fraction) > len("ffffff"):
        return text
    whole = f"{found['minute'] or '00:00'}:{found['second'] or '00'}"
    if found["date"]:
        whole = f"{found['date']} {whole}"
    if offset := timedelta(hours=int(found["hours"] or 0), minutes=int(found["minutes"] or 0)):
        try:
            there = datetime.fromisoformat(whole)
            whole = (there - offset if found["sign"] == "+" else there + offset).isoformat(" ")
        except (ValueError, OverflowError):
            return text  # without a date, it is a time of no day
    return f"{whole}.{fraction:0<6}"


def uuid(text: str) -> str:
    """Return a UUID as SQLAlchemy writes it where the database has no type for it."""
    return text.replace("-", "").lower()
