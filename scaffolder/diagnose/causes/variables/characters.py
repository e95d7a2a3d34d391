"""Which characters a program has, by its locale, and whether that is in the image."""

import re

from scaffolder.diagnose.case import Case

BEYOND = re.compile(r"unmappable characters?(?![^\n]*UTF-?8)", re.IGNORECASE)
"""How Java says that a name or a text has what the encoding of its locale does not."""
SAYS = (
    r"(?![^\n]*utf-?8' codec can't decode)"
    r"[^\n]*(?:unsupported locale|cannot change locale|setlocale|locale::facet|Unicode(?:En"
    r"|De)codeError|invalid multibyte|invalid byte sequence in US-ASCII"
    r"|ascii' codec|\"\\{1,2}x\w\w\" (?:from|on) US-ASCII"
    rf"|incompatible character encodings|{BEYOND.pattern})[^\n]*"
)
LOCALES = "/usr/lib/locale"
DECIDE = ("LC_ALL", "LC_CTYPE", "LANG")
"""The variables that say which characters there are, the one that decides first."""


def _configured(case: Case) -> str:
    return next((case.config.env[name] for name in DECIDE if case.config.env.get(name)), "")


def is_utf_8(case: Case) -> bool:
    """Tell whether the locale has all characters; without one, or the files of it, it has ASCII."""
    value = _configured(case)
    name, _, charset = value.partition(".")
    places = (LOCALES, f"{LOCALES}/locale-archive", f"{LOCALES}/{name}.utf8")
    is_there = name == "C" or any(map(case.has, places[1:])) or not case.has(places[0])
    return charset.lower().replace("-", "") == "utf8" and is_there


def lacks_characters(case: Case) -> bool:
    """Tell whether it ended over text that its locale, which is none of UTF-8, cannot represent."""
    return not is_utf_8(case) and case.said(SAYS) is not None


def lacks_locale(case: Case) -> bool:
    """Tell whether a program has sought the locale that its variables name, which is not there.

    A C library does without it, and has no characters then but those of ASCII.
    """
    value = _configured(case)
    if not value or value.partition(".")[0] in {"C", "POSIX"}:
        return False
    folder = f"/locale/{value}/".lower().replace("utf-8", "utf8")
    calls = (c for c in case.seen.trace.calls if "/locale/" in c.path)
    sought = [c for c in calls if folder in c.path.lower().replace("utf-8", "utf8")]
    return bool(sought) and all(call.error for call in sought)
