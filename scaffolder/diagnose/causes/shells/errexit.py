"""Commands that silently end a script with `set -e`."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended
from scaffolder.diagnose.causes.silence.readings import quiet
from scaffolder.diagnose.evidence.files import text
from scaffolder.diagnose.programs import shell
from scaffolder.diagnose.programs.scripts import Script
from scaffolder.text import quoted as typed

from .meant import LARGEST_STATUS
from .script import plain_lines, quote, scripts, where


@cause(
    "errexit",
    "a script with set -e exits at a command that fails silently",
    pattern="process",
    reads=["files", "logs"],
    page="check-shell",
    basis=Basis.INFERRED,
    explains=["python-buffered"],
)
def errexit(case: Case) -> Found | None:
    """Find the command at which `set -e` silently ended a script."""
    if not quiet(case) or not 0 < case.exit_code <= LARGEST_STATUS:
        return None
    for script in scripts(case):
        if not shell.sets_errexit(script.text):
            continue
        line, why, sure = _suspect(case, script)
        if not line:
            continue
        return Found(
            f"{where(script)} uses set -e, and {why}, so the script exits silently with"
            f" {case.exit_code} at: {line}",
            f"handle the failure: {line} || true, or print a message and exit",
            (quote(case, script, line), ended(case)),
            (f"docker run --entrypoint sh {case.config.image} -x {typed(script.path)}",),
            basis=None if sure else Basis.HINT,
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


DECLARES = ("export ", "local ", "readonly ", "declare ", "typeset ")
"""What assigns and succeeds, also where the command fails whose output it takes."""
TESTED = ("if ", "while ", "until ", "elif ")


def _suspect(case: Case, script: Script) -> tuple[str, str, bool]:
    """Return the command that fails, why, and whether that was observed."""
    for line in plain_lines(script.text):
        grep = re.search(
            r"\b[ef]?grep\s+((?:-\w+\s+)*)['\"]?([^'\"|]+?)['\"]?\s+([^\s)'\"|;]+)", line
        )
        if grep and "|| " not in line and not line.startswith((*TESTED, *DECLARES)):
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
            and not command.line.startswith((*TESTED, *DECLARES))
        ):
            if why := read_fails(case) if name == "read" else "":
                return command.line, why, True
            return command.line, f"a command such as {name} fails silently", False
    return "", "", False


def read_fails(case: Case) -> str:
    """Return why `read` fails, if the file that a copy opened last ends without a newline."""
    path = next(iter(case.seen.opened), "")
    said = text(case.files, path) if path else None
    if not said or said.endswith("\n"):
        return ""
    return f"`read` returns 1 at the last line of {path}, which has no newline at its end"


def _greps(pattern: str, content_of: str, ignore: bool, invert: bool) -> bool:  # noqa: FBT001 - flags of grep
    try:
        found = re.compile(pattern, re.IGNORECASE if ignore else 0)
    except re.error:
        return True
    return any(bool(found.search(line)) != invert for line in content_of.splitlines()[:5000])
