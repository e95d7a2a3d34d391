"""A resource as it is typed: its names and its fields, checked before any code has them."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from scaffolder.errors import UsageError
from scaffolder.languages.base import Language
from scaffolder.text import shown, type_name

LONGEST = 30
"""Characters of a name: so lines of the code that hold it stay within what linters allow."""

MOST_FIELDS = 40
"""The tests in Rust have them in one `json!`, which the compiler expands up to 41."""

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
RULE = "starts with a lower-case letter, continues with lower-case letters, digits and single _"

TYPES = {
    "string": "a line of 1 to 100 characters",
    "text": "up to 10,000 characters",
    "int": "a whole number that every client of JSON can read: up to 2**53 - 1",
    "float": "a number of double precision",
    "bool": "true or false",
    "datetime": "a time with its offset (RFC 3339), kept in UTC",
    "date": "a day: 2026-11-28",
    "uuid": "an identifier",
}
"""The types of fields, and what each holds."""

UNIQUE = ":unique"
ONE_OF_MANY = {
    "text": "an index on a long text costs much, and PostgreSQL refuses the longest",
    "float": "two that look the same may differ in their last digit",
    "bool": "there could be two at most",
}
"""The types whose values cannot be unique, and why."""

OTHERS = {
    **dict.fromkeys(("str", "varchar", "char"), "string"),
    **dict.fromkeys(("integer", "bigint", "i64", "i32", "u32", "u64", "number", "smallint"), "int"),
    **dict.fromkeys(("double", "f64", "f32", "real"), "float"),
    "boolean": "bool",
    **dict.fromkeys(("timestamp", "timestamptz", "ts", "tstz", "time"), "datetime"),
    **dict.fromkeys(("decimal", "numeric", "money"), "int"),
}
"""How other generators call them; a decimal is kept best as a count of its smallest unit."""

SINGULAR = ("ss", "us", "is")
"""How words in the singular end: address, status, analysis."""

SQLITE = "sqlite_"
"""How the tables of SQLite itself begin."""


@dataclass(frozen=True)
class _Role:
    """What a name is for: how messages call it, and what to type instead."""

    title: str
    hint: str
    other: str
    longest: int = LONGEST


RESOURCE = _Role("the name of a resource", "viscaffold add-resource {}", "own")
PLURAL = _Role("the plural of a resource", "--plural {}", "own", LONGEST + 2)
FIELD = _Role("the name of a field", "{}:...", "its")


@dataclass(frozen=True)
class Field:
    """A field of a resource."""

    name: str
    type: str
    optional: bool
    unique: bool = False
    """Whether no two may have the same value of it; null is never the same."""


@dataclass(frozen=True)
class Resource:
    """A resource: what one is called, what several are, and what each has."""

    name: str
    plural: str
    fields: tuple[Field, ...]

    @property
    def path(self) -> str:
        """Return what its routes are called."""
        return self.plural.replace("_", "-")

    def document(self) -> dict[str, Any]:
        """Return it for templates."""
        return {
            "name": self.name,
            "plural": self.plural,
            "type": type_name(self.name),
            "types": type_name(self.plural),
            "path": self.path,
            "fields": [vars(field) for field in self.fields],
        }


def parsed(  # noqa: PLR0913 - what was typed, and what is taken
    name: str,
    fields: Sequence[str],
    plural: str,
    language: Language,
    *,
    taken: Collection[str],
    taken_by_fields: Collection[str],
) -> Resource:
    """Read what was typed; raise UsageError, with what to type instead, for what cannot be.

    `taken` are names that the code of a resource gives to something else, or the service does.
    """
    _check(name, RESOURCE, language, taken)
    several = plural or _plural(name)
    if not plural and name.endswith("s") and not name.endswith(SINGULAR):
        one = name[:-3] + "y" if name.endswith("ies") else name[:-1]
        raise UsageError(
            f"{name} looks like a plural: a resource is named in the singular",
            f"viscaffold add-resource {one} ..., or, if it is one: --plural {several}",
        )
    _check(several, PLURAL, language, taken)
    if several == name:
        raise UsageError(
            f"one {name} and several are called the same, and the code needs two names",
            f"--plural {name}_list",
        )
    if several.startswith(SQLITE):
        raise UsageError(f"SQLite keeps names that begin with {SQLITE} to itself", "another name")
    if len(fields) > MOST_FIELDS:
        raise UsageError(f"{len(fields)} fields are too many: there may be {MOST_FIELDS}")
    found = [_field(field, language, taken_by_fields) for field in fields]
    called = [field.name for field in found]
    twice = next((name for name in called if called.count(name) > 1), None)
    if twice:
        raise UsageError(f"there are two fields {twice}", "leave one of them out")
    return Resource(name, several, tuple(found))


def _field(typed: str, language: Language, taken: Collection[str]) -> Field:
    name, colon, kind = typed.partition(":")
    _check(name, FIELD, language, taken)
    unmarked = kind.removesuffix(UNIQUE)
    plain = unmarked.removesuffix("?")
    if plain not in TYPES:
        what = f"has no type {shown(kind)}" if colon else "has no type"
        raise UsageError(
            f"the field {name} {what}; there are {', '.join(TYPES)}, each with ? where it may be "
            f"missing, and then with {UNIQUE} where no two may have the same",
            _typed(name, plain),
        )
    if unmarked != kind and plain in ONE_OF_MANY:
        raise UsageError(
            f"the field {name} cannot be unique: {ONE_OF_MANY[plain]}", f"{name}:{unmarked}"
        )
    return Field(name, plain, unmarked.endswith("?"), unmarked != kind)


def _typed(name: str, kind: str) -> str:
    """Return a field to type in the place of one with another type."""
    plain = kind.lower().partition(":")[0].strip("?!^")
    close = get_close_matches(plain, TYPES, 1)
    return f"{name}:{OTHERS.get(plain) or (close[0] if close else 'string')}"


def _check(name: str, role: _Role, language: Language, taken: Collection[str]) -> None:
    """Raise UsageError unless something in this role can be called `name`, with a name to try."""
    if not NAME.fullmatch(name) or len(name) > role.longest:
        raise UsageError(
            f"{shown(name)} cannot be {role.title}: it {RULE}, and has at most {role.longest} "
            "characters",
            role.hint.format(_close(name)),
        )
    reason = language.word_problem(name)
    if not reason and name in taken:
        reason = "the service, or a library, has something else of that name"
    if reason:
        other = f"{role.other}_{name}"[: role.longest].rstrip("_")
        raise UsageError(f"{name} cannot be {role.title}: {reason}", role.hint.format(other))


def _close(name: str) -> str:
    """Return a name that is like this one, and may be one."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain).lower()
    words = re.findall(r"[a-z0-9]+", spaced)
    return "_".join(words).lstrip("0123456789_")[:LONGEST].rstrip("_") or "order"


def _plural(name: str) -> str:
    if name.endswith("sis"):  # analysis, basis
        return f"{name[:-2]}es"
    if re.search(r"[^aeiou]y$", name):
        return f"{name[:-1]}ies"
    return f"{name}es" if re.search(r"(s|x|z|ch|sh)$", name) else f"{name}s"
