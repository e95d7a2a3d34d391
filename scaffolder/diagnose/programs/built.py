"""What a program says it was built without: in the texts of a native one, or in its source."""

import re

LIST = re.compile(rb"[+-][a-z][a-z0-9_]*(?:[ ,][+-][a-z][a-z0-9_]*)+")
"""Features as many programs list them: `+file -s3` (curl, ffmpeg, vim and others do alike)."""
STUB = rb"(?:compiled with 'CGO_ENABLED=0', )?(?<![/-])\b%s requires cgo\b"
"""What stands in for a part in C, in a program in Go that was built without."""
LACKS = (
    rb"(?:built|compiled) without [ -~]{0,40}\b%s\b[ -~]{0,20}",
    rb"\b%s\b(?: support)?[ -~]{0,20}\bnot (?:built|compiled|available|enabled)[ -~]{0,40}",
    rb"\b%s\b support (?:is )?(?:not|disabled|missing)[ -~]{0,30}",
    STUB,
)
"""Sentences about one feature."""
NAMED = rb"\b(?:WITH|HAS|HAVE|FEATURE)_%s"
LISTED = (
    rb"\b(?:features?|capabilities|buil[dt]|build_?info)\b[\"']?\]?\s*[:=][^;}\]]{0,300}?"
    rb"[{,\s\"']%s"
)
"""Where what a build has made has one: `WITH_S3 = False`, `features: {file: true, s3: false}`."""
OFF = rb"[\"']?\s*(?:=>|[:=])\s*(?:false|0|no|off|none|null)\b"
ON = rb"[\"']?\s*(?:=>|[:=])\s*(?:true|1|yes|on)\b"
ALONE = rb"[\"']%s"
"""How a file has one that is all about features, by its name."""
LITERAL = re.compile(rb"\"[^\"\n]*\"|'[^'\n]*'|`[^`]{0,2000}`")
STRICT = (
    rb"(?:built|compiled) without (?:support for )?%s\b[ -~]{0,20}",
    rb"(?<![/-])\b%s(?: support)? (?:is |was )?not (?:built|compiled)(?: in)?\b",
    rb"(?<![/-])\b%s support (?:is )?(?:disabled|missing)\b",
    STUB,
)
"""The same with nothing between: texts of libraries, glued together, tell of much else."""
WORD = re.compile(r"[a-z][a-z0-9]+")
MOST_WORDS = 6
SCHEME = re.compile(r"([a-z][a-z0-9]*)(?:\+[a-z0-9]+)?://", re.IGNORECASE)
SCHEMES = re.compile(rb"(?<![a-z0-9+])([a-z][a-z0-9]{1,10})://")
OF_PAGES = {"http", "https"}
"""Schemes that texts have for other reasons, such as the addresses of manuals."""
MOST_SCHEMES = 2


def without(data: bytes, value: str) -> tuple[str, str]:
    """Return the word of a value that a program was built without, and where it says so.

    Both are empty where it says nothing of that.
    """
    lists = LIST.findall(data)
    for word in _words(value):
        if told := _told(data, lists, word, LACKS):
            return word, told
    return "", ""


def without_in(text: str, value: str, *, is_list: bool = False) -> tuple[str, str]:
    """Return the same of a source, or of a file that a build has made.

    A list counts there only in a literal, and if the program has another feature: code subtracts,
    and commands have options. A flag that is set both ways depends on what is found at run time.
    In a file that `is_list` of features, by its name, each stands for itself.
    """
    data = text.encode()
    found = b"\0".join(each for each in LITERAL.findall(data) if b" " in each or b"+" in each)
    word, told = without(found, value)
    if word and ("+" in told or told.startswith(("built", "compiled", "Built", "Compiled"))):
        return word, told
    for word in _words(value):
        for place in (NAMED, LISTED, *((ALONE,) if is_list else ())):
            flag = place % re.escape(word).encode()
            match = re.search(flag + OFF, data, re.IGNORECASE)
            if match and not re.search(flag + ON, data, re.IGNORECASE):
                return word, " ".join(match[0].decode("utf-8", "replace").split())
    return "", ""


def form(value: str) -> str:
    """Return what a value is as a whole: its scheme, or the only word that it has, or nothing."""
    scheme = SCHEME.match(value)
    word = scheme[1].lower() if scheme else value.lower()
    return word if WORD.fullmatch(word) and word not in OF_PAGES else ""


def form_without(data: bytes, value: str) -> tuple[str, str]:
    """Return the same of what a value is as a whole.

    A list has to have something that is built in, too: others may be the options of a command.
    """
    word = form(value)
    if not word:
        return "", ""
    lists = [each for each in LIST.findall(data) if re.search(rb"(?:^|[ ,])\+", each)]
    told = _told(data, lists, word, STRICT)
    return (word, told) if told else ("", "")


def other_schemes(data: bytes, value: str) -> list[str]:
    """Return a value with other schemes that a program knows, if it was built without its own."""
    word, _told_so = form_without(data, value)
    if not word or not SCHEME.match(value):
        return []
    rest = value.partition("://")[2]
    known = dict.fromkeys(match[1].decode() for match in SCHEMES.finditer(data))
    other = [each for each in known if each != word and each not in OF_PAGES]
    return [f"{each}://{rest}" for each in other[:MOST_SCHEMES]]


def _told(data: bytes, lists: list[bytes], word: str, sentences: tuple[bytes, ...]) -> str:
    """Return what is said of a feature that is not built in; empty if nothing is."""
    off = b"-" + word.encode()
    listed = next((found for found in lists if _names(found, off)), None)
    if listed:  # without the text that may follow it at once
        listed = listed[: listed.index(off) + len(off)]
    else:
        patterns = (pattern % re.escape(word).encode() for pattern in sentences)
        matches = (re.search(pattern, data, re.IGNORECASE) for pattern in patterns)
        listed = next((match[0] for match in matches if match), None)
    return listed.decode("ascii", "replace").strip() if listed else ""


def _words(value: str) -> list[str]:
    return WORD.findall(value.lower())[:MOST_WORDS]


def _names(listed: bytes, off: bytes) -> bool:
    """Tell whether a list has a feature; nothing may separate its end from the next text."""
    *features, last = re.split(rb"[ ,]", listed)
    return off in features or last.startswith(off)
