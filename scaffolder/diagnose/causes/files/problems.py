"""What is wrong with the program's file, and whether the runtime's words agree."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.program import Problem, Program


def problem_of(case: Case, *kinds: str) -> tuple[Program, Problem] | None:
    """Return what is wrong with the program, if it is one of these."""
    program = case.program
    while program and not program.problem and program.interpreter:
        program = program.interpreter
    if program and program.problem and program.problem.kind in kinds:
        return program, program.problem
    return None


def runtime_says(case: Case, pattern: str) -> bool:
    """Tell whether the runtime's words agree."""
    return case.phase == Phase.IMAGE or bool(re.search(pattern, case.refusal, re.IGNORECASE))
