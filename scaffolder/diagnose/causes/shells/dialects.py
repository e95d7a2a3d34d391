"""Scripts written for another shell than the one that runs them."""

import re
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import logged
from scaffolder.diagnose.evidence.files import resolved, text
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.launched import Launched
from scaffolder.diagnose.programs.scripts import Script, language

from .script import is_last, quote, where

BUILTINS = "source|function|declare|typeset|shopt|pushd|popd|mapfile|readarray|let|local|select"
WORDS = (
    r"[^\n]*(?:syntax error|bad substitution|illegal option|invalid option name"
    rf"|(?:\[\[|\(\(|{BUILTINS}|\w+(?:\+\+|--)): not found|unexpected operator|unexpected \""
    "|unexpected end of file|not a valid identifier|bad variable name|Illegal number"
    r"|bad for loop variable|\.: [^\s/]+: (?:file )?not found|source: [^\s/]+: file not found"
    r"|\.: (?:line \d+: )?can't open '?[^\s/]+)[^\n]*"
)
"""What shells print about syntax that they do not support."""
PLACE = re.compile(r"^(?P<file>[^\s:]+):(?: [^\s:]+:)?? (?:line )?(?P<number>\d+): ")
"""How messages of dash, ash and bash begin: the file as it was passed, and the line."""
BASHISMS = {
    r"\[\[: not found": r"\[\[",
    rf"({BUILTINS}): not found": rf"^\s*(?:{BUILTINS})\b|[;&|]\s*(?:{BUILTINS})\b",
    r": not found|illegal number": r"\(\(",
    r"\(\S* unexpected|unexpected \"\(|for loop variable": (
        r"\w+\+?=\(|\bfunction\s+\w+|[<>]\(|\(\("
    ),
    "redirection unexpected|unexpected redirection": r"<<<|[<>]\(|&>",
    "bad substitution": r"\$\{!|\$\{\w+(?:\^|,|/|:-?\d|\[|@)",
    "illegal option|invalid option name": "pipefail|errtrace|functrace",
    "unexpected operator": r"\[\s[^\]]*(?:==|=~)",
    r"\.: |source: ": r"^\s*(?:\.|source)\s+[^\s/]+\s*$",
    "syntax error|identifier|variable name": (
        r"\[\[|<<<|[<>]\(|\w+=\(|\bfunction\s+\w+|\(\(|&>|;;?&|\bselect\s"
    ),
}
"""A shell's message → the bash syntax that it is about, in the line that it names."""


def _script(case: Case, line: str) -> tuple[Launched, Script, int] | None:
    """Return what runs the script that a message names, the script, and the line number."""
    items = [i for i in case.launched if i.script and i.script.language == "sh"]
    if not items:
        return None
    place = PLACE.match(line)
    name, number = (place["file"], int(place["number"])) if place else ("", 0)
    for item in items:
        script = item.script
        if script and script.path and name and basename(script.path) == basename(name):
            return item, script, number
    sourced = text(case.files, name, case.config.workdir) if "/" in name or "." in name else None
    if sourced is not None:
        return items[0], Script("sh", name, sourced), number
    return (items[0], items[0].script, number) if items[0].script else None


def _shell(item: Launched) -> str:
    """Return the shell that runs a script: one named in the command overrides the #! line."""
    if language(item.name) == "sh":
        return item.name
    words = " ".join(item.program.shebang).split() if item.program else []
    return basename(words[-1] if basename(words[0]) == "env" else words[0]) if words else "sh"


def _bashism(case: Case, script: Script, number: int, said: str) -> tuple[str, bool]:
    """Return the bash syntax that a message is about, and whether it is on the line named."""
    lines = script.text.splitlines()
    near = "\n".join(lines[max(number - 1, 0) : number]) if number else ""
    for words, pattern in BASHISMS.items():
        if not re.search(words, said, re.IGNORECASE):
            continue
        for place, exact in ((near, True), (script.text, False)):
            found = re.search(pattern, place, re.MULTILINE)
            if found and (words[:3] != r"\.:" or _is_beside(case, found[0])):
                return found[0].strip(" \t;&|"), exact or not script.path
    return "", False


def _is_beside(case: Case, line: str) -> bool:
    """Tell whether a sourced file is in the working directory, where only bash looks for it."""
    return resolved(case.files, line.rsplit(maxsplit=1)[-1], case.config.workdir) is not None


@cause(
    "script-for-other-shell",
    "a script uses syntax that its shell does not support",
    pattern="image",
    reads=["logs", "files"],
    page="check-shell",
    when=Phase.ENDED,
)
def script_for_other_shell(case: Case) -> Found | None:
    """Find bash syntax run by sh, and carriage returns within a script."""
    match = case.said(WORDS)
    found = _script(case, case.line(match)) if match else None
    if match is None or found is None:
        return None
    item, script, number = found
    line = case.line(match)
    if "\r" in script.text or "\\r" in line:
        return _carriage_returns(case, script, line)
    runs = _shell(item)
    bashism, agrees = ("", False) if runs == "bash" else _bashism(case, script, number, line)
    if bashism:
        return _for_bash(case, script, line, runs, bashism, agrees=agrees)
    if not re.search(
        "syntax error|substitution|unexpected|illegal|invalid|bad ", line, re.IGNORECASE
    ):
        return None
    return Found(
        f"{where(script)} has a syntax error: {line[:150]}",
        "correct it; sh -n SCRIPT finds it before the build",
        (logged(case, line),),
        basis=Basis.HINT,
    )


def _carriage_returns(case: Case, script: Script, line: str) -> Found:
    return Found(
        f"{where(script)} has Windows (CRLF) line endings: the shell treats the carriage returns"
        f" as text: {line[:120]}",
        "convert it to LF (.gitattributes: *.sh text eol=lf)",
        (logged(case, line), quote(case, script, "lines end with \\r\\n")),
        proven="\r" in script.text,
    )


def _for_bash(  # noqa: PLR0913 - the parts of one sentence
    case: Case, script: Script, line: str, runs: str, bashism: str, *, agrees: bool
) -> Found:
    first = script.text.split("\n", 1)[0]
    named = first.startswith("#!") and "bash" in first
    lacks = case.finder.find(("bash",)).problem is not None
    install = " (and install bash, which the image lacks)" if lacks else ""
    start = f'start it with bash: CMD ["bash", "{script.path}"]' if named else ""
    shows = quote(case, script, bashism)
    over = f", which overrides its first line {first}" if named else ""
    return Found(
        f"{where(script)} is written for bash ({bashism!r}) but run by {runs}{over}: {line[:150]}",
        f"{start or 'write #!/bin/bash as its first line'}{install}, or use what {runs} supports",
        (logged(case, line), shows),
        proven=agrees and _ends(case, line),
    )


def _ends(case: Case, line: str) -> bool:
    """Tell whether this error ended the script: it is the last output, or always fatal."""
    if "unexpected operator" in line:
        return False
    return is_last(case, line) or case.exit_code == 127
