"""Names of services, and the directories that they stand in."""

import re
import unicodedata
from collections.abc import Iterable

from .errors import UsageError
from .languages.base import Language
from .text import shown

LONGEST = 40
"""So that every line which holds the name stays below the generated code's line length."""

PATTERN = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

RULE = (
    "a name starts with a lower-case letter, continues with lower-case letters, digits and "
    f"single hyphens, and has at most {LONGEST} characters"
)
SHORT_RULE = f"a-z, 0-9 and single -, a letter first, at most {LONGEST}"
"""The same where a line has little room."""


def check(name: str) -> None:
    """Raise UsageError, with a name to try, unless `name` has the form of a service's name."""
    if not is_well_formed(name):
        raise UsageError(f"{shown(name)} cannot be a service's name: {RULE}", _try(name))


def is_well_formed(name: str) -> bool:
    """Tell whether `name` has the form of a service's name."""
    return PATTERN.fullmatch(name) is not None and len(name) <= LONGEST


def check_free(name: str, language: Language, taken: Iterable[str]) -> None:
    """Raise UsageError, with a name to try, unless a service in `language` can be called so.

    `taken` are modules, packages and dependencies that a service has, or whose tests have.
    """
    reason = language.name_problem(name, taken)
    if reason:
        # Not `test-service`: the template's tests have a module of that name.
        hint = _try("orders" if name == "test" else f"{name}-service")
        raise UsageError(f"{shown(name)} cannot be a service's name: {reason}", hint)


def package(name: str) -> str:
    """Return what code of the service `name` calls it: the hidden answer `package`."""
    return name.replace("-", "_")


def made_of(words: str) -> str:
    """Return a name that is made of the words of another one, with room for `-service`."""
    found = "-".join(re.findall(r"[a-z0-9]+", words.lower())).lstrip("0123456789-")
    return found[: LONGEST - len("-service")].rstrip("-") or "adopted"


def _try(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    close = "-".join(words).lstrip("0123456789-")[:LONGEST].rstrip("-")
    return f"viscaffold new {close or 'orders'}"
