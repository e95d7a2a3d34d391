"""What the stack of a native program tells of its end, which the watched copy has kept."""

from dataclasses import replace

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.silence.readings import is_interpreter
from scaffolder.diagnose.evidence import go_stack
from scaffolder.diagnose.evidence.files import PROGRAM
from scaffolder.diagnose.evidence.swallowed import UNCAUGHT, Ending, Swallowed
from scaffolder.diagnose.programs.native import elf, near_end
from scaffolder.diagnose.programs.native.go_table import frames

from .unchanged import take_in


def read(case: Case) -> None:
    """Add how a native program ended itself, which its stack shows: no other copy is needed.

    The stack of an interpreter is about that, and not about the script that it runs.
    """
    process = case.seen.decider
    if process and is_interpreter(process.name):
        return
    on_stack = process.words or process.stack if process else ()
    data = case.files.content(process.program, PROGRAM) if process and on_stack else None
    if process is None or not data:
        return
    panic = near_end.panic(data, process.entry, process.below)
    if panic:
        text = f"thread 'main' panicked at {panic[0]}:\n{panic[1]}"
        # What it panics over may be the error of a call, which is then the reason.
        names = frozenset({"OSError"} if case.seen.failed_call else ())
        told = Swallowed(text, names, "its panic hook", UNCAUGHT)
        take_in(case, replace(case.seen, swallowed=told))
        return
    named = near_end.texts(data, process.entry, on_stack)
    found: Swallowed | Ending | None = Ending("", f"exit({process.status})", ())
    if elf.language(data) == "go":
        found = go_stack.end(frames(data, process.entry, process.stack), process.status)
    else:
        named = named or near_end.returned(data, process.entry, on_stack, process.status)
        if not named:
            return
    if isinstance(found, Swallowed):
        take_in(case, replace(case.seen, swallowed=found))
    elif found:
        take_in(case, replace(case.seen, ending=replace(found, named=named)))
