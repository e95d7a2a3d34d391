"""The secrets that a program gets as files, to be compared with what a neighbour wants."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from posixpath import basename

from scaffolder.diagnose.case import Case

SECRETS = re.compile(r"^(?:/var)?/run/secrets/")
NAMED = re.compile(
    r"(?:PASS|PASSWD|PASSWORD|PWD|SECRET|AUTH|CREDENTIALS|URL|URI|DSN)_FILE$", re.IGNORECASE
)
"""How variables are named that hold the path of a secret."""
PASSWORD = re.compile(r"pass|pwd|auth", re.IGNORECASE)
MOST = 6
"""How many files are looked at: each takes 0.1 s."""
LONGEST = 4096


def paths(case: Case) -> tuple[str, ...]:
    """Return where its secrets are: as variables, arguments, mounts and a watched copy say."""
    return tuple(dict.fromkeys(_paths(case)))


def _paths(case: Case) -> Iterator[str]:
    env = case.config.env
    yield from (value for name, value in env.items() if NAMED.search(name) and value)
    yield from (word for word in (*env.values(), *case.config.argv) if SECRETS.match(word))
    yield from (m.destination for m in case.config.mounts if SECRETS.match(m.destination))
    opened = (c for c in case.seen.trace.calls if c.name.startswith("open") and not c.error)
    yield from (c.path for c in opened if SECRETS.match(c.path) and not c.writes)


def contents(case: Case, of: Iterable[str]) -> dict[str, str | None]:
    """Return what is in secrets; None for one that cannot be read, or is no small file."""
    found: dict[str, str | None] = {}
    for path in islice(of, MOST):
        entry = case.has(path)
        small = entry and entry.kind == "file" and entry.size <= LONGEST
        data = case.files.content(entry.path) if entry and small else None
        found[path] = None if data is None else data.decode("utf-8", "replace")
    return found


def with_line_break(kept: dict[str, str | None], wanted: Iterable[str]) -> str:
    """Return which secret is a password with a line break at its end; empty if none is."""
    known = set(wanted)
    return next((p for p, t in kept.items() if t and t not in known and _cut(t) in known), "")


def ending(text: str | None) -> str:
    r"""Return the line break at the end of a text, as it is written: `\r\n`."""
    return repr((text or "")[len(_cut(text or "")) :])[1:-1]


def of_password(kept: dict[str, str | None]) -> list[str]:
    """Return which secrets are passwords by their names."""
    return [path for path in kept if PASSWORD.search(basename(path))]


def _cut(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")
