"""Redacts secrets in names, values and text before they reach a line."""

import re
from collections.abc import Callable
from functools import cache, lru_cache

HIDDEN = "[redacted]"

# Every repetition below is bounded or possessive, so that the time is linear in the text.
_FLAGS = re.VERBOSE | re.DOTALL

# What the name of a secret, in lower case, contains ...
_WORD = r"""
    (?: pass(?:word|wd|phrase|code) | (?:[_-]pwd|pwd(?<!\wpwd)(?!=/))(?![a-z]) | secret(?!ar)
      | credential | authorization | cookie | sig(?:nature|(?<![a-z]sig)(?![a-z])) | jwt(?![a-z])
      | token(?!i[sz])(?<!max.token)(?<!(?:total|input).token)(?<!(?:prompt|output).token)
      | session[-_. ]?id | (?:dsn|salt)(?<![a-z][dsnalt]{3})(?![a-z])
      | (?:require|db|user|[_-])pass(?![a-z]) | (?:master|[_-])auth(?![a-z])
      | (?:api|access|private|signing|encryption|auth|account|licen[cs]e)[-_. ]?key
      | [_-]key(?![a-z])(?<!row.key)(?<!(?:sort|hash|host).key)(?<!(?:cache|range|group|index).key)
        (?<!(?:public|object|lookup|unique).key)(?<!partition.key)(?<!idempotency.key)
        (?<!(?:primary|foreign|routing|message|missing|unknown).key)
    )"""
# ... unless it ends in a word that makes it a property of one: `PASSWORD_MIN_LENGTH`.
_NAME = rf"""{_WORD}
    (?! [\w.-]{{0,32}}? (?: count | length | limit | type | (?<![a-z])
        (?: age | algorithm | audience | bucket | dir(?:ectory)? | domain | enabled | endpoint
          | expir(?:y|es|ation)(?:[_-]?(?:in|at))? | field | file | format | header | host
          | httponly | interval | issuer | (?<=key.)id | len | max | method | min | minutes
          | mode | name | path | policy | port | prefix | provider | required | rounds | samesite
          | scopes? | seconds | secure | size | status | stdin | timeout | ttl | ur[il] | used
          | version
        )) (?![\w.-]) )"""
_SECRET_NAME = rf"{_NAME} | ^(?:.*[._-])?(?:pass|auth|private|otp)$"
_DIRECTORIES = frozenset(("PWD", "OLDPWD"))  # the shell's own

# Unquoted, a value ends at whitespace or at the next list item; plain words are no secrets.
_VALUE = r"""
    b?"(?:[^"\\\r\n]|\\.)*+"? | b?'(?:[^'\\\r\n]|\\.)*+'?
  | \\{1,3}"[^"\r\n]*+"? | \\{1,3}'[^'\r\n]*+'?
  | (?! (?: empty | expired | false | invalid | is | missing | nil | none | not | null | required
          | true | undefined | unset ) (?:[\s,;&"')}\]]|$) )
    (?: [^\s,;&"'\\] | \\(?!["']) | [,;&](?![\s"']|$|[\w.-]{1,64}[=:]) | ["'](?=\w) )++"""
_ARGUMENT = r"""(?:["'][\s,]{1,4}["']?|[\s=]{1,4}["']?)"""
_ARGUMENTS = r"""(?=[\s"'])[^\n;|]{0,200}?[\s"']"""
_DASHES = (" -", "'-", '"-', "--")

