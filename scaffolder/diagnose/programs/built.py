"""What a program says it was built without: in the texts of a native one, or in its source."""

import re

LIST = re.compile(rb"[+-][a-z][a-z0-9_]*(?:[ ,][+-][a-z][a-z0-9_]*)+")
"""Features as many programs list them: `+file -s3` (curl, ffmpeg, vim and others do alike)."""
LACKS = (
    rb"(?:built|compiled) without [ -~]{0,40}\b%s\b[ -~]{0,20}",
    rb"\b%s\b(?: support)?[ -~]{0,20}\bnot (?:built|compiled|available|enabled)[ -~]{0,40}",
    rb"\b%s\b support (?:is )?(?:not|disabled|missing)[ -~]{0,30}",
)
"""Sentences about one feature."""
NAMED = rb"\b(?:WITH|HAS|HAVE|FEATURE)_%s"
LISTED = (
    rb"\b(?:features?|capabilities|buil[dt]|build_?info)\b[\"']?\]?\s*[:=][^;}\]]{0,300}?"
    rb"[{,\s\"']%s"
)
"""Where what a build has made has one: `WITH_S3 = False`, `features: {file: true, s3: false}`."""
OFF = rb"[\"']?\s*[:=]\s*(?:false|0|no|off|none|null)\b"
ON = rb"[\"']?\s*[:=]\s*(?:true|1|yes|on)\b"
LITERAL = re.compile(rb"\"[^\"\n]*\"|'[^'\n]*'|`[^`]{0,2000}`")
WORD = re.compile(r"[a-z][a-z0-9]+")
MOST_WORDS = 6


def without(data: bytes, value: str) -> tuple[str, str]:
    """Return the word of a value that a program was built without, and where it says so.

    Both are empty where it says nothing of that.
    """
    lists = LIST.findall(data)
    for word in _words(value):
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


def without_in(text: str, value: str) -> tuple[str, str]:
    """Return the same of a source, or of a file that a build has made.

    A list counts there only in a literal, and if the program has another feature: code subtracts,
    and commands have options. A flag that is set both ways depends on what is found at run time.
    """
    data = text.encode()
    found = b"\0".join(each for each in LITERAL.findall(data) if b" " in each or b"+" in each)
    word, told = without(found, value)
    if word and ("+" in told or told.startswith(("built", "compiled", "Built", "Compiled"))):
        return word, told
    for word in _words(value):
        for place in (NAMED, LISTED):
            flag = place % re.escape(word).encode()
            match = re.search(flag + OFF, data, re.IGNORECASE)
            if match and not re.search(flag + ON, data, re.IGNORECASE):
                return word, " ".join(match[0].decode("utf-8", "replace").split())
    return "", ""


def _words(value: str) -> list[str]:
    return WORD.findall(value.lower())[:MOST_WORDS]


def _names(listed: bytes, off: bytes) -> bool:
    """Tell whether a list has a feature; nothing may separate its end from the next text."""
    *features, last = re.split(rb"[ ,]", listed)
    return off in features or last.startswith(off)
