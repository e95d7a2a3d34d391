"""Programs that a script starts, and that are missing or cannot be executed."""

import re
from collections.abc import Iterator
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import copied, ended, logged
from scaffolder.diagnose.causes.files.flaws import flaw_of
from scaffolder.diagnose.causes.start.search import find_elsewhere
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.launched import Launched
from scaffolder.diagnose.programs.program import Problem, Program
from scaffolder.text import quoted as typed

from .script import is_last

CLOSED = {"mode", "unreachable", "directory"}


@cause(
    "program-closed-in-script",
    "a script starts a program that is not executable",
    pattern="permissions",
    reads=["logs", "files"],
    when=Phase.ENDED,
    explains=["file-closed"],
)
def program_closed_in_script(case: Case) -> Found | None:
    """Find a script's command without the x bit, or in a directory that the user cannot enter."""
    for item, _program, problem in broken(case):
        if problem.kind not in CLOSED:
            continue
        says = case.said(
            rf"[^\n]*{re.escape(basename(item.argv[0]))}[^\n]*(?:permission denied"
            r"|is a directory)[^\n]*"
        )
        if not says and case.exit_code != 126 and not case.is_silent:
            continue
        return Found(
            f"{item.by or 'the command'} starts {item.argv[0]}, which {case.identity.words} cannot"
            f" execute: {problem.path}"
            f" {f'has mode {problem.detail}' if problem.detail else 'is a directory'}",
            f"RUN chmod 755 {typed(problem.path)} (or COPY --chmod=755)",
            (
                *((logged(case, says),) if says else (ended(case),)),
                copied(case, problem.path, f"mode {problem.detail}"),
            ),
            proven=_ended_by(case, says),
        )
    return None


def _ended_by(case: Case, says: "re.Match[str] | None") -> bool:
    """Tell whether a script ended with this message, rather than going on without the program."""
    return says is not None and (case.exit_code in {126, 127} or is_last(case, case.line(says)))


def broken(case: Case) -> Iterator[tuple[Launched, Program, Problem]]:
    """Return commands of scripts that cannot be started, and why."""
    for item in case.launched[1:]:
        if item.program and (problem := item.program.first_problem):
            yield item, item.program, problem


@cause(
    "program-broken-in-script",
    "a script starts a program that cannot run here",
    pattern="image",
    reads=["logs", "files"],
    when=Phase.ENDED,
    # A program that never began has not looked for its files either.
    explains=["secret-missing", "command-missing-in-script", "program-broken"],
)
def program_broken_in_script(case: Case) -> Found | None:
    """Find, in a script, a program of another architecture or libc, with CRLF, or damaged."""
    for item, program, problem in broken(case):
        flaw = None if problem.kind in CLOSED else flaw_of(case, program, problem)
        if not flaw:
            continue
        says = case.said(
            rf"[^\n]*{re.escape(basename(item.argv[0]))}[^\n]*(?:not found|no such file"
            "|format error|cannot execute|syntax error|not executable|permission denied"
            r"|required file)[^\n]*"
        )
        if not says and not (case.is_silent and case.exit_code in (0, 1, 2, 126, 127)):
            continue
        return Found(
            f"{item.by or 'the command'} starts {item.argv[0]}, which {flaw.words}",
            flaw.fix,
            (logged(case, says) if says else ended(case), *flaw.evidence),
            flaw.commands,
            proven=_ended_by(case, says),
        )
    return None


@cause(
    "path-wrong-in-script",
    "a script starts a program by a path that does not exist",
    pattern="image",
    reads=["logs", "files"],
    when=Phase.ENDED,
    explains=["command-missing-in-script"],
)
def path_wrong_in_script(case: Case) -> Found | None:
    """Find `exec /app/server` where the program is elsewhere."""
    for item, program, problem in broken(case):
        name = item.argv[0]
        if problem.kind not in {"missing", "dangling"} or "/" not in name or program.interpreter:
            continue
        says = case.said(rf"[^\n]*{re.escape(name)}[^\n]*(?:not found|no such file)[^\n]*")
        if not says and not (case.is_silent and case.exit_code == 127):
            continue
        other = [p for p in find_elsewhere(case, basename(name)) if p != name]
        return Found(
            f"{item.by or 'the command'} starts {name}, which does not exist in the"
            f" image{f'; {other[0]} exists' if other else ''}",
            f"correct the path{f': {other[0]}' if other else ', or COPY it there'}",
            (
                *((logged(case, says),) if says else (ended(case),)),
                copied(case, name, "no such file"),
            ),
            proven=_ended_by(case, says),
        )
    return None
