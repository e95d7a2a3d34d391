"""Other ways to write a value: what may have been meant by one that a program does not take."""

import json
import re
from collections.abc import Iterator
from itertools import islice

MOST = 4
JSON = ("{", "[")
YES = ("true", "1", "yes", "on", "True", "TRUE", "y", "enabled")
NO = ("false", "0", "no", "off", "False", "FALSE", "n", "disabled")
"""Words for yes and no, the likeliest to be taken first."""
TRIED_WORDS = 5
PORTS = 65535
SIZE = re.compile(r"SIZE|MEMORY|BYTES|BUFFER|HEAP|QUOTA|CACHE|_MEM(?:_|$)", re.IGNORECASE)
PORT = re.compile(r"PORT$|LISTEN|BIND|ADDR", re.IGNORECASE)
PLACE = re.compile(r"LISTEN|BIND|ADDR|HOST", re.IGNORECASE)
LINK = re.compile(r"(?:URL|URI|DSN|ENDPOINT|ORIGIN|SERVER|BROKER|UPSTREAM)S?$", re.IGNORECASE)
LEVEL = re.compile(r"LEVEL|VERBOSITY", re.IGNORECASE)
KEY = re.compile(r"(?:KEY|SECRET|SALT)$", re.IGNORECASE)
NUMBERED = re.compile(
    r"(?:^|_)(?:PORT|COUNT|NUM|NUMBER|SIZE|MAX|MIN|CONNECTIONS|WORKERS|THREADS|PROCESSES|TIMEOUT"
    r"|SECONDS|MS|INTERVAL|DELAY|LIMIT|RETRIES|REPLICAS|TTL|MB|BYTES|DEPTH|CONCURRENCY)$",
    re.IGNORECASE,
)
"""How names end whose value is usually a whole number."""
NUMBER = re.compile(r"[+-]?\d{1,18}(?:[,_]\d{3}){0,6}(?:[.,]\d+)?")
AMOUNT = re.compile(r"([+-]?\d{1,18}(?:\.\d+)?)(\s*)([A-Za-z]+|%)")
UNITS = {"sec": "s", "second": "s", "min": "m", "minute": "m", "hr": "h", "hour": "h", "msec": "ms"}
SCHEMES = {
    "redis": "redis", "amqp": "amqp", "rabbit": "amqp", "database": "postgres", "pg": "postgres",
    "db": "postgres", "postgres": "postgres", "mongo": "mongodb", "mysql": "mysql", "nats": "nats",
}  # fmt: skip
OTHER_SCHEMES = {
    "postgres": "postgresql", "postgresql": "postgres", "http": "https", "tcp": "http",
}  # fmt: skip
LEVELS = {"verbose": "debug", "warning": "warn", "warn": "warning", "err": "error"}
ENVIRONMENTS = {"prod": "production", "production": "prod", "dev": "development"}
WORD = re.compile(r"[A-Za-z][\w-]{0,30}")
HOST_AND_PORT = re.compile(r"[A-Za-z][\w.-]{0,100}:\d{2,5}")
PAIRS = re.compile(r"[^,;:=\s]+([:=])[^,;:=\s]+(?:[,;]\s*[^,;:=\s]+\1[^,;:=\s]+)*")
HEXADECIMAL = "0123456789abcdef" * 4
"""A key of 32 bytes, or of 64 characters; the first half of it is one of 32 characters."""
ENCODED = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
FORMS = {
    HEXADECIMAL: "64 hexadecimal digits (openssl rand -hex 32)",
    HEXADECIMAL[:32]: "32 characters (openssl rand -hex 16)",
    ENCODED: "32 bytes in base64 (openssl rand -base64 32)",
}
"""What such a key is called in an advice; nobody is to use this one."""
SAMPLES = (
    (r"(?:URL|URI|DSN)$", "postgres://localhost/x"),
    (r"(?:LISTEN|BIND|ADDR|ADDRESS)$", "0.0.0.0:8080"),
    (r"HOST$", "localhost"),
    (r"(?:FILE|PATH)$", "/etc/hostname"),
    (r"DIR$", "/tmp"),
    (r"KEY$", HEXADECIMAL),
)
"""How names end whose values have a form; `1` is a number, a yes and a text."""


def spellings(name: str, value: str) -> list[str]:
    """Return other ways to write the value of a variable, the likeliest first."""
    inner = value.strip().strip("\"'").strip()
    found = (inner, *_spellings(name, inner)) if inner else ()
    return list(islice(dict.fromkeys(f for f in found if f and f != value), MOST))


def sample(name: str) -> str:
    """Return a value that a variable of this name may have."""
    return next((value for pattern, value in SAMPLES if re.search(pattern, name)), "1")


def is_answer(value: str) -> bool:
    """Tell whether a value is a word for yes or no."""
    return value.lower() in YES or value.lower() in NO


