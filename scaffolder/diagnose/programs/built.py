"""What a native program says it was built without."""

import re

LIST = re.compile(rb"[+-][a-z][a-z0-9_]*(?:[ ,][+-][a-z][a-z0-9_]*)+")
"""Features as many programs list them: `+file -s3` (curl, ffmpeg, vim and others do alike)."""
LACKS = (
    rb"(?:built|compiled) without [ -~]{0,40}\b%s\b[ -~]{0,20}",
    rb"\b%s\b(?: support)?[ -~]{0,20}\bnot (?:built|compiled|available|enabled)[ -~]{0,40}",
    rb"\b%s\b support (?:is )?(?:not|disabled|missing)[ -~]{0,30}",
)
"""Sentences about one feature."""
WORD = re.compile(r"[a-z][a-z0-9]+")
MOST_WORDS = 6


def without(data: bytes, value: str) -> tuple[str, str]:
    """Return the word of a value that a program was built without, and where it says so.

    Both are empty where it says nothing of that.
    """
    lists = LIST.findall(data)
    for word in WORD.findall(value.lower())[:MOST_WORDS]:
        off = b"-" + word.encode()
        told = next((found for found in lists if _names(found, off)), None)
        if told:  # without the text that may follow it at once
            told = told[: told.index(off) + len(off)]
        else:
            patterns = (pattern % re.escape(word).encode() for pattern in LACKS)
            matches = (re.search(pattern, data, re.IGNORECASE) for pattern in patterns)
            told = next((match[0] for match in matches if match), None)
        if told:
            return word, told.decode("ascii", "replace").strip()
    return "", ""


def _names(listed: bytes, off: bytes) -> bool:
    """Tell whether a list has a feature; nothing may separate its end from the next text."""
    *features, last = re.split(rb"[ ,]", listed)
    return off in features or last.startswith(off)
