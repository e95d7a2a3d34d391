"""Commands that end a script with `set -e`, in silence."""

import re

from scaffolder.diagnose import shell
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.causes.silence.readings import quiet
from scaffolder.diagnose.evidence import ended
from scaffolder.diagnose.phase import Phase
from scaffolder.diagnose.scripts import Script
from scaffolder.diagnose.sources.files import text

from .script import plain_lines, quote, scripts, where


@cause(
    "errexit",
    "a script with set -e ends at a command that fails in silence",
    pattern="process",
    reads=["files", "logs"],
    page="check-shell",
    when=Phase.DIED,
    weight=70,
)
def errexit(case: Case) -> Found | None:
    """Find the command at which `set -e` ended a script without a word."""
    if not quiet(case) or case.exit_code > 125:
        return None
    for script in scripts(case):
        if not shell.sets_errexit(script.text):
            continue
        line, why, sure = _suspect(case, script)
        if not line:
            continue
        return Found(
            f"{where(script)} uses set -e, and {why}, so that the script ends silently with"
            f" {case.exit_code} at: {line}",
            f"say what is to happen then: {line} || true, or a message and an exit",
            (quote(case, script, line), ended(case)),
            (f"docker run --entrypoint sh {case.config.image} -x {script.path}",),
            weight=None if sure else 46,
        )
    return None


QUIET = {
    "grep",
    "egrep",
    "fgrep",
    "test",
    "[",
    "[[",
    "diff",
    "cmp",
    "pgrep",
    "pidof",
    "which",
    "false",
    "let",
    "expr",
    "read",
    "((",
    "kill",
    "getent",
    "command",
    "type",
    "nc",
    "curl",
    "wget",
    "ping",
}


def _suspect(case: Case, script: Script) -> tuple[str, str, bool]:
    """Return the command that fails, why, and if that was seen to be so."""
    for line in plain_lines(script.text):
        grep = re.search(
            r"\b[ef]?grep\s+((?:-\w+\s+)*)['\"]?([^'\"|]+?)['\"]?\s+([^\s)'\"|;]+)", line
        )
        if grep and "|| " not in line and not re.match(r"\s*(?:if|while|until|elif)\b", line):
            content_of = text(
                case.files, shell.expand(grep[3], case.config.env), case.config.workdir
            )
            if content_of is not None and not _greps(
                grep[2], content_of, "i" in grep[1], "-v" in grep[1]
            ):
                return line, f"the grep for {grep[2]!r} finds nothing in {grep[3]} (status 1)", True
    for command in shell.commands(script.text):
        inner = re.search(r"\$\((\w+)", command.line)
        name = inner[1] if inner else command.name
        if (
            name in QUIET
            and not command.tested
            and "|| " not in command.line
            and not command.line.startswith(("if ", "while ", "until ", "elif "))
        ):
            return command.line, f"a command such as {name} fails without a word", False
    return "", "", False


def _greps(pattern: str, content_of: str, ignore: bool, invert: bool) -> bool:  # noqa: FBT001 - flags of grep
    try:
        found = re.compile(pattern, re.IGNORECASE if ignore else 0)
    except re.error:
        return True
    return any(bool(found.search(line)) != invert for line in content_of.splitlines()[:5000])
