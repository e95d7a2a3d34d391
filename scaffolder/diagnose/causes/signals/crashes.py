"""Crashes of native code: abort, segmentation fault, illegal instruction."""

import re
import signal
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, content, ended, logged
from scaffolder.diagnose.causes.silence.readings import named_variables
from scaffolder.diagnose.evidence import kernel_log
from scaffolder.diagnose.evidence.files import PROGRAM
from scaffolder.diagnose.evidence.kernel_log import Message
from scaffolder.diagnose.evidence.phase import SIGNALLED
from scaffolder.diagnose.programs.native import binary
from scaffolder.diagnose.programs.program import Program

from .traces import crashed, first_words, kernel_message, kernel_words

FRAMES = r"most recent call first\):?(?P<frames>(?:\n[ \t]+File \"[^\"\n]+\", line \d+ in [^\n]+)+)"
FRAME = re.compile(r"File \"([^\"\n]+)\", line (\d+) in (\S+)")
OF_LIBRARY = re.compile(r"/lib/python[\d.]+/|-packages/")


@cause(
    "aborted",
    "the program called abort()",
    pattern="process",
    reads=["inspect", "files", "kernel", "logs"],
    page="exit-codes",
    explains=["segfault"],
    cured_by=["init 134"],
)
def aborted(case: Case) -> Found | None:
    """Find an abort: 134, or 139 as PID 1, which the kernel shields from SIGABRT."""
    program = crashed(case)
    data = _data(case, program)
    words = kernel_words(case, program)
    trapped = any("general protection" in w.found or "invalid opcode" in w.found for w in words)
    segfault = any("segfault" in w.found for w in words)
    can = bool(program and program.elf and binary.aborts(data, program.elf))
    as_first = case.exit_code == SIGNALLED + signal.SIGSEGV and can and not segfault
    if case.exit_code != SIGNALLED + signal.SIGABRT and not as_first:
        return None
    says = case.said(
        r"[^\n]*(?:assert|terminate called|abort|fatal|panicked|double free|corrupt"
        r"|stack smashing)[^\n]*"
    )
    name = program.path if program else "the program"
    text = f"{name} calls abort() after a failed check (assertion, panic, heap corruption)"
    if as_first:
        text += (
            "; for PID 1 the kernel ignores SIGABRT, and libc falls back to a trap, so"
            " the exit code is 139, not 134"
        )
    reason = f": {case.line(says)[:200]}" if says else ""
    return Found(
        text + reason + _before(case),
        "find the failed assertion or panic: run it under a debugger, with RUST_BACKTRACE=1, or a"
        " build with symbols",
        (
            ended(case),
            *words,
            logged(case, says) if says else first_words(case),
            *((content(case, program.path, "has abort()"),) if program and can else ()),
        ),
        # How it ended is sure. Why is not, if a call failed before: what names that is better.
        proven=trapped and can and case.seen.failed_call is None,
        basis=Basis.INFERRED if case.seen.failed_call else None,
    )


def _before(case: Case) -> str:
    """Return what a program asked for in vain before it crashed, to end a sentence.

    No call shows that it took a variable that is not set: only its texts tell, if they name one.
    """
    call = case.seen.failed_call
    if call:
        return f"; the last call that failed before is {call.words}"
    names = [name for name, _, _ in named_variables(case)]
    return f"; it names the variable {names[0]}, which is not set" if len(names) == 1 else ""


def _data(case: Case, program: Program | None) -> bytes:
    if program is None or program.entry is None:
        return b""
    return case.files.content(program.entry.path, PROGRAM) or b""


@cause(
    "segfault",
    "native code crashed with SIGSEGV",
    pattern="process",
    reads=["inspect", "files", "kernel", "logs"],
    page="pattern-dependencies",
    cured_by=["init 139"],
)
def segfault(case: Case) -> Found | None:
    """Find a segmentation fault."""
    if case.exit_code != SIGNALLED + signal.SIGSEGV and not (
        case.exit_code == 11 and case.said("segmentation fault")
    ):
        return None
    decider = case.seen.decider
    if decider and decider.signal == signal.SIGABRT:
        return None  # as PID 1 it ended in 139 all the same
    program = crashed(case)
    words, message = kernel_words(case, program), kernel_message(case, program)
    is_of_stack = case.seen.out_of_stack or (message is not None and kernel_log.lost_stack(message))
    said = case.said(r"[^\n]*(?:segmentation fault|SIGSEGV|signal 11|Fatal Python error)[^\n]*")
    # What only a copy says is told, and is no proof for the container.
    says = None if said and said[0] in case.seen.unheard else said
    name = program.path if program else "the program"
    return Found(
        f"{name} crashed with SIGSEGV (segmentation fault, 139): native code"
        f"{_of_library(message, program)} accessed memory that it may not access"
        f"{_at_address(message)}{_called_by(case)}{_before(case)}",
        "debug the native crash: core dump and gdb; PYTHONFAULTHANDLER=1 or catchsegv shows"
        " where; check versions of native modules",
        (ended(case), *words, logged(case, says) if says else first_words(case)),
        # That it crashed is sure, but why is known better where the stack was used up.
        proven=any("segfault" in w.found for w in words) and not is_of_stack,
    )


def _of_library(message: Message | None, program: Program | None) -> str:
    """Name the library whose code crashed, to go on with a sentence."""
    name = kernel_log.module(message) if message else ""
    entry = program.entry if program else None
    own = {basename(program.path), basename(entry.path)} if program and entry else set()
    return f" of {name}" if name and name not in own else ""


def _at_address(message: Message | None) -> str:
    at = kernel_log.null_pointer(message) if message else ""
    return f": a null pointer (address {int(at, 16):#x})" if at else ""


def _called_by(case: Case) -> str:
    """Tell which line of Python was running, by the traceback that its faulthandler writes."""
    found = case.said(FRAMES)
    frames = FRAME.findall(found["frames"]) if found else []
    own = next((each for each in frames if not OF_LIBRARY.search(each[0])), None)
    path, line, function = own or (frames[0] if frames else ("", "", ""))
    shows = "a copy shows that it" if case.seen.unheard else "it"
    return f"; {shows} was called at {path}:{line} ({function})" if path else ""


@cause(
    "illegal-instruction",
    "the program uses an instruction that this processor lacks",
    pattern="image",
    reads=["inspect", "files", "kernel", "live"],
)
def illegal_instruction(case: Case) -> Found | None:
    """Find SIGILL: a build for a newer processor, or a trap that the compiler inserted."""
    says = case.said(r"illegal instruction|SIGILL|CPU (?:does not|doesn't) support|x86-64-v[234]")
    if case.exit_code != SIGNALLED + signal.SIGILL and not says:
        return None
    program = crashed(case)
    lacks = [
        f
        for f in ("avx", "avx2", "bmi2", "avx512f")
        if case.host.flags and f not in case.host.flags
    ]
    about = f" (this processor lacks {', '.join(lacks)})" if lacks else ""
    name = program.path if program else "the program"
    return Found(
        f"{name} uses CPU instructions that this host's processor lacks: SIGILL (132){about}; it"
        " was built for a newer processor",
        "build for a lower baseline (x86-64-v2; no -march=native or target-cpu=native), or run on"
        " a newer processor",
        (
            ended(case),
            *kernel_words(case, program),
            first_words(case),
            Evidence(
                "live",
                "grep -m1 flags /proc/cpuinfo",
                f"lacks {', '.join(lacks) or 'none of avx, avx2, avx512f'}",
            ),
        ),
    )
