"""What comes from a container, made fit to be shown: no terminal escapes, no secrets."""

import re
from collections.abc import Callable, Mapping
from typing import Any

MASK = "***"
CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]"
)
"""Control characters, and those that turn the direction of text (CVE-2021-42574)."""

SECRET_NAME = re.compile(
    "(?:^|_|-)(?:PASS(?:WORD|WD|PHRASE)?|PWD|SECRETS?|TOKENS?|KEYS?|CREDENTIALS?|AUTH|DSN|PRIVATE"
    r"|COOKIE|SALT|SIGNATURE|LICEN[CS]E(?:_KEY)?|APIKEY|ACCESSKEY|SECRETKEY)(?:_?\d+)?(?:$|_|-)",
    re.IGNORECASE,
)
NO_SECRET_NAME = re.compile(
    r"_(?:FILE|PATH|DIR|TYPE|NAME|URL|URI|HOST|PORT|TTL|SECONDS|LENGTH|ALGORITHM)$|^PWD$",
    re.IGNORECASE,
)
FORMS = (
    re.compile(r"(?P<keep>\b[a-z][a-z0-9+.-]*://[^\s:/@'\"]*:)[^\s@/'\"]+(?=@)", re.IGNORECASE),
    re.compile(
        r"(?P<keep>)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
        re.DOTALL,
    ),
    re.compile(r"(?P<keep>)\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?"),
    re.compile(
        r"(?P<keep>)\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{15,}|xox[a-z]-[\w-]{10,}"
        r"|sk[-_](?:live|test|ant|proj)?[-_]?\w{16,}|AKIA[A-Z0-9]{12,}|AIza[\w-]{30,}|npm_\w{30,}"
        r"|pypi-\w{16,}|dckr_pat_\w{16,}|hf_\w{20,})"
    ),
    re.compile(r"(?P<keep>\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}", re.IGNORECASE),
    re.compile(
        r"(?P<keep>\b[\w-]*(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key"
        r"|private[_-]?key|credentials?)[\"']?\s*(?:=|:(?!//))\s*[\"']?)(?!\*\*\*|not |is |None"
        r"|null|\$|/|true|false)[^\s\"',;&)}\]]{3,}",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?P<keep>\s--?[\w-]*(?:password|passwd|secret|token"
        r"|api-?key)[\w-]*[ =])(?!\*\*\*)[^\s\"',]+",
        re.IGNORECASE,
    ),
)


def is_secret_name(name: str) -> bool:
    """Tell whether a variable's value is a secret, by its name."""
    return bool(SECRET_NAME.search(name)) and not NO_SECRET_NAME.search(name)


def cleaner(env: Mapping[str, str]) -> Callable[[str], str]:
    """Return what makes a text fit to be shown, given the variables of the container."""
    values = sorted(
        {v for k, v in env.items() if is_secret_name(k) and len(v) >= 3}, key=len, reverse=True
    )

    def clean(text: str) -> str:
        for value in values:
            text = text.replace(value, MASK)
        for form in FORMS:
            text = form.sub(lambda match: match["keep"] + MASK, text)
        return visible(text)

    return clean


def visible(text: str) -> str:
    """Write control characters as what they are, so that no terminal obeys them."""
    return CONTROL.sub(lambda match: _escape(match[0]), text)


def _escape(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def cleaned(value: Any, clean: Callable[[str], str]) -> Any:  # noqa: ANN401 - a JSON document
    """Clean every text of a document."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {key: cleaned(item, clean) for key, item in value.items()}
    return [cleaned(item, clean) for item in value] if isinstance(value, list | tuple) else value
