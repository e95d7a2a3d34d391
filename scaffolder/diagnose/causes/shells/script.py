"""The scripts of a container, and how they are shown."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence, content, inspected
from scaffolder.diagnose.programs.scripts import Script


def scripts(case: Case) -> list[Script]:
    """Return the shell scripts that are run, the one that the runtime starts first."""
    return [item.script for item in case.launched if item.script and item.script.language == "sh"]


def where(script: Script) -> str:
    """Return what to call a script in a sentence."""
    return script.path or "the shell-form command"


def quote(case: Case, script: Script, line: str) -> Evidence:
    """Show a line of a script."""
    if script.path:
        return content(case, script.path, line)
    return inspected(case, "Config.Cmd", line)


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
