"""What a shell complains of where a variable without a value leaves a gap in a line."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence, inspected, logged
from scaffolder.diagnose.causes.shells.script import quote, scripts
from scaffolder.diagnose.programs.shell_variables import TAKEN, lacking

GAP = (
    r"^[^\s:]{1,200}: (?:line )?(?P<line>\d{1,5}): (?:[^\n]{0,100}(?:bad array subscript"
    r"|operand expected)|\[: (?:[!=<>-]\S{0,3}: (?:unary|unexpected) operator|: integer expr"
    r"|Illegal number: $)|\$\w+: ambiguous redirect|arithmetic expression: expecting primary"
    r"|: (?:command not found|No such file|Permission denied)|cannot (?:create|open) : "
    r"|\.: : not found|source: filename argument required)[^\n]{0,200}"
)
"""Complaints of bash and dash about a word that is not there, with the line of the script."""


def gap(case: Case) -> tuple[str, tuple[Evidence, ...]] | None:
    """Return the variable without a value in the line of which a shell complained last."""
    match = case.said(GAP)
    script = next(iter(scripts(case)), None)
    if match is None or script is None:
        return None
    lines, number = script.text.splitlines(), int(match["line"])
    if not 0 < number <= len(lines):
        return None
    line = lines[number - 1].strip()
    known = lacking(script.text, case.config.env)
    names = [name for found in TAKEN.findall(line) if (name := found[0] or found[1]) in known]
    if not names:
        return None
    shown = (
        logged(case, match),
        quote(case, script, line),
        inspected(case, "Config.Env", f"{names[0]} is not set"),
    )
    return names[0], shown
