"""Threads of a program that wait for each other, for ever."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import live, quoted, threads, watched
from scaffolder.diagnose.evidence.dead_threads import are_dead, die_in_copy
from scaffolder.diagnose.evidence.phase import Phase

IN_RUST = (
    "; in Rust, the guard in the head of a `while let`, `if let` or `match` lives until the end of"
    " the block: take the value into a variable first"
)


@cause(
    "deadlock",
    "threads of the program wait for each other, for ever",
    pattern="process",
    reads=["rerun", "live"],
    page="nothing-moves",
    when=Phase.RUNNING,
    explains=["waits-in-call"],
)
def deadlock(case: Case) -> Found | None:
    """Find what Java's virtual machine calls a deadlock, or native threads that nothing can wake.

    Java is asked in a copy (SIGQUIT).
    """
    told = case.seen.stuck
    if told is None or not told.is_deadlock:
        return _dead(case)
    return Found(
        f"{len(told.stands)} threads wait for each other, for ever: {told.words}",
        "take these locks in the same order everywhere, or with a time limit (tryLock)",
        (threads(case, told),),
        (f"docker kill --signal QUIT {case.target}", f"docker logs --tail 100 {case.target}"),
    )


def is_dead(case: Case) -> bool:
    """Tell whether a container has come to nothing: it is silent, and none of its threads goes on.

    A check that succeeds knows better.
    """
    is_well = case.state.health is not None and case.state.health.status == "healthy"
    reached = case.sockets or case.other_sockets
    return case.is_silent and not (is_well or reached) and are_dead(case.sources.threads())


def _dead(case: Case) -> Found | None:
    if not (die_in_copy(case.seen.trace) and is_dead(case)):
        return None
    number = len(case.sources.threads())
    natives = [item.program.elf for item in case.launched if item.program and item.program.elf]
    is_rust = any(elf.language == "rust" for elf in natives)
    pid = f"docker inspect -f '{{{{.State.Pid}}}}' {quoted(case)}"
    waits = "\n".join(f"thread {w.thread}: {w.waiting}" for w in case.seen.trace.waits)
    return Found(
        f"a deadlock: all {number} threads of the program wait for a lock (a mutex or a condition),"
        " or for the end of another thread, without a time limit, and none is left to release it:"
        " one takes a lock that it holds already, or several take two in different orders",
        "see where each thread stands (gdb), and release a lock before it is taken again; take"
        f" several in the same order everywhere{IN_RUST if is_rust else ''}",
        (
            live(case, "sh -c 'cat /proc/1/task/*/wchan'", "futex, in every thread"),
            watched(case, f"a copy comes to the same:\n{waits}"),
        ),
        (f"gdb --batch -p $({pid}) -ex 'thread apply all bt'",),
    )
