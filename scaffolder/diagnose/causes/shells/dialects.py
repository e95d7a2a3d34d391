"""Scripts in the language of another shell than runs them."""

import re
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import content, logged
from scaffolder.diagnose.launched import Launched
from scaffolder.diagnose.phase import Phase
from scaffolder.diagnose.scripts import Script, language
from scaffolder.diagnose.sources.files import resolved, text

from .script import is_last, quote, where

BUILTINS = "source|function|declare|typeset|shopt|pushd|popd|mapfile|readarray|let|local|select"
WORDS = (
    r"[^\n]*(?:syntax error|bad substitution|illegal option|invalid option name"
    rf"|(?:\[\[|\(\(|{BUILTINS}|\w+(?:\+\+|--)): not found|unexpected operator|unexpected \""
    "|unexpected end of file|not a valid identifier|bad variable name|Illegal number"
    r"|bad for loop variable|\.: [^\s/]+: (?:file )?not found|source: [^\s/]+: file not found"
    r"|\.: (?:line \d+: )?can't open '?[^\s/]+)[^\n]*"
)
"""What shells say of a language that they do not know."""
PLACE = re.compile(r"^(?P<file>[^\s:]+):(?: [^\s:]+:)?? (?:line )?(?P<number>\d+): ")
"""How dash, ash and bash begin: the file as they were told it, and the line."""
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
"""What a shell says → what of bash's language, in the line that it names, it says it of."""


def _script(case: Case, line: str) -> tuple[Launched, Script, int] | None:
    """Return what runs the script that a line names, the script, and the number of its line."""
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
    """Return the name of the shell that runs a script: one that is named beats the #! line."""
    if language(item.name) == "sh":
        return item.name
    words = " ".join(item.program.shebang).split() if item.program else []
    return basename(words[-1] if basename(words[0]) == "env" else words[0]) if words else "sh"


def _bashism(case: Case, script: Script, number: int, said: str) -> tuple[str, bool]:
    """Return what of bash's language is complained of, and if it stands where the shell says."""
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
    "a script uses what its shell does not know",
    pattern="image",
    reads=["logs", "files"],
    page="check-shell",
    when=Phase.ENDED,
    weight=75,
)
def script_for_other_shell(case: Case) -> Found | None:
    """Find bash's language under sh, and carriage returns within a script."""
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
        "sh -n SCRIPT finds it before the build",
        (logged(case, line),),
        weight=64,
    )


def _carriage_returns(case: Case, script: Script, line: str) -> Found:
    return Found(
        f"{where(script)} has Windows (CRLF) line endings: the shell takes the carriage returns"
        f" for text: {line[:120]}",
        "convert it to LF (.gitattributes: *.sh text eol=lf)",
        (logged(case, line), quote(case, script, "lines end with \\r\\n")),
        proven="\r" in script.text,
    )


def _for_bash(  # noqa: PLR0913 - what is said of it
    case: Case, script: Script, line: str, runs: str, bashism: str, *, agrees: bool
) -> Found:
    first = script.text.split("\n", 1)[0]
    named = first.startswith("#!") and "bash" in first
    lacks = case.finder.find(("bash",)).problem is not None
    install = " (and install bash in the image, which has none)" if lacks else ""
    start = f'start it with bash: CMD ["bash", "{script.path}"]' if named else ""
    shows = content(case, script.path, bashism) if script.path else quote(case, script, bashism)
    over = f", which overrides its first line {first}" if named else ""
    return Found(
        f"{where(script)} is written for bash ({bashism!r}) and run by {runs}{over}: {line[:150]}",
        f"{start or 'write #!/bin/bash as its first line'}{install}, or use what {runs} knows",
        (logged(case, line), shows),
        proven=agrees and _ends(case, line),
    )


def _ends(case: Case, line: str) -> bool:
    """Tell whether that is what ended the script: its last words, or an error that ends any."""
    if "unexpected operator" in line:
        return False
    return is_last(case, line) or case.exit_code == 127
