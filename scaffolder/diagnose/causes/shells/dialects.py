"""Scripts in the language of another shell than runs them."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import logged
from scaffolder.diagnose.phase import Phase

from .script import quote, scripts, where


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
    match = case.said(
        r"[^\n]*(?:syntax error|bad substitution|illegal option|invalid option name"
        r"|\[\[: not found|source: not found|unexpected operator|unexpected \""
        "|unexpected end of file|not a valid identifier|bad variable name|Illegal number"
        r"|function: not found|declare: not found|shopt: not found|pushd: not found)[^\n]*"
    )
    if match is None or not scripts(case):
        return None
    script = next(
        (s for s in scripts(case) if s.path and s.path in case.line(match)), scripts(case)[0]
    )
    if "\r" in script.text or "\\r" in case.line(match):
        return Found(
            f"{where(script)} has Windows (CRLF) line endings: the shell takes the carriage"
            f" returns for text: {case.line(match)[:120]}",
            "convert it to LF (.gitattributes: *.sh text eol=lf)",
            (logged(case, match), quote(case, script, "lines end with \\r\\n")),
            proven="\r" in script.text,
        )
    bash = re.search(
        r"\[\[|^\s*source |\bfunction \w+|pipefail|\$\{[^}]*(?:\^\^|,,|//|:\d)|<\(|^\s*declare "
        r"|\w+=\(|shopt|pushd|&>|<<<|\(\(",
        script.text,
        re.MULTILINE,
    )
    first = script.text.split("\n", 1)[0]
    runs = "sh" if not first.startswith("#!") or not first.rstrip().endswith("bash") else "bash"
    if bash and runs == "sh":
        return Found(
            f"{where(script)} is written for bash ({bash[0].strip()!r}) and run by sh:"
            f" {case.line(match)[:150]}",
            "write #!/bin/bash as its first line (and have bash in the image), or use what sh"
            " knows",
            (logged(case, match), quote(case, script, first)),
            proven=True,
        )
    return Found(
        f"{where(script)} has a syntax error: {case.line(match)[:150]}",
        "sh -n SCRIPT finds it before the build",
        (logged(case, match),),
        weight=64,
    )
