"""What a piece of source names as the origin of values: files, variables, peers."""

import re
from collections.abc import Iterator, Sequence
from posixpath import basename

VARIABLES = (
    re.compile(r"process\.env\.(?P<name>\w+)|process\.env\[\s*['\"](?P<quoted>\w+)['\"]"),
    re.compile(r"environ\[\s*['\"](?P<name>\w+)['\"]|environ\.get\(\s*['\"](?P<quoted>\w+)['\"]"),
    re.compile(r"\bgetenv\(\s*['\"](?P<name>\w+)['\"]|\$_(?:ENV|SERVER)\[\s*['\"](?P<quoted>\w+)['\"]"),
    re.compile(r"\bENV\[\s*['\"](?P<name>\w+)['\"]|\bENV\.(?:fetch|key\?)\(?\s*['\"](?P<quoted>\w+)['\"]"),
    re.compile(r"\$ENV\{\s*['\"]?(?P<name>\w+)['\"]?\s*\}(?P<quoted>)"),
)  # fmt: skip
"""How programs name variables of the environment."""
OF_SHELL = re.compile(r"\$\{?(?P<name>[A-Za-z_]\w*)")
READS = re.compile(
    r"(?i)open|read|load|parse_ini|file_get_contents|\bfile\b|slurp|require|import_module"
    r"|\b(?:cat|head|tail|grep|sed|awk|cut|jq|source|stat)\b|<|\bstat|exists|access|is_file|isfile"
)
PATH = re.compile(r"""['"]?(?<![\w:/$.}])(?P<path>/(?:[\w.@+-]+/)*[\w.@+-]+)(?![\w/(])""")
RELATIVE = re.compile(r"""['"](?P<path>(?:\.{0,2}/)?[\w@+-][\w./@+-]*\.\w{2,10}|\.\w[\w.-]+)['"]""")
URL = re.compile(r"\b[a-z][a-z0-9+]{1,9}://(?:[^\s'\"@/]*@)?(?P<host>[\w.-]+(?::\d+)?)")
FETCHES = re.compile(
    r"(?i)get|post|fetch|urlopen|curl|wget|request|axios|connect|file_get_contents"
)
"""How programs ask a peer, where a text also names its address."""
NEVER = frozenset({"/dev/null", "/dev/stdin", "/dev/stdout", "/dev/stderr"})


def named(
    text: str, language: str, opened: Sequence[str], *, is_read: bool
) -> Iterator[tuple[str, str]]:
    """Yield the kinds and names of what a text names: `file`, `variable` or `peer`.

    `opened` are the files that the program has opened at last, and `is_read` tells that what the
    text holds is read somewhere else.
    """
    for pattern in VARIABLES:
        for match in pattern.finditer(text):
            yield "variable", match["name"] or match["quoted"]
    if language == "sh":
        for match in OF_SHELL.finditer(text):
            yield "variable", match["name"]
    if is_read or READS.search(text):
        plain = URL.sub(lambda match: " " * len(match[0]), text)
        paths = [m["path"] for m in (*PATH.finditer(plain), *RELATIVE.finditer(plain))]
        known = [path for path in (_known(p, opened) for p in paths) if path in opened]
        for path in known or [p for p in paths if p.startswith("/")]:
            if path not in NEVER:
                yield "file", path
    for match in URL.finditer(text) if FETCHES.search(URL.sub("", text)) else ():
        yield "peer", match["host"]


def _known(path: str, opened: Sequence[str]) -> str:
    """Return the opened file that a path means, or the path itself."""
    end = "/" + basename(path)
    same = (each for each in opened if each == path)
    is_relative = not path.startswith("/")
    beside = (each for each in opened if is_relative and each.endswith(end))
    return next(same, "") or next(beside, "") or path
