"""What it means how a copy ends that has an init as PID 1: how it crashed, not why."""

from collections.abc import Mapping

from scaffolder.diagnose.case import Case

from .cures import Cure

ABORTED = Cure(
    "init 134",
    "aborted",
    "process",
    "the program calls abort(): with an init as PID 1 the exit code is 134; as PID 1"
    " itself, the kernel ignores SIGABRT, and it exits with 139",
    "find the failed assertion: run it under a debugger, with RUST_BACKTRACE=1",
    proves=True,
)
CRASHED = Cure(
    "init 139",
    "segfault",
    "process",
    "the program crashes with SIGSEGV (segmentation fault, 139), even with an init as PID 1:"
    " native code accesses memory that it may not access",
    "debug the native crash (core dump, gdb)",
    proves=True,
)
STACK = Cure(
    "init stack",
    "stack-overflow",
    "memory",
    "it crashes where its stack may not grow any further, with an init as PID 1 as well",
    "stop the recursion, keep large arrays on the heap",
    proves=True,
)


def endings(case: Case) -> Mapping[int, Cure]:
    """Return what the exit codes of such a copy mean.

    A second crash alone does not tell that the stack was used up: the watched one saw where it was.
    """
    return {134: ABORTED, 139: STACK if case.seen.out_of_stack else CRASHED}
