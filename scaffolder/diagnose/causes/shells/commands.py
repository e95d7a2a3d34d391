"""Commands that a script uses, and that are not installed."""

import re
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import copied, ended, logged
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs import shell
from scaffolder.diagnose.programs.scripts import Script

from .dialects import BUILTINS
from .script import is_absent, is_last, plain_lines, quote, scripts, where
from .sought import NO_COMMAND, sought_in_vain

NOT_FOUND = (
    r"^[^\n]*?(?<![^\s:'\"`])(?P<n>[^\s:'\"`]++)['\"`]?: (?:command )?not found[^\n]*"
    r"|^[^\n]*exec: (?P<x>[^\s:]+): not found[^\n]*|^[^\n]*can't execute '(?P<y>[^'\n]+)'[^\n]*"
    r"|^[^\n]*failed to run command ['\u2018](?P<z>[^'\u2019\n]+)['\u2019]: No such file[^\n]*"
    r"|^[^\n]*: (?:line )?\d+: (?P<w>/[^\s:]+): No such file or directory$"
)
SHELL_SAYS = re.compile(
    r"^(?:/\S*/)?(?:ba|da|a|z|k)?sh: |command not found|can't execute|failed to run command"
)
"""What only a shell or a wrapper says about a command."""
INNER = re.compile(r"(?:\$\(|`|\|)\s*([a-z][\w.+-]*)(?=[\s)`]|$)")
"""A command within a word or behind a pipe."""


@cause(
    "command-missing-in-script",
    "a command that a script uses is not installed in the image",
    pattern="dependencies",
    reads=["logs", "files", "rerun"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    explains=["file-missing"],
)
def command_missing_in_script(case: Case) -> Found | None:
    """Find 127: a tool that the image lacks."""
    match = case.said(NOT_FOUND, re.IGNORECASE)
    if match is None:
        is_unsaid = case.is_silent and case.exit_code == NO_COMMAND
        return _unsaid(case) if is_unsaid else sought_in_vain(case)
    name = next((g for g in match.groups() if g), "")
    if (
        not name
        or not re.fullmatch(r"[\w./+-]+", name)
        or re.search(
            rf"(?:{BUILTINS}|\w(?:\+\+|--)): not found|: (?:\.|source): ", case.line(match)
        )
        or ".so" in name
        or "version" in case.line(match)
    ):
        return None
    if case.exit_code not in (0, 1, 2, 127) and case.phase == Phase.DIED:
        return None
    problem = case.finder.find((name,)).first_problem
    if problem is None or case.has(name):
        return None  # what is there and "not found" lacks its interpreter
    script = next((s for s in scripts(case) if name in s.text), None)
    is_read = bool(match["w"]) and script is not None and not _runs(script, name)
    is_other = not script and case.exit_code != 127 and not SHELL_SAYS.search(case.line(match))
    if is_read or is_other:
        return None
    used = f"{where(script)} uses {name}" if script else f"the command uses {name}"
    return Found(
        f"{used}, which is not installed in the image: not found",
        f"install {basename(name)} in the runtime stage, or use what the image has",
        (
            logged(case, match),
            copied(case, f"/usr/bin/{basename(name)}", "no such file"),
            ended(case),
        ),
        proven=script is not None and (case.exit_code == 127 or is_last(case, case.line(match))),
    )


def _runs(script: Script, name: str) -> bool:
    """Tell whether a script has a path where commands stand, and not that of a file it reads."""
    return any(name in c.words[: 1 + (c.name == "exec")] for c in shell.commands(script.text))


def _unsaid(case: Case) -> Found | None:
    """Find the command of a script whose message is thrown away (2>/dev/null)."""
    for script in scripts(case):
        for line in plain_lines(script.text):
            for match in INNER.finditer(line):
                if is_absent(case, script, match[1]):
                    return Found(
                        f"{where(script)} uses {match[1]}, which is not installed in the image, and"
                        f" its message is thrown away; the script ends with 127 at: {line}",
                        f"install {match[1]} in the runtime stage, or use what the image has",
                        (
                            quote(case, script, line),
                            copied(case, f"/usr/bin/{match[1]}", "no such file"),
                            ended(case),
                        ),
                        basis=Basis.INFERRED,
                    )
    return None
