"""Health checks whose own command is missing, or cannot be executed."""

import re
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, quoted
from scaffolder.diagnose.evidence.config import HealthCheck
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs import shell
from scaffolder.diagnose.programs.launched import BUILTINS

from .checks import failing, output, shown, test

PROGRAM = re.compile(r"[\w./~]")
"""How the name of a program begins, or its path."""


@cause(
    "check-tool-missing",
    "the health check runs a program that the image does not have",
    pattern="healthcheck",
    reads=["inspect", "files"],
    when=Phase.RUNNING,
)
def check_tool_missing(case: Case) -> Found | None:
    """Find curl, wget or a shell that is not installed."""
    check = failing(case)
    if check is None:
        return None
    names = _programs(case, check)
    missing = next(
        (
            n
            for n in names
            if (p := case.finder.find((n,)).problem)
            and p.kind in {"missing", "not-in-path", "dangling"}
        ),
        None,
    )
    if missing is None:
        return None
    says = re.search(
        rf"{re.escape(basename(missing))}\b[^\n]*(?:not found|no such file|executable file)",
        output(case),
        re.IGNORECASE,
    )
    return Found(
        f"the health check runs {missing}, which is not installed in the image; the service itself"
        " may be fine",
        (
            f"install {basename(missing)}, or use a check that needs no tool: a command of the"
            " program itself, or one that the image has"
        )
        + (" (exec form: there is no shell)" if missing in {"/bin/sh", "sh"} else ""),
        (
            shown(case),
            test(case, check),
            Evidence(
                "files", f"docker cp {quoted(case)}:/usr/bin/{basename(missing)} -", "no such file"
            ),
        ),
        proven=says is not None,
    )


def _programs(case: Case, check: HealthCheck) -> list[str]:
    if check.test[0] == "CMD":
        return [check.test[1]] if len(check.test) > 1 else []
    first = ["/bin/sh"]
    names = [shell.expand(c.name, case.config.env) for c in shell.commands(check.words)]
    return first + [n for n in names if PROGRAM.match(n) and n not in BUILTINS]


@cause(
    "check-not-allowed",
    "the health check's command cannot be executed",
    pattern="healthcheck",
    reads=["inspect", "files"],
    when=Phase.RUNNING,
)
def check_not_allowed(case: Case) -> Found | None:
    """Find a check's program that is not executable, or has another flaw."""
    check = failing(case)
    if check is None:
        return None
    for name in _programs(case, check):
        problem = case.finder.find((name,)).first_problem
        if problem and problem.kind not in {"missing", "not-in-path", "dangling"}:
            return Found(
                f"the health check runs {name}, which cannot be executed ({problem.kind}:"
                f" {problem.path} {problem.detail})",
                "correct its mode (chmod +x), its first line, or its format",
                (shown(case), test(case, check)),
                proven=bool(
                    re.search("permission|denied|format|not found", output(case), re.IGNORECASE)
                ),
            )
    return None
