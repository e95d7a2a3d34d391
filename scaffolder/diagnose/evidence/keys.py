"""Keys of settings in files, and which name one may be a misspelling of.

JSON has its keys before a colon, in quotes; anything else (YAML, TOML, INI, properties, .env) at
the beginning of lines. Nothing is read further than that: a key is only to be called otherwise.
"""

import json
import re
from collections.abc import Collection, Iterator
from string import ascii_lowercase, digits

MOST = 80
NAME = r"[A-Za-z_][\w.-]{0,60}"
MEMBER = r"\"(?P<name>{name})\"(?=\s*:)"
LINE = (
    r"^(?:[ \t]*(?:- )?(?:export )?(?P<quote>[\"']?)(?P<name>{name})(?P=quote)(?=[ \t]*[:=])"
    r"|[ \t]*\[{{1,2}}(?P<table>{name})(?=\]))"
)
SHORTEST, LONG, LONGER = 4, 5, 8
"""Of how many letters names are in which one may be missing, be another one, or two are wrong."""


def keys(text: str) -> list[str]:
    """Return the keys in a file of settings."""
    found = (match["name"] or match["table"] for match in _pattern(text, NAME).finditer(text))
    return list(dict.fromkeys(found))[:MOST]


def renamed(text: str, key: str, name: str) -> str:
    """Return a file with another name for a key, wherever it stands as one."""

    def other(match: re.Match[str]) -> str:
        start = match.start("name" if match["name"] else "table") - match.start()
        return f"{match[0][:start]}{name}{match[0][start + len(key) :]}"

    return _pattern(text, re.escape(key)).sub(other, text)


def _pattern(text: str, name: str) -> re.Pattern[str]:
    form = rf"(?P<table>(?!))?{MEMBER}" if _is_json(text) else LINE
    return re.compile(form.format(name=name), re.MULTILINE)


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


def folded(name: str) -> str:
    """Return a name without what is written differently from one file to the other."""
    return re.sub(r"[-_.]", "", name).lower()


def near(key: str, names: Collection[str]) -> list[str]:
    """Return the names that a key may be a misspelling of, the nearest first.

    They differ in case or in what separates words, or in a letter; long ones in two.
    """
    plain = folded(key)
    by_form: dict[str, list[str]] = {}
    for name in names:
        if abs(len(name) - len(key)) <= len(key) // 3 + 2:
            by_form.setdefault(folded(name), []).append(name)
    forms = [plain, *(form for form in _variants(plain) if form in by_form)]
    if len(forms) == 1 and plain not in by_form and len(plain) >= LONGER:
        forms = [form for form in by_form if is_close(plain, form)]
    return [name for form in dict.fromkeys(forms) for name in sorted(by_form.get(form, ()))]


def _variants(plain: str) -> Iterator[str]:
    """Yield a name with two letters swapped, and with one more, one less, or another one."""
    if len(plain) < SHORTEST:
        return
    cuts = [(plain[:at], plain[at:]) for at in range(len(plain) + 1)]
    yield from (a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1 and b[0] != b[1])
    yield from (a + b[1:] for a, b in cuts if b and len(plain) > SHORTEST)
    letters = ascii_lowercase + digits
    yield from (a + letter + b for a, b in cuts for letter in letters)
    if len(plain) > LONG:
        yield from (a + x + b[1:] for a, b in cuts if b for x in letters if x != b[0])


def is_close(one: str, other: str) -> bool:
    """Tell whether two names differ by two letters at the most, of which the first is none."""
    if one[:1] != other[:1] or abs(len(one) - len(other)) > 2:
        return False
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, against in enumerate(other, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != against))
            if i > 1 and j > 1 and (letter, one[i - 2]) == (other[j - 2], against):
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > 2:
            return False
    return row[-1] <= 2