# The group `secret` of each pattern is redacted, in a text with one of the words after it.
# Patterns see the text in lower case. They are compiled on first use, which keeps the start fast.
_RULES: tuple[tuple[str, ...], ...] = (
    (
        r"""-----begin\ [a-z0-9\ ]{0,40}private\ key(?:\ block)?-----(?P<secret>
            (?:[^-]|-(?!----(?:end|begin)\ ))*+(?=-----end\ )
              | [\ \t\r]?(?=\n|\\[nr]|[a-z0-9+/=]{16})[a-z0-9+/=\s\\:]*+ )""",
        "key",
    ),
    (
        r"""(?P<quote>["'])?(?:set-|proxy-)?(?:cookie|authorization)\s{0,4}:\s{0,4}+
            (?!\\|b?["'])(?P<secret> (?:bearer|basic|negotiate|token)\s{1,4}[^\s,;"']++
              | (?(quote) (?:(?!(?P=quote))[^\r\n])*+ | [^\r\n]*+ ) )""",
        *("cookie", "auth"),
    ),
    (
        rf"""(?: {_NAME}[\w.-]{{0,32}} (?: [\\"'\]]{{0,4}}\s{{0,4}}(?:=>|:=|={{1,2}}|:|%3d)
                 | \\{{0,3}}["']\s{{0,4}}, )
             | (?:pass|auth)(?<![a-z]....)(?:=|["']\s{{0,4}}:) ) \s{{0,4}}
             (?P<secret> (?:(?:bearer|basic|digest|negotiate)\s{{1,4}})?+ (?:{_VALUE}) )""",
        *("pass", "pwd", "secret", "credential", "auth", "cookie", "sig", "jwt", "token"),
        *("session", "dsn", "salt", "key"),
    ),
    (
        rf"""(?<![\w-])--?(?:[a-z][\w-]{{0,32}}?)?(?:{_NAME}|pass(?:in|out)?(?![a-z]))
             [\w-]{{0,32}}(?:\s{{1,4}}(?!-)|=)(?P<secret>{_VALUE})""",
        *_DASHES,
    ),
    (rf"<[\w:.-]{{0,64}}?{_NAME}[\w.-]{{0,32}}>(?P<secret>[^<>]++)", "</"),
    (
        r"""(?: bearer\s{1,4}(?!(?:auth\w*+|credentials?|scheme|tokens?)(?![\w.~+/=-]))
              | basic\s{1,4}(?=[\w.~+/=-]{0,512}?[\d=+/]) ) (?P<secret>[\w.~+/=-]++)""",
        *("bearer", "basic"),
    ),
    (
        r"""://[^\s/:@"'<>]*+:
            (?P<secret>(?: [^\s/"'<>]+ | (?!\d{1,5}[/?\#])[^\s"'<>]{1,256}? ) (?=@) )""",
        "@",
    ),
    (r"https?://(?P<secret>[\w-]{20,}+)@", "@"),
    (
        rf"""(?: (?:mysql|mariadb)[\w-]{{0,24}}+{_ARGUMENTS}-p(?=[^\s"',])
               | (?:sshpass|mongo[a-z]{{0,12}}+|docker\ login){_ARGUMENTS}-p{_ARGUMENT}?
               | redis-cli{_ARGUMENTS}-a{_ARGUMENT}
               | (?:sqlcmd|mosquitto_\w{{3}}){_ARGUMENTS}-p{_ARGUMENT}?
               | ldap\w{{3,8}}{_ARGUMENTS}-w{_ARGUMENT}
               | curl{_ARGUMENTS}(?:-u|--user){_ARGUMENT}?[^\s:"']{{0,128}}:
               ) (?P<secret>[^\s"',]++)""",
        *_DASHES,
    ),
)
# Tokens with the form of a known issuer.
TOKEN = re.compile(
    r"""(?<![A-Za-z0-9])(?:
        (?: gh[pousr]_ | github_pat_ | hf_ | do[opr]_v1_ | shp[a-z]{2}_ | lin_api_ | gls[ac]_
          | rubygems_ )\w{20,}+
      | (?: GOCSPX- | sq0[a-z]{3}- | hv[sb]\. | PMAK- | fig[dp]_ )[\w-]{20,}+
      | (?: sk- | pypi- | dckr_[a-z]{3}_ )[\w-]{16,}+ | (?: xox[a-z]- | xapp- )[\w-]{10,}+
      | gl[a-z]{2,5}-[\w.-]{15,}+ | ya29\.[\w.-]{20,}+ | [sr]k_(?:live|test)_\w{10,}+
      | whsec_[\w+/=]{16,}+ | sntry[su]_[\w+/=]{20,}+ | ATATT3x[\w=-]{20,}+ | npm_\w{30,}+
      | A(?:KI|SI|BI|CC)A[A-Z0-9]{12,}+ | NRAK-[A-Z0-9]{20,}+ | AGE-SECRET-KEY-1[A-Z0-9]{40,}+
      | AIza[\w-]{30,}+ | (?:SK|key-)[0-9a-f]{32}(?!\w) | dapi[0-9a-f]{32}
      | SG\.[\w-]{16,}+\.[\w-]{16,}+ | \d{8,10}:AA[\w-]{32,}+
      | eyJ[\w-]{5,}+\.[\w-]++(?:\.[\w-]*+){0,3} | T[A-Z0-9]{6,}+/B[A-Z0-9]{6,}+/[A-Za-z0-9]{16,}+
    )""",
    re.VERBOSE,
)
# Every text with a secret contains one of these, few others do: the check takes a tenth.
_HINTS = tuple(dict.fromkeys(hint for rule in _RULES for hint in rule[1:]))
_RUN = re.compile(r"[0-9A-Z_-][A-Za-z0-9_.-]{12}")
_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def is_clean(text: str) -> bool:
    """Tell whether `text`, and each text that is part of it, shows no credentials."""
    lowered = text.lower()
    for hint in _HINTS:
        if hint in lowered:
            return False
    return not (_RUN.search(text) and TOKEN.search(text))


def in_text(text: str) -> str:
    """Return `text` without the credentials that it shows."""
    return text if is_clean(text) else TOKEN.sub(HIDDEN, without_marked(text))


def without_marked(text: str, found: Callable[[str], object] = len) -> str:
    """Return `text` without what its context marks as secret; call `found` with each secret."""
    for pattern, *hints in _RULES:
        lowered = _lower(text)
        if not any(hint in lowered for hint in hints):
            continue
        parts, end = [], 0
        for match in _compiled(pattern).finditer(lowered):
            start, stop = match.span("secret")
            if stop > start:
                parts += [text[end:start], HIDDEN]
                end = stop
                found(text[start:stop])
        text = "".join([*parts, text[end:]])
    return text


@cache
def _compiled(pattern: str) -> "re.Pattern[str]":
    return re.compile(pattern, _FLAGS)


def _lower(text: str) -> str:
    """Return `text` in lower case, with each character at its position."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else text.translate(_LOWER)


@lru_cache(maxsize=1024)
def is_secret(name: str) -> bool:
    """Tell whether a value of this name must be redacted."""
    return name not in _DIRECTORIES and _compiled(_SECRET_NAME).search(name.lower()) is not None
