"""What a shell makes of words without quotes: values that it splits, and patterns of no file."""

import errno
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from posixpath import basename, dirname

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import copied, ended, seen
from scaffolder.diagnose.causes.variables.files import missing
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs import shell

from .script import quote, scripts, where

PATTERN = re.compile(r"[*?]|\[[^\]/]+\]")
MOST = 200
"""How many variables are looked at."""


@cause(
    "value-split",
    "a script uses a value without quotes, and the shell splits it at its spaces",
    pattern="process",
    reads=["rerun", "files", "inspect"],
    page="check-shell",
    when=Phase.ENDED,
    explains=["file-missing", "errexit", "last-call", "said-why"],
    cured_by=["file"],
)
def value_split(case: Case) -> Found | None:
    """Find a missing path that is the first word of a value, which a script has without quotes."""
    found = missing(case)
    if found is None:
        return None
    for name, value in _values(case):
        words = value.split()
        if len(words) < 2 or words[0] not in {found.path, found.named}:
            continue
        unquoted = re.compile(
            rf"[^\n]{{0,200}}(?<![\"\w{{])\$(?:{name}\b|\{{{name}\}})[^\n]{{0,100}}"
        )
        for script in scripts(case):
            if line := unquoted.search(script.text):
                return Found(
                    f"{name} is {value!r}, and {where(script)} uses it without quotes: the shell"
                    f" splits it at its spaces, so that {found.path} is sought, which does not"
                    " exist",
                    f'write "${name}", in quotes, or give it a value without spaces',
                    (found.shown, quote(case, script, line[0].strip()), ended(case)),
                )
    return None


@cause(
    "pattern-unmatched",
    "a pattern for files in a script matches none, and is taken for the name of a file",
    pattern="process",
    reads=["rerun", "files", "logs"],
    page="check-shell",
    when=Phase.ENDED,
    explains=["file-missing", "errexit", "last-call", "said-why"],
    cured_by=["file"],
)
def pattern_unmatched(case: Case) -> Found | None:
    """Find a missing path such as `/etc/app.d/*.sh`: a shell hands on what matches nothing."""
    call = case.seen.failed_call
    path = call.path if call and call.error == errno.ENOENT else ""
    if call is None or not PATTERN.search(basename(path)) or not scripts(case):
        return None
    folder, pattern = dirname(path), basename(path)
    names = [n for n in case.files.names(folder) if dirname(n) == folder]
    if any(fnmatchcase(basename(name), pattern) for name in names):
        return None
    has = ", ".join(names[:3]) or "nothing" if case.has(folder) else "no such directory"
    return Found(
        f"no file matches {path}, and the shell takes a pattern that matches none as it is:"
        f" for the name of a file, which does not exist",
        'put such files there, or let the script pass over it ([ -e "$f" ] || continue; in bash'
        " shopt -s nullglob)",
        (seen(case, call), copied(case, folder, has), ended(case)),
    )


def _values(case: Case) -> Iterator[tuple[str, str]]:
    """Yield the variables of a container, and those that its scripts set."""
    own = dict(case.config.env)
    for script in scripts(case):
        own |= shell.assigned(script.text, case.config.env)
    yield from list(own.items())[:MOST]
