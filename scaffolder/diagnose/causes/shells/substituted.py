"""Values that a script puts into a command of sed, and that end this command too early."""

import re
from collections.abc import Iterator
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, ended, logged, watched
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs import shell
from scaffolder.diagnose.programs.scripts import Script

from .script import quote, scripts, where

SUBSTITUTES = re.compile(r"(?:[\d,$]*|/[^/\n]{1,100}/)s([^\w\s\\;{}])")
"""`s` and the character between its parts, after the lines that it is for."""
FLAGS = re.compile(r"[gpiIeMm\d]*(?:w[^\n]*)?\s*(?:[;}\n#]\s*|$)")
"""What may follow them, and the end of the command."""
SAYS = (
    r"[^\n]{0,40}sed: (?:-e expression #\d+, char \d+: )?"
    r"(?:unknown option to `?s|unterminated `?s|bad option in substitution|unmatched ')[^\n]{0,80}"
)
"""GNU's and busybox's words."""
LONGEST = 4000


@cause(
    "value-in-sed",
    "a script puts a value into a command of sed that the value ends too early",
    pattern="process",
    reads=["rerun", "files", "inspect", "logs"],
    page="check-shell",
    when=Phase.ENDED,
    explains=["config-malformed", "errexit", "last-call", "said-why", "output-thrown-away"],
)
def value_in_sed(case: Case) -> Found | None:
    """Find a call of sed that failed, and whose expression has a `/` too many, or half a line."""
    said = case.said(SAYS)
    failed = [p for p in case.seen.trace.processes.values() if _is_sed(p.argv) and p.failed]
    spoilt = next((w for p in failed for w in p.argv[1:] if ended_by(w)), "")
    if not (said or spoilt):
        return None
    shown = [logged(case, said)] if said else [watched(case, f"sed fails at {spoilt[:120]}")]
    for script, line, mark, name in _given(case):
        return _found(where(script), name, mark, [*shown, quote(case, script, line), ended(case)])
    if not spoilt:
        return None
    mark = ended_by(spoilt)
    return _found("a script", _whose(case, spoilt, mark), mark, [*shown, ended(case)])


def _found(by: str, name: str, mark: str, shown: list[Evidence]) -> Found:
    has = "more than one line" if mark == "\n" else f"`{mark}` in it"
    ends = "which sed takes for the end of its command" if mark == "\n" else "which ends its part"
    return Found(
        f"{by} puts {name} into a command of sed; it has {has}, {ends}, and sed fails",
        "escape the value first (sed 's/[&/\\]/\\\\&/g' <<<\"$VALUE\"), or let sed divide by a"
        " character that no value has (s|...|...|), or use envsubst",
        tuple(shown),
    )


def _is_sed(argv: tuple[str, ...]) -> bool:
    return bool(argv) and (basename(argv[0]) == "sed" or argv[1:2] == ("sed",))


def ended_by(expression: str) -> str:
    """Return what ends a part of `s/.../.../` too early, its mark or a line; "" if none does."""
    rest = expression[:LONGEST]
    while begins := SUBSTITUTES.match(rest):
        mark = begins[1]
        parts = re.split(rf"(?<!\\){re.escape(mark)}", rest[begins.end() :], maxsplit=2)
        if any(re.search(r"(?<!\\)\n", part) for part in parts[:2]):
            return "\n"
        ends = FLAGS.match(parts[2]) if len(parts) == 3 else None
        if len(parts) == 3 and ends is None:
            return mark
        rest = parts[2][ends.end() :] if ends else ""
    return ""


def _given(case: Case) -> Iterator[tuple[Script, str, str, str]]:
    """Yield what scripts hand to sed with a value that spoils it: script, line, mark, variable."""
    for script in scripts(case):
        values = shell.assigned(script.text, case.config.env)
        for command in shell.commands(script.text):
            if command.name != "sed":
                continue
            for word in command.words[1:]:
                mark = ended_by(shell.expand(word, values))
                if not mark or ended_by(shell.VARIABLE.sub("x", word)):
                    continue
                uses = shell.VARIABLE.finditer(word)
                given = ((m[1] or m[2], values.get(m[1] or m[2]) or m[3] or "") for m in uses)
                name = next((name for name, value in given if mark in value), "")
                if name:
                    yield script, command.line, mark, f"the value of {name}"


def _whose(case: Case, expression: str, mark: str) -> str:
    values = ((n, v) for n, v in case.config.env.items() if mark in v and v in expression)
    name = next((name for name, _ in values), "")
    return f"the value of {name}" if name else "a value"
