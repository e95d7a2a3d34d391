"""What a crash leaves behind: the program, the kernel's message, the last lines."""

from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence, logged, nothing_logged
from scaffolder.diagnose.evidence.kernel_log import Message, crash_at
from scaffolder.diagnose.programs.program import Program


def crashed(case: Case) -> Program | None:
    """Return the native program that crashed, most likely the last that is started."""
    found = [f.program for f in case.launched if f.program and f.program.elf and f.program.entry]
    return found[-1] if found else None


def kernel_words(case: Case, program: Program | None) -> list[Evidence]:
    """Return what the kernel logged about the crash."""
    found = kernel_message(case, program)
    return [Evidence("kernel", "dmesg | grep -E 'segfault|traps'", found.text)] if found else []


def kernel_message(case: Case, program: Program | None) -> Message | None:
    """Return the line that the kernel logged about the crash; None if there is none."""
    names = {basename(word) for word in case.config.argv[:1]}
    if program:
        names |= {program.name, basename(program.entry.path) if program.entry else ""}
    return crash_at(case.kernel, case.state.finished, names)


def first_words(case: Case) -> Evidence:
    """Show the end of the log, or that it is empty; not what only a copy has said."""
    own = (line.text for line in case.lines if line.text not in case.seen.unheard)
    lines = [text for text in own if text.strip()]
    return logged(case, "\n".join(lines[-3:])) if lines else nothing_logged(case)
