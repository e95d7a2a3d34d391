"""Interpreters that a program needs and the image lacks."""

from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import content, copied, refused
from scaffolder.diagnose.causes.start.refusal import NEVER

from .problems import runtime_says


@cause(
    "interpreter-missing",
    "the interpreter that the #! line names does not exist",
    pattern="image",
    reads=["files", "logs"],
    when=NEVER,
)
def interpreter_missing(case: Case) -> Found | None:
    """Find a script whose interpreter the image lacks: bash, or a virtual environment's Python."""
    program = case.program
    if not program or not program.interpreter or not runtime_says(case, "no such file|not found"):
        return None
    problem = program.interpreter.first_problem
    if not problem or problem.kind not in {"missing", "dangling", "not-in-path", "interpreter"}:
        return None
    line = " ".join(program.shebang)
    wanted = program.interpreter.path
    about, fix = _about_interpreter(case, wanted, program.path)
    return Found(
        f"the #! line of {program.path} names {line}, which does not exist in the image{about}",
        fix,
        (
            refused(case),
            content(case, program.path, f"#!{line}"),
            copied(case, problem.path, "no such file"),
        ),
        proven=True,
    )


def _about_interpreter(case: Case, wanted: str, script: str) -> tuple[str, str]:
    if "python" in wanted and wanted.startswith("/"):
        about = ": the virtual environment was created at another path (of the build stage)"
        fix = (
            "create the virtual environment at the same path in both stages, or run `python -m"
            " MODULE`"
        )
        return about, fix
    if wanted.endswith("bash"):
        name = (
            "apk add bash"
            if case.has("/lib/apk") or case.has("/etc/alpine-release")
            else "install bash"
        )
        return "", f"write #!/bin/sh if the script does not need bash, or {name} in the image"
    return "", f"install {basename(wanted)} in the image, or correct the first line of {script}"
