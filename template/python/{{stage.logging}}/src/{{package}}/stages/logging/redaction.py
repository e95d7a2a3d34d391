"""Secrets in names, values and running text, hidden before they reach a line."""

import re
from functools import lru_cache

HIDDEN = "[redacted]"

# `token_count` and its like tell about tokens; whatever else has such a word in it is hidden.
_NAME = (
    r"(?:pass(?:word|wd|phrase|code)|(?<![a-z])pwd(?![a-z])|secret|credential|authorization"
    r"|cookie|signature|jwt(?![a-z])|token(?!s?[_-]?(?:count|limit|type|used))"
    r"|(?:api|access|private|signing|encryption|auth)[-_. ]?key|session[-_. ]?id)"
)
_SECRET_NAME = re.compile(_NAME, re.IGNORECASE)

# Every repetition is bounded or possessive, so that the time taken is linear in the text's length.
_SECRET_TEXT = re.compile(
    rf"""
    (?P<cookie> cookie\s{{0,4}}[:=]\s{{0,4}}+(?!b?["']) ) [^\r\n]*+
    | (?P<name>
        {_NAME} [\w.-]{{0,32}}
        (?: [\\"']{{0,4}}\s{{0,4}}[:=]{{1,2}} | ["']\s{{0,4}}, ) \s{{0,4}}
      )
      (?:
        b? " (?:[^"\\]|\\.)*+ "?
        | b? ' (?:[^'\\]|\\.)*+ '?
        | \\{{1,3}}["'] [^"']*+ ["']?
        | (?:(?:bearer|basic|digest|negotiate)\s{{1,4}})? [^\s,;&"']++
      )
    | (?P<scheme> \b(?:bearer|basic)\s{{1,4}} )
      (?! (?:auth(?:entication|orization)?|credentials?|scheme|tokens?)(?![\w.~+/=-]) )
      [\w.~+/=-]++
    | (?P<user> ://[^\s/:@"'<>]{{0,128}}: ) [^\s/"'<>]{{1,512}}(?P<host>@)
    | (?<![\w-])eyJ[\w-]{{5,}}+\.[\w-]++(?:\.[\w-]*+){{0,3}}
    | (?P<pem> -----BEGIN\ [A-Z\ ]{{0,20}}PRIVATE\ KEY----- ) [^-]*+
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
# What the pattern finds has one of these in it, and few texts have: looking for them costs a tenth.
_HINTS = (
    *("pass", "pwd", "secret", "credential", "authorization", "cookie", "signature", "jwt"),
    *("token", "key", "session", "bearer", "basic", "://", "eyj"),
)


def in_text(text: str) -> str:
    """Return `text` without the credentials that it shows."""
    lowered = text.lower()
    for hint in _HINTS:
        if hint in lowered:
            return _SECRET_TEXT.sub(_hide, text)
    return text


def _hide(found: "re.Match[str]") -> str:
    kind = found.lastgroup
    if kind is None:
        return HIDDEN
    if kind == "host":
        return f"{found['user']}{HIDDEN}@"
    return f"{found[kind]}{HIDDEN}"


@lru_cache(maxsize=1024)
def is_secret(name: str) -> bool:
    """Tell whether a value of this name is to be hidden."""
    return _SECRET_NAME.search(name) is not None
