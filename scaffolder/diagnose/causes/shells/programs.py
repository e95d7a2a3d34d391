"""Programs that a script starts, and that are missing or cannot be executed."""

import re
from collections.abc import Iterator
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.causes.files.formats import FORMATS
from scaffolder.diagnose.causes.start.search import find_elsewhere
from scaffolder.diagnose.evidence import copied, ended, logged
from scaffolder.diagnose.launched import Launched
from scaffolder.diagnose.phase import Phase
from scaffolder.diagnose.program import Problem, Program

from .dialects import BUILTINS
from .script import is_last, scripts, where

NOT_FOUND = (
    r"[^\n]*?(?P<n>[^\s:'\"`]+)['\"`]?: (?:command )?not found[^\n]*"
    r"|[^\n]*exec: (?P<x>[^\s:]+): not found[^\n]*|[^\n]*can't execute '(?P<y>[^']+)'[^\n]*"
    r"|[^\n]*failed to run command ['\u2018](?P<z>[^'\u2019]+)['\u2019]: No such file[^\n]*"
    r"|[^\n]*: (?P<w>/[^\s:]+): No such file or directory$"
)
SHELL_SAYS = re.compile(
    r"^(?:/\S*/)?(?:ba|da|a|z|k)?sh: |command not found|can't execute|failed to run command"
)
"""What only a shell, or a wrapper, says of a command."""


@cause(
    "program-closed-in-script",
    "a script starts a program that is not executable",
    pattern="permissions",
    reads=["logs", "files"],
    page="check-program-file",
    when=Phase.ENDED,
    weight=80,
)
def program_closed_in_script(case: Case) -> Found | None:
    """Find a script's command without the x bit, or behind a closed directory."""
    for item, problem in broken(case):
        if problem.kind not in {"mode", "unreachable", "directory"}:
            continue
        says = case.said(
            rf"[^\n]*{re.escape(basename(item.argv[0]))}[^\n]*(?:permission denied"
            r"|is a directory)[^\n]*"
        )
        if not says and case.exit_code != 126 and not case.is_silent:
            continue
        return Found(
            f"{item.by or 'the command'} starts {item.argv[0]}, which {case.identity.words} may"
            f" not execute: {problem.path} has mode {problem.detail or 'of a directory'}",
            f"RUN chmod 755 {problem.path} (or COPY --chmod=755)",
            (
                *((logged(case, says),) if says else (ended(case),)),
                copied(case, problem.path, f"mode {problem.detail}"),
            ),
            proven=says is not None,
        )
    return None


def broken(case: Case) -> Iterator[tuple[Launched, Problem]]:
    """Return commands of scripts that cannot be started, and why."""
    for item in case.launched[1:]:
        problem = item.program.first_problem if item.program else None
        if problem:
            yield item, problem


@cause(
    "program-broken-in-script",
    "a script starts a program that this image or machine cannot run",
    pattern="image",
    reads=["logs", "files"],
    page="check-program-file",
    when=Phase.ENDED,
    weight=79,
)
def program_broken_in_script(case: Case) -> Found | None:
    """Find, in a script, a program of another architecture or libc, with CRLF, or damaged."""
    for item, problem in broken(case):
        what = _flaw(item.program, problem)
        if not what:
            continue
        says = case.said(
            rf"[^\n]*{re.escape(basename(item.argv[0]))}[^\n]*(?:not found|no such file"
            "|format error|cannot execute|syntax error|not executable|permission denied"
            r"|required file)[^\n]*"
        )
        if not says and not (case.is_silent and case.exit_code in (0, 1, 2, 126, 127)):
            continue
        return Found(
            f"{item.by or 'the command'} starts {item.argv[0]}, {what}",
            "build it for this image and machine, and copy it into the image whole, with LF line"
            " endings",
            (
                *((logged(case, says),) if says else (ended(case),)),
                copied(case, problem.path, problem.detail or problem.kind),
            ),
            proven=says is not None,
        )
    return None


def _flaw(program: Program | None, problem: Problem) -> str:
    texts = {
        "crlf": (
            "which has Windows (CRLF) line endings: its interpreter is sought with a carriage"
            " return"
        ),
        "architecture": f"which is a program for another processor ({problem.detail})",
        "loader": (
            f"whose ELF interpreter {problem.detail} is not in the image: it was built for another"
            " libc"
        ),
        **{kind: f"which {words}" for kind, (words, _fix) in FORMATS.items()},
    }
    if program and program.interpreter and problem.kind in {"missing", "not-in-path", "dangling"}:
        return f"whose #! line names {' '.join(program.shebang)}, which does not exist in the image"
    return texts.get(problem.kind, "")


@cause(
    "path-wrong-in-script",
    "a script starts a program by a path that does not exist",
    pattern="image",
    reads=["logs", "files"],
    page="check-program-file",
    when=Phase.ENDED,
    weight=77,
)
def path_wrong_in_script(case: Case) -> Found | None:
    """Find `exec /app/server` where the program is elsewhere."""
    for item, problem in broken(case):
        name = item.argv[0]
        if (
            problem.kind not in {"missing", "dangling"}
            or "/" not in name
            or (item.program and item.program.interpreter)
        ):
            continue
        says = case.said(rf"[^\n]*{re.escape(name)}[^\n]*(?:not found|no such file)[^\n]*")
        if not says and not (case.is_silent and case.exit_code == 127):
            continue
        other = [p for p in find_elsewhere(case, basename(name)) if p != name]
        return Found(
            f"{item.by or 'the command'} starts {name}, which does not exist in the"
            f" image{f'; there is {other[0]}' if other else ''}",
            f"correct the path{f': {other[0]}' if other else ', or COPY it there'}",
            (
                *((logged(case, says),) if says else (ended(case),)),
                copied(case, name, "no such file"),
            ),
            proven=says is not None,
        )
    return None


@cause(
    "command-missing-in-script",
    "a command that a script uses is not installed in the image",
    pattern="dependencies",
    reads=["logs", "files"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    weight=73,
)
def command_missing_in_script(case: Case) -> Found | None:
    """Find 127: a tool that the image lacks."""
    match = case.said(NOT_FOUND, re.IGNORECASE)
    name = next((g for g in match.groups() if g), "") if match else ""
    if (
        not match
        or not name
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
    if problem is None:
        return None
    script = next((s for s in scripts(case) if name in s.text), None)
    if script is None and case.exit_code != 127 and not SHELL_SAYS.search(case.line(match)):
        return None
    used = f"{where(script)} uses {name}" if script else f"{name} is used"
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
