"""The scripts of a container, and how they are shown."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence, content, inspected
from scaffolder.diagnose.evidence.facts import Process
from scaffolder.diagnose.programs import shell
from scaffolder.diagnose.programs.launched import BUILTINS
from scaffolder.diagnose.programs.scripts import Script, language


def scripts(case: Case) -> list[Script]:
    """Return the shell scripts that are run, the one that the runtime starts first."""
    return [item.script for item in case.launched if item.script and item.script.language == "sh"]


def variables(case: Case) -> dict[str, str]:
    """Return the environment of a container, with what its scripts set to a known text."""
    known = dict(case.config.env)
    for script in scripts(case):
        known = shell.assigned(script.text, known)
    return known


def where(script: Script) -> str:
    """Return what to call a script in a sentence."""
    return script.path or "the shell-form command"


def quote(case: Case, script: Script, line: str) -> Evidence:
    """Show a line of a script."""
    if script.path:
        return content(case, script.path, line)
    return inspected(case, "Config.Cmd", line)


def is_absent(case: Case, script: Script, name: str) -> bool:
    """Tell whether a command of a script is no builtin, no function, and not in the image."""
    known = name in BUILTINS or name in shell.KEYWORDS
    if known or re.search(rf"\b{re.escape(name)}\s*\(\)", script.text):
        return False
    return case.finder.find((name,)).first_problem is not None


def is_shell(process: Process) -> bool:
    """Tell whether a process is a shell."""
    return language(process.command.split(" ")[0].lstrip("-")) == "sh"


def still_waits(case: Case) -> bool:
    """Tell whether the first process is a shell that sleeps: its script has not gone on yet."""
    first = case.first
    if first is None or not is_shell(first):
        return False
    others = (p.command for p in case.processes or () if p.parent == first.pid)
    return any(re.match(r"(?:\S*/)?sleep\b", command) for command in others)


def plain_lines(script: str) -> list[str]:
    """Return the lines of a script that do something."""
    return [
        line.strip()
        for line in script.splitlines()
        if line.strip() and not line.strip().startswith("#")
    ]


def is_last(case: Case, line: str) -> bool:
    """Tell whether nothing was written after a line."""
    last = next((said.text for said in reversed(case.lines) if said.text.strip()), "")
    return line in last or last.strip() in line
