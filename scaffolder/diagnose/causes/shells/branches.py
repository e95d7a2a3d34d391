"""Scripts that do one thing or another by a word, and nothing for the one that they are given."""

import re
from fnmatch import fnmatchcase

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, inspected
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs import shell
from scaffolder.diagnose.programs.own_arguments import begin
from scaffolder.diagnose.programs.scripts import Script

from .script import plain_lines, quote, scripts, where

CASE = re.compile(
    r"^[ \t]*case[ \t]+(?P<word>\"?\$\{?(?P<name>\w+)[^\n]{0,80}?)[ \t]+in\b", re.MULTILINE
)
WORD = r"[^\s()|#;=&`]+"
BRANCH = re.compile(rf"(?:^|;;)[ \t]*\(?({WORD}(?:[ \t]*\|[ \t]*{WORD})*)\)", re.MULTILINE)
ESAC = re.compile(r"^[ \t]*esac\b", re.MULTILINE)
PREPARES = {
    "set", "export", "umask", "cd", "trap", "shift", "readonly", "declare", "local", "unset",
}  # fmt: skip
"""Commands by which a script gets ready, and does no work yet."""
MOST = 8


@cause(
    "no-branch",
    "a script has nothing to do for the word that it is given",
    pattern="process",
    reads=["files", "inspect"],
    page="nothing-moves",
    when=Phase.FINISHED | Phase.DIED,
    basis=Basis.INFERRED,
    explains=["nothing-keeps-it", "entrypoint-without-exec"],
)
def no_branch(case: Case) -> Found | None:
    """Find a script that ends with a `case` without a branch for its word, and does no work."""
    script = next(iter(scripts(case)), None)
    last = next(reversed([*CASE.finditer(script.text)]), None) if script else None
    if script is None or last is None or case.exit_code != 0:
        return None
    body = script.text[last.end() :]
    if len(ESAC.findall(body)) != 1 or plain_lines(body)[-1] != "esac":
        return None  # there is more after it, or around it
    before = shell.commands(script.text[: last.start()])
    if any(
        command.name not in PREPARES and not shell.ASSIGNMENT.match(command.name)
        for command in before
    ):
        return None
    if len(case.seen.trace.processes) > 1:
        return None
    given = _given(case, script, last["name"], last["word"])
    known = [
        word.strip().strip("\"'") for found in BRANCH.findall(body) for word in found.split("|")
    ]
    if given is None or not known or any(fnmatchcase(given, pattern) for pattern in known):
        return None
    word = f"`{given}`" if given else "no word"
    own = last["name"]
    return Found(
        f"{where(script)} does one thing or another by {last['word']}, and is given {word}: it"
        f" knows {', '.join(known[:MOST])}, and does nothing for another one, not even say so",
        f"give it one of these{_place(own)}, and let the script end with an error for all"
        " others: *) echo unknown >&2; exit 64 ;;",
        (
            quote(case, script, last[0].strip()),
            inspected(case, "Config.Env", f"{own}={given}")
            if own in case.config.env
            else inspected(case, "Config.Cmd", list(case.config.argv)),
            ended(case),
        ),
    )


def _place(name: str) -> str:
    return " as its argument" if name.isdigit() else f": -e {name}=..."


def _given(case: Case, script: Script, name: str, word: str) -> str | None:
    """Return the value of the word; None if it is not known without a run."""
    if not name.isdigit():
        known = shell.assigned(script.text, case.config.env)
        if name not in known and shell.sets(script.text, name):
            return None
        value = shell.expand(word.strip('"'), known)
        return "" if value == word.strip('"') else None if "$" in value else value
    arguments = case.config.argv[begin(case.config.argv, case.config.env) :]
    at = int(name) - 1
    value = arguments[at] if at < len(arguments) else ""
    default = re.search(r":-([\w.-]+)", word)
    return value or (default[1] if default else "")
