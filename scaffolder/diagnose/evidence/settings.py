"""Settings in files: JSON by its structure, anything else (YAML, TOML, INI, .env) by its lines.

No file is understood further than that: what matters is only that one value can be written
otherwise, and the rest stays as it is.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from posixpath import basename
from typing import Any

MOST, LONGEST = 40, 500
"""How many settings are found in a file, and of how many characters they are."""
DEEPEST = 20
LITERAL = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?|true|false|null")
"""What JSON has without quotes around it, other than arrays and objects."""
LINE = re.compile(
    r"^(?P<before>\s*(?:- )?(?:export )?[\"']?(?P<name>[A-Za-z_][\w.-]*)[\"']?\s*[:=]\s*)"
    r"(?P<quote>[\"']?)(?P<value>[^\s\"'#\[{&*|>][^\"'\n]*?)(?P=quote)"
    r"(?P<after>[ \t]*(?:\s[#;].*)?)$"
)
"""A name, and a value of one line that is not empty, and no list, mapping or block."""
Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Setting:
    """A setting, and where it stands."""

    path: str
    name: str
    value: str
    place: Place
    """In JSON the keys that lead to it, elsewhere the number of its line, from 0; or nothing."""
    is_quoted: bool = False

    @property
    def is_whole(self) -> bool:
        """Tell whether it is all that the file has: a secret, most often."""
        return not self.place

    @property
    def where(self) -> str:
        """Its name and its file, for a sentence."""
        return self.path if self.is_whole else f"{self.name} in {self.path}"


def settings(path: str, text: str) -> list[Setting]:
    """Return the settings of a file; nothing if it has none."""
    document = _json(text)
    found = _lines(path, text) if document is None else _leaves(path, document, ())
    return list(islice(found, MOST)) or _whole(path, text)


def _whole(path: str, text: str) -> list[Setting]:
    """Return what a file of one line has, which is its value."""
    is_value = text.strip() and "\n" not in text.strip() and len(text) <= LONGEST
    return [Setting(path, basename(path), text, ())] if is_value else []


def written(text: str, changes: Mapping[Setting, str | None]) -> str:
    """Return the text of a file with other values.

    None leaves a setting out; the same value is given quotes, or loses them.
    """
    whole = next((setting for setting in changes if setting.is_whole), None)
    if whole:
        return changes[whole] or ""
    document = _json(text)
    if document is not None:
        for setting, value in changes.items():
            _change(document, setting, value)
        return json.dumps(document, indent=2)
    lines = text.split("\n")
    for setting, value in changes.items():
        number = int(setting.place[0])
        lines[number] = _rewritten(lines[number], setting, value)
    return "\n".join(lines)


def _json(text: str) -> Any:  # noqa: ANN401 - whatever the document is
    """Return a document of JSON; None if it is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None


def _leaves(path: str, found: Any, place: Place) -> Iterator[Setting]:  # noqa: ANN401 - as above
    if isinstance(found, dict | list):
        if len(place) == DEEPEST:
            return
        items = found.items() if isinstance(found, dict) else enumerate(found)
        for key, value in items:
            yield from _leaves(path, value, (*place, key))
    elif found is not None and found != "":
        name = ".".join(map(str, place))
        value = found if isinstance(found, str) else json.dumps(found)
        if len(value) <= LONGEST:
            yield Setting(path, name, value, place, is_quoted=isinstance(found, str))


def _change(document: Any, setting: Setting, value: str | None) -> None:  # noqa: ANN401 - as above
    *way, last = setting.place
    holder = document
    for key in way:
        holder = holder[key]
    if value is None:
        del holder[last]
    elif _is_quoted(setting, value) or not LITERAL.fullmatch(value):
        holder[last] = value
    else:
        holder[last] = json.loads(value)


def _is_quoted(setting: Setting, value: str) -> bool:
    """Tell whether a new value has quotes: as the old one, of which the same is the contrary."""
    return setting.is_quoted != (value == setting.value)


def _lines(path: str, text: str) -> Iterator[Setting]:
    for number, line in enumerate(text.split("\n")):
        match = LINE.match(line.rstrip("\r")) if len(line) <= LONGEST else None
        if match:
            quoted = bool(match["quote"])
            yield Setting(path, match["name"], match["value"], (number,), is_quoted=quoted)


def _rewritten(line: str, setting: Setting, value: str | None) -> str:
    match = LINE.match(line.rstrip("\r"))
    if match is None or value is None:
        return ""
    quote = (match["quote"] or '"') if _is_quoted(setting, value) else ""
    return f"{match['before']}{quote}{value}{quote}{match['after']}"
