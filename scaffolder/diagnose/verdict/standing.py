"""A copy of a program that runs and does nothing, whose runtime is asked where its threads are."""

import re
import secrets
from dataclasses import replace
from pathlib import Path
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.reaching.awaited import kept_from
from scaffolder.diagnose.causes.silence.readings import has_native
from scaffolder.diagnose.causes.watched.deadlocks import is_dead
from scaffolder.diagnose.causes.watched.lost_children import reads_own_pipe
from scaffolder.diagnose.causes.watched.lost_threads import hides_threads
from scaffolder.diagnose.evidence import jvm_log, stuck
from scaffolder.diagnose.evidence.dead_threads import opens_in_vain, waits_alone
from scaffolder.diagnose.evidence.facts import Process
from scaffolder.diagnose.evidence.waits import awaited, what
from scaffolder.docker.client import Engine, EngineError

from .copies import run
from .factor import Factor
from .unchanged import take_in

HOOKS = Path(__file__).parent.parent / "hooks"
HOOK, THREADS = HOOKS / "sitecustomize.py", HOOKS / "threads.rb"
STANDS = "stands"
PLACEHOLDERS = {"sleep", "tail", "docker-init", "tini", "pause"}
"""Programs that only keep a container running."""
JAVA = re.compile(r"(?:\S*/)?java(?: |$)")


def may_be_stuck(case: Case) -> bool:
    """Tell whether a container that runs may be one whose threads wait for each other.

    That is asked only where it shows nothing else of itself: a program that is silent, and serves
    nobody, in Java, with threads that nothing can wake, or with a pipe that nobody else has; or
    one in Ruby whose threads end without a word. Its only thread in a lock is woken by nobody,
    whatever it has said before; and it may wait for whom it cannot reach.
    """
    serves = any(not s.is_loopback for s in case.sockets or ())
    if serves:
        return False
    threads = case.sources.threads()
    is_quiet = case.is_silent and (is_of_java(case) or is_dead(case) or opens_in_vain(threads))
    is_quiet = is_quiet or hides_threads(case) or reads_own_pipe(case) or _only_sleeps(case)
    return is_quiet or waits_alone(threads) or any(kept_from(case))


def _only_sleeps(case: Case) -> bool:
    """Tell whether a silent container sleeps between two looks at something, perhaps.

    Who reaches nobody looks at files. In Go, no thread shows that it sleeps.
    """
    running = case.processes or ()
    if not case.is_silent or case.other_sockets or all(map(_is_placeholder, running)):
        return False
    if any(case.sources.connections()):
        return False
    sleeps = any(thread.waits_in == "hrtimer_nanosleep" for thread in case.sources.threads())
    return sleeps or has_native(case, "go")


def _is_placeholder(process: Process) -> bool:
    return basename(process.command.partition(" ")[0]) in PLACEHOLDERS


def is_of_java(case: Case) -> bool:
    """Tell whether a container runs Java."""
    return any(JAVA.match(process.command) for process in case.processes or ())


def is_asked(case: Case) -> bool:
    """Tell whether a runtime is asked at once where its threads are, and no copy is watched.

    A pipe that a thread opens is an argument of its call, which no runtime tells.
    """
    return is_of_java(case) and not opens_in_vain(case.sources.threads())


def waits(case: Case) -> bool:
    """Tell whether a watched copy waits for something that usually comes, or is Java's.

    What a Java program waits for is no call, but its runtime tells.

    A program whose threads are all dead has no runtime that would tell more.
    """
    if is_dead(case):
        return False
    if (is_of_java(case) and may_be_stuck(case)) or hides_threads(case):
        return True
    call = awaited(case.seen.trace) if case.seen.trace.timed_out else None
    return call is not None and bool(what(call, case.seen.trace))


def ask(engine: Engine, case: Case) -> str:
    """Add where the threads of a program are to what was seen of it; return what was done."""
    folder = f"/viscaffold-{secrets.token_hex(4)}"
    own = {
        "PYTHONPATH": (folder, ":"),
        "RUBYOPT": (f"-r{folder}/{THREADS.stem}", " "),
        "JDK_JAVA_OPTIONS": (jvm_log.OF_TASKS.format(file=f"{folder}/{STANDS}"), " "),
    }
    had = case.config.env
    env = {
        name: between.join(filter(None, (value, had.get(name, ""))))
        for name, (value, between) in own.items()
    }
    factor = Factor(
        "SIGQUIT, upon which its runtime tells where it is",
        replace(case.config, env={**had, **env}),
        options=(f"--volume={folder}",),
        files={HOOK.name: HOOK.read_bytes(), THREADS.name: THREADS.read_bytes(), STANDS: b""},
        folder=folder,
        quits=True,
        reads=f"{folder}/{STANDS}",
    )
    try:
        found = run(engine, case, factor)
    except EngineError as error:
        case.unsought.append(f"where its threads are: {error.message}")
        return "a copy could not be asked where its threads are"
    told = stuck.told(f"{found.text}\n{found.read}")
    if told:
        take_in(case, replace(case.seen, stuck=told))
    return "a copy was asked where its threads are"
