"""Tasks of a Java program that end over exceptions which nobody gets to see."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import logged, watched
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.swallowed import LOST

AGAIN = "runAndReset"
"""How a Future runs a task that is due again and again."""


@cause(
    "java-task-over",
    "a task of a Java program ended over an exception, which nobody is told of",
    pattern="process",
    reads=["rerun"],
    page="nothing-moves",
    when=Phase.RUNNING | Phase.FINISHED,
    basis=Basis.INFERRED,
    explains=["waits-in-call"],
)
def java_task_over(case: Case) -> Found | None:
    """Find what a Future keeps that nobody asks, as the virtual machine of a copy logs it."""
    told, lost = case.seen.stuck, case.seen.swallowed
    is_over = case.phase == Phase.FINISHED and lost is not None and lost.how == LOST
    task = lost if is_over else told.task if told and not told.is_deadlock else None
    process = case.seen.decider
    if task is None or (is_over and not (process and process.name == "java")):
        return None
    after = "; a scheduled task is not run again after that" if task.how == AGAIN else ""
    after = "; with its last task, the program ends, with 0" if is_over else after
    return Found(
        f"a task ended over {task.text[:300]} ({task.place}), which its Future keeps, and nobody"
        f" asks that{after}",
        "catch and log exceptions in the task itself (catch Throwable around the whole of it), or"
        " call get() on its Future",
        (
            logged(case, task.last)
            if is_over
            else watched(case, f"its virtual machine logs {task.text[:200]}, handled by it"),
        ),
    )
