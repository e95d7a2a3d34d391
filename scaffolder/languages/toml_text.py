"""TOML, in which both languages have their manifests: what is wrong with a text."""

import re

PLACE = re.compile(r" \(at line (\d+), column \d+\)$")
TWICE = ("Cannot overwrite", "Cannot declare", "Cannot redefine")
"""How the parser begins to say that something is there twice."""
MOST = 10
"""How many of those are named."""


def problem(content: bytes) -> str:
    """Return why a text is not valid TOML, or an empty text; it names all that is there twice."""
    try:
        lines = content.decode().split("\n")
    except UnicodeDecodeError:
        return "it is no text in UTF-8"
    found: list[str] = []
    while len(found) < MOST and (words := _parser_says("\n".join(lines))):
        number = _twice(words, lines)
        if not number:
            return "; ".join([*found, f"it is no longer valid: {words}"])
        name = lines[number - 1].partition("=")[0].strip()
        found.append(f"line {number} has {name} for a second time")
        if name.startswith("["):
            break  # without it, what follows would belong to another table
        lines[number - 1] = ""
    return "; ".join(found)


def _parser_says(text: str) -> str:
    """Return what the parser says against a text, or an empty text."""
    import tomllib  # noqa: PLC0415 - most commands read no manifest

    try:
        tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        return str(error) or type(error).__name__
    return ""


def _twice(words: str, lines: list[str]) -> int:
    """Return the number of the line that has a name for a second time; 0 for other problems."""
    place = PLACE.search(words)
    number = int(place[1]) if place and words.startswith(TWICE) else 0
    return number if number <= len(lines) and lines[number - 1].strip() else 0
