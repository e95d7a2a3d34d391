"""Names of services, and the directories that they stand in."""

import keyword
import re
import sys
import unicodedata

from .errors import UsageError

LONGEST = 40
"""So that every line which holds the name stays below the generated code's line length."""

PATTERN = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

# A service of that name would hide a module which it imports, or its own tests.
TAKEN = (
    *(
        "anyio",
        "argon2",
        "argon2-cffi",
        "click",
        "fastapi",
        "h11",
        "httpx2",
        "idna",
        "jwt",
        "multipart",
        "mypy",
    ),
    *(
        "pydantic",
        "pyjwt",
        "pytest",
        "python-multipart",
        "ruff",
        "src",
        "starlette",
        "tests",
        "uvicorn",
    ),
)

RULE = (
    "a name starts with a lower-case letter, continues with lower-case letters, digits and "
    f"single hyphens, and has at most {LONGEST} characters"
)


def check(name: str) -> None:
    """Raise UsageError, with a name to try, unless a service can be called `name`."""
    if not PATTERN.fullmatch(name) or len(name) > LONGEST:
        raise UsageError(f"{shown(name)} cannot be a service's name: {RULE}", _try(name))
    module = package(name)
    reason = ""
    if keyword.iskeyword(module) or keyword.issoftkeyword(module):
        reason = "it is a keyword of Python"
    elif module in sys.stdlib_module_names:
        reason = "it would hide a module of Python's standard library"
    elif name in TAKEN:
        reason = "it would hide a module that the service uses"
    if reason:
        raise UsageError(f"{name!r} cannot be a service's name: {reason}", _try(f"{name}-service"))


def package(name: str) -> str:
    """Return the import package of the service `name`."""
    return name.replace("-", "_")


def shown(name: str) -> str:
    """Quote a name for a message: no control characters, not endless."""
    return repr(name if len(name) <= LONGEST else name[:LONGEST] + "...")


def printable(text: str) -> str:
    """Return a text of somebody else's for a terminal: control characters are spelled out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _try(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    close = "-".join(words).lstrip("0123456789-")[:LONGEST].rstrip("-")
    return f"viscaffold new {close or 'orders'}"