def _spellings(name: str, value: str) -> Iterator[str]:
    if is_answer(value) and not (value.isdigit() and NUMBERED.search(name)):
        words = YES if value.lower() in YES else NO
        return iter((value.lower(), *words[:TRIED_WORDS]))
    if value.startswith(JSON):
        return _json(value)
    if NUMBER.fullmatch(value):
        return _number(name, value)
    if match := AMOUNT.fullmatch(value):
        return _amount(*match.groups())
    return (
        iter((HEXADECIMAL, HEXADECIMAL[:32], ENCODED)) if KEY.search(name) else _text(name, value)
    )


def _text(name: str, value: str) -> Iterator[str]:
    if HOST_AND_PORT.fullmatch(value) and not PLACE.search(name):
        yield _with_scheme(name, value)
    if "://" in value:
        yield from _url(name, value)
    elif re.search(r"[,;\s]", value) or (PAIRS.fullmatch(value) and not PLACE.search(name)):
        yield from _list(value)
    if "://" in value or re.search(r"[,;\s]", value):
        return
    if PORT.search(name) or re.fullmatch(r"[^\s:/]*:\d+", value):
        yield from _place(name, value)
    elif LINK.search(name) and not value.startswith("/"):
        yield _with_scheme(name, value)
    elif value.startswith(("/", "./", "~/")):
        yield value.rstrip("/") if value.endswith("/") else f"{value}/"
    elif WORD.fullmatch(value):
        yield from _word(name, value)


def _with_scheme(name: str, value: str) -> str:
    scheme = next((s for word, s in SCHEMES.items() if word in name.lower()), "http")
    return f"{scheme}://{value}"


def _number(name: str, value: str) -> Iterator[str]:
    whole = re.sub(r"[,_](?=\d{3}(?!\d))", "", value).lstrip("+")
    if whole.lstrip("-").isdigit() and not 0 < int(whole) <= PORTS:  # out of range?
        yield "8080" if PORT.search(name) else "1"
    if PORT.search(name):
        yield from (f":{whole}", f"0.0.0.0:{whole}")
    if "," in whole:
        yield whole.replace(",", ".")
    yield re.split(r"[.,]", whole)[0]
    yield whole.lstrip("0") or "0"
    if not PORT.search(name):
        yield from (f"{whole}M", f"{whole}MB", f"{whole}Mi") if SIZE.search(name) else ()
        yield from (f"{whole}s", f"PT{whole}S", f"{whole}ms")


def _amount(number: str, blank: str, unit: str) -> Iterator[str]:
    short = UNITS.get(unit.lower().rstrip("s"), unit)
    if blank or short != unit:
        yield f"{number}{short}"
    if unit.lower() in ("d", "day", "days") and "." not in number:
        yield f"{24 * int(number)}h"
    yield number.partition(".")[0]
    if unit.lower().endswith(("b", "i")):
        yield f"{number}{unit[0]}"
    yield f"{number}{unit.lower()}"
    if short in ("s", "m", "h"):
        yield f"PT{number}{short.upper()}"


def _place(name: str, value: str) -> Iterator[str]:
    host, colon, port = value.rpartition(":")
    if colon and port.isdigit():
        if PLACE.search(name):
            yield from (f"0.0.0.0:{port}", f":{port}")
        yield from (port, host)
    elif re.fullmatch(r"[\d.]+|[\w.-]+", value):
        yield from (f"{value}:8080", "0.0.0.0:8080", "0.0.0.0")


def _url(name: str, value: str) -> Iterator[str]:
    scheme, _, rest = value.partition("://")
    if PORT.search(name):
        yield from (rest.rstrip("/"), re.sub(r".*:(\d+).*", r"\1", rest))
    if scheme in OTHER_SCHEMES:
        yield f"{OTHER_SCHEMES[scheme]}://{rest}"
    yield value.rstrip("/") if value.endswith("/") else f"{value}/"
    yield rest


def _list(value: str) -> Iterator[str]:
    parts = [part for part in re.split(r"\s*[,;]\s*|\s+", value) if part]
    if len(parts) > 1 or value[-1] in ",;":
        yield ",".join(parts)
        yield (" " if "," in value and len(parts) > 1 else ";").join(parts)
    if match := PAIRS.fullmatch(value):
        yield value.replace(match[1], "=" if match[1] == ":" else ":")
    yield json.dumps(parts)


def _word(name: str, value: str) -> Iterator[str]:
    low = value.lower()
    yield low
    if other := (LEVELS if LEVEL.search(name) else ENVIRONMENTS).get(low, ""):
        yield from (other, other.upper()) if value.isupper() else (other,)
    yield from (value.upper(), value.capitalize())
    if LEVEL.search(name):
        yield "info"


def _json(value: str) -> Iterator[str]:
    if is_json(value):
        if value.startswith("[") and all(isinstance(part, str) for part in json.loads(value)):
            yield ",".join(json.loads(value))
        return
    if is_json(value.replace("'", '"')):
        yield value.replace("'", '"')
    yield "{}" if value[0] == "{" else "[]"


def is_json(value: str) -> bool:
    """Tell whether a value is JSON, as far as it can be read at all."""
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return False
    return True
