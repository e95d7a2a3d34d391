"""Threads of a program that wait for each other, for ever."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, copied, live, quoted, threads, watched
from scaffolder.diagnose.causes.silence.readings import has_native
from scaffolder.diagnose.evidence.dead_threads import (
    are_dead,
    die_in_copy,
    opens_in_vain,
    writes_in_vain,
)
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.stuck import Stuck

IN_RUST = (
    "; in Rust, the guard in the head of a `while let`, `if let` or `match` lives until the end of"
    " the block: take the value into a variable first"
)

LONG = 5
"""In seconds: who waits for less has just begun to."""


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
    if told and told.is_starved:
        return _starved(case, told)
    if told is None or not told.is_deadlock:
        return _dead(case)
    return Found(
        f"{len(told.stands)} threads wait for each other, for ever: {told.words}",
        "take these locks in the same order everywhere, or with a time limit (tryLock)",
        (threads(case, told),),
        _asked(case),
    )


def _asked(case: Case) -> tuple[str, ...]:
    """Return how a person has the virtual machine of a container tell the same."""
    return f"docker kill --signal QUIT {case.target}", f"docker logs --tail 100 {case.target}"


def _starved(case: Case, told: Stuck) -> Found:
    limit = f"{case.config.cpus:g}" if case.config.cpus else ""
    size = f"; if its size is availableProcessors(), --cpus {limit} decides that" if limit else ""
    return Found(
        f"every thread of a pool waits for the result of a task, and no thread is left to run one:"
        f" {told.words}{size}",
        "run the tasks of a task in another pool, or wait for none inside of one"
        f"{'; a larger pool, or more CPUs (--cpus), only put it off' if limit else ''}",
        (threads(case, told),),
        _asked(case),
    )


def is_dead(case: Case) -> bool:
    """Tell whether a container has come to nothing: it is silent, and none of its threads goes on.

    A check that succeeds knows better.
    """
    is_well = case.state.health is not None and case.state.health.status == "healthy"
    reached = case.sockets or case.other_sockets
    return case.is_silent and not (is_well or reached) and are_dead(case.sources.threads())


@cause(
    "pipe-full",
    "a process writes into a pipe that the one which waits for it does not read",
    pattern="process",
    reads=["live"],
    page="nothing-moves",
    when=Phase.RUNNING,
    explains=["waits-in-call", "not-listening", "deadlock"],
)
def pipe_full(case: Case) -> Found | None:
    """Find a child that fills its pipe while its parent waits for its end."""
    number = writes_in_vain(case.sources.threads()) if not case.sockets else 0
    running = {process.pid: process for process in case.processes or ()}
    child = running.get(number)
    parent = running.get(child.parent) if child else None
    if child is None or parent is None:
        return None
    return Found(
        f"`{child.command[:100]}` waits to write into a pipe that is full, and"
        f" `{parent.command[:100]}`, which started it, waits for its end and does not read: none of"
        " the two goes on",
        "read what it writes before waiting for its end (communicate() in Python), or send that to"
        " a file",
        (
            live(case, "sh -c 'cat /proc/*/wchan'", "do_wait, and pipe_write in the child"),
            live(case, "ps", f"{child.command[:100]}, since {child.seconds} s"),
        ),
    )


@cause(
    "pipe-unopened",
    "the program waits for the other end of a named pipe, which nobody opens",
    pattern="process",
    reads=["live", "files"],
    page="nothing-moves",
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
    explains=["not-listening", "waits-in-call", "deadlock"],
)
def pipe_unopened(case: Case) -> Found | None:
    """Find the pipe of a mount that a thread opens in vain; a copy tells which of the image."""
    if case.sockets or not opens_in_vain(case.sources.threads()):
        return None
    written = [path for kind, path in case.changes if kind == "A"]
    kept = [name for mount in case.config.mounts for name in case.files.names(mount.destination)]
    pipes = [p for p in (*kept, *written) if (e := case.files.entry(p)) and e.kind == "other"]
    if len(pipes) != 1:
        return None
    return Found(
        f"the program waits for the other end of the named pipe {pipes[0]} to be opened, and nobody"
        " does",
        f"start what opens the other end of {pipes[0]}, and gives or takes what goes through it; or"
        " open it with O_NONBLOCK",
        (
            live(case, "sh -c 'cat /proc/1/task/*/wchan'", "wait_for_partner"),
            copied(case, pipes[0], "a named pipe"),
        ),
    )


@cause(
    "own-lock",
    "a process waits for a lock that the one which started it holds",
    pattern="process",
    reads=["live", "kernel"],
    page="nothing-moves",
    when=Phase.RUNNING,
    explains=["waits-in-call", "not-listening", "deadlock"],
)
def own_lock(case: Case) -> Found | None:
    """Find a script that takes a lock, and then runs a command that takes the same one."""
    running = {process.pid: process for process in case.processes or ()}
    for kept in case.sources.locked(case.processes or ()) if not case.sockets else ():
        waiter, holder = (running.get(pid) for pid in kept.between or (0, 0))
        if waiter is None or holder is None or waiter.seconds < LONG:
            continue
        text = (
            f"`{waiter.command[:100]}` waits for the lock of {kept.path}, which"
            f" `{holder.command[:100]}`, that started it, holds itself: none of the two goes on"
        )
        return Found(
            text,
            f"release {kept.path} before the other one is started (flock -u), or take the lock in"
            " one of them alone",
            (
                Evidence("kernel", "cat /proc/locks", f"{kept.path}: held, and waited for"),
                live(case, "ps", f"{waiter.command[:100]}, since {waiter.seconds} s"),
            ),
        )
    return None


def _dead(case: Case) -> Found | None:
    if not (die_in_copy(case.seen.trace) and is_dead(case)):
        return None
    number = len(case.sources.threads())
    pid = f"docker inspect -f '{{{{.State.Pid}}}}' {quoted(case)}"
    waits = "\n".join(f"thread {w.thread}: {w.waiting}" for w in case.seen.trace.waits)
    return Found(
        f"a deadlock: all {number} threads of the program wait for a lock (a mutex or a condition),"
        " or for the end of another thread, without a time limit, and none is left to release it:"
        " one takes a lock that it holds already, or several take two in different orders",
        "see where each thread stands (gdb), and release a lock before it is taken again; take"
        f" several in the same order everywhere{IN_RUST if has_native(case, 'rust') else ''}",
        (
            live(case, "sh -c 'cat /proc/1/task/*/wchan'", "futex, in every thread"),
            watched(case, f"a copy comes to the same:\n{waits}"),
        ),
        (f"gdb --batch -p $({pid}) -ex 'thread apply all bt'",),
    )
