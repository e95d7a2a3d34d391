"""What is wrong with the syntax of a configuration file, by the ending of its name.

Nothing of its content is quoted, which may be secret: a line is told by its number.
"""

import json
import re
import tomllib
from collections.abc import Callable
from posixpath import splitext
from xml.parsers import expat

OPEN_SECTION = re.compile(r"\s*\[[^\]]*$")
SECTION = re.compile(r"^[ \t]*\[[^\]\n]+\][ \t\r]*$", re.MULTILINE)
TEMPLATE = re.compile(r"\{[{%]|<%|\$\{")
OPEN_QUOTE = re.compile(r"""[^#;=]*=\s*(["'])(?:(?!\1).)*$""")


def flaw(path: str, said: str) -> str:
    """Say what is wrong with a file, as the end of a sentence; empty if nothing is, or unknown."""
    reader = READERS.get(splitext(path)[1].lower())
    if reader is None:
        return ""
    if not said.strip():
        return "is empty" if reader in (_json, _toml, _xml) else ""
    try:
        return reader(said)
    except (RecursionError, ValueError):  # too deep, or a number of more digits than Python reads
        return ""


def _json(said: str) -> str:
    try:
        json.loads(said)
    except json.JSONDecodeError as error:
        return f"is no JSON: {error.msg} (line {error.lineno}, column {error.colno})"
    return ""


def _toml(said: str) -> str:
    try:
        tomllib.loads(said)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"\(at (line \d+, column \d+|end of document)\)", str(error))
        return f"is no TOML{f' ({at[1]})' if at else ''}"
    return ""


def _yaml(said: str) -> str:
    """Read the events of YAML only: an alias that is repeated makes nothing large of them.

    What is a template of YAML is none yet.
    """
    import yaml  # noqa: PLC0415 - slow to import

    if TEMPLATE.search(said):
        return ""
    try:
        for _ in yaml.parse(said, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        at = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        return f"is no YAML{at}"
    except yaml.YAMLError:
        return "is no YAML"
    return ""


def _xml(said: str) -> str:
    """Read XML without entities of its own: where it has some, nothing is told."""
    if "<!ENTITY" in said:
        return ""
    # It says of which encoding its bytes were, and here they are a text.
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", said)
    skipped = said[: len(said) - len(text)].count("\n")
    try:
        expat.ParserCreate("utf-8").Parse(text.encode(), True)  # noqa: FBT003 - by position only
    except expat.ExpatError as error:
        return f"is no XML: {expat.ErrorString(error.code)} (line {error.lineno + skipped})"
    return ""


def _ini(said: str) -> str:
    for number, line in enumerate(said.splitlines(), 1):
        if OPEN_SECTION.match(line):
            return f"has a section whose `[` is not closed (line {number})"
        if OPEN_QUOTE.match(line):
            return f"has a value whose quotes are not closed (line {number})"
    return ""


def _conf(said: str) -> str:
    """Read it as INI if it has a section that is one."""
    return _ini(said) if SECTION.search(said) else ""


READERS: dict[str, Callable[[str], str]] = {
    ".json": _json,
    ".toml": _toml,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".xml": _xml,
    ".ini": _ini,
    ".cfg": _conf,
    ".cnf": _conf,
    ".conf": _conf,
}
