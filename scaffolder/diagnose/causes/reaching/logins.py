"""Whether a container has the login with which a neighbour was started, without showing either."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.silence.readings import named_variables
from scaffolder.diagnose.evidence.facts import Neighbour

from . import secret_files

PASSWORD = re.compile(r"(?:^|_)PASS(?:WORD|WD)?$")
USER = re.compile(r"(?:^|_)USER(?:NAME)?$|^PGUSER$")
DATABASE = re.compile(r"^(?:POSTGRES|MYSQL|MARIADB|POSTGRESQL)_(?:DB|DATABASE)$")
OWN_DATABASE = re.compile(
    r"^(?:PG|POSTGRES_|MYSQL_|MARIADB_|DB_|DATABASE_)(?:DB|DB_?NAME|DATABASE|NAME)$"
)
OWN_USER = re.compile(r"^(?:PG|POSTGRES_|MYSQL_|MARIADB_|DB_|DATABASE_)USER(?:NAME)?$")
OPTION = "--requirepass"
SQL = re.compile(r"^(?:postgres(?:ql)?|mysql|mariadb)\b")
ASKED = re.compile(r"PASS|PWD|TOKEN|SECRET|AUTH", re.IGNORECASE)
ELSEWHERE = re.compile(rf"{secret_files.NAMED.pattern}|(?:^|/)run/secrets/", re.IGNORECASE)
"""A login that is in a file."""


@dataclass(frozen=True)
class Mismatch:
    """What differs, in words that tell no password."""

    words: str
    fix: str
    there: str
    here: str = ""
    file: str = ""
    """Which file shows what is here; empty where the variables do."""


def mismatch(case: Case, host: str, other: Neighbour) -> Mismatch | None:
    """Return what of the login of a neighbour this container does not have; None if nothing."""
    return _password(case, other) or _name(case, host, other)


def _password(case: Case, other: Neighbour) -> Mismatch | None:
    wanted = dict(_passwords(other))
    env = case.config.env
    given = [*env.values(), *case.config.argv]
    if not wanted or any(
        secret in text or secret in unquote(text) for secret in wanted.values() for text in given
    ):
        return None
    by = next(iter(wanted))
    files = secret_files.paths(case)
    if files or any(ELSEWHERE.search(text) for text in (*env, *given)):
        return _in_files(case, other, wanted, files)
    unset = [name for name, _, _ in named_variables(case) if ASKED.search(name)]
    reads = f"; the program reads {unset[0]}, which is not set" if unset else ""
    return Mismatch(
        f"wants a password ({by}), which no variable or argument of this container holds{reads}",
        f"give this container the password of {other.name}"
        f" ({f'-e {unset[0]}' if unset else 'in a variable that the program reads'}, --env-file"
        " or a secret)",
        f"{by}=[redacted]",
    )


def _in_files(
    case: Case, other: Neighbour, wanted: Mapping[str, str], files: tuple[str, ...]
) -> Mismatch | None:
    """Compare the secrets with the password; one that cannot be read may hold it."""
    kept = secret_files.contents(case, files)
    by = next(iter(wanted))
    broken = secret_files.with_line_break(kept, wanted.values())
    if broken:
        return Mismatch(
            f"wants a password ({by}), which {broken} holds with a line break at its end: sent as"
            " it is, it is another password",
            f"write it without a line break: printf %s PASSWORD > FILE, and mount that at {broken};"
            " or have the program cut off the end of the line",
            f"{by}=[redacted]",
            f"{broken} ends with {secret_files.ending(kept[broken])}",
            broken,
        )
    named = secret_files.of_password(kept)
    known = all(text is not None for text in kept.values()) and len(kept) == len(files)
    held = any(secret in (text or "") for secret in wanted.values() for text in kept.values())
    if len(named) != 1 or not known or held:
        return None
    return Mismatch(
        f"wants a password ({by}), and {named[0]} holds another one",
        f"write the password of {other.name} into the secret {named[0]}, or start {other.name}"
        " with that one; a database takes it only on its first start, with an empty volume",
        f"{by}=[redacted]",
        f"{named[0]} is not the same",
        named[0],
    )


def _passwords(other: Neighbour) -> Iterator[tuple[str, str]]:
    words = other.command
    for at, word in enumerate(words):
        if word == OPTION and words[at + 1 : at + 2]:
            yield OPTION, words[at + 1]
        elif word.startswith(f"{OPTION}="):
            yield OPTION, word.partition("=")[2]
    yield from (
        (name, value) for name, value in other.env.items() if value and PASSWORD.search(name)
    )


def _name(case: Case, host: str, other: Neighbour) -> Mismatch | None:
    """Compare users and databases: those that it was started with are rarely all, but the usual."""
    for kind, of_theirs, ours in (
        ("user", USER, _users(case, host)),
        ("database", DATABASE, _databases(case, host)),
    ):
        theirs = {
            name: value for name, value in other.env.items() if value and of_theirs.search(name)
        }
        for by, value in ours:
            if theirs and value and value not in (*theirs.values(), "root", "postgres"):
                there = ", ".join(f"{name}={value}" for name, value in theirs.items())
                return Mismatch(
                    f"was started with {there}, while {by} names the {kind} {value}",
                    f"name the {kind} that {other.name} has, or make that one there; a database"
                    " takes its variables only on its first start, with an empty volume",
                    there,
                    f"{by} names the {kind} {value}",
                )
    return None


def _users(case: Case, host: str) -> Iterator[tuple[str, str]]:
    yield from ((by, url.username or "") for by, url in _urls(case, host))
    yield from ((name, value) for name, value in case.config.env.items() if OWN_USER.search(name))


def _databases(case: Case, host: str) -> Iterator[tuple[str, str]]:
    yield from ((by, url.path.strip("/")) for by, url in _urls(case, host))
    yield from (
        (name, value) for name, value in case.config.env.items() if OWN_DATABASE.search(name)
    )


def _urls(case: Case, host: str) -> Iterator[tuple[str, SplitResult]]:
    for name, value in case.config.env.items():
        try:
            url = urlsplit(value)
        except ValueError:
            continue
        if url.hostname == host and SQL.match(url.scheme):
            yield name, url
