"""Tasks of a Java program that end over exceptions which nobody gets to see."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import watched
from scaffolder.diagnose.evidence.phase import Phase

AGAIN = "runAndReset"
"""How a Future runs a task that is due again and again."""


@cause(
    "java-task-over",
    "a task of a Java program ended over an exception, which nobody is told of",
    pattern="process",
    reads=["rerun"],
    page="nothing-moves",
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
    explains=["waits-in-call"],
)
def java_task_over(case: Case) -> Found | None:
    """Find what a Future keeps that nobody asks, as the virtual machine of a copy logs it."""
    told = case.seen.stuck
    if told is None or told.task is None or told.is_deadlock:
        return None
    task = told.task
    after = "; a scheduled task is not run again after that" if task.how == AGAIN else ""
    return Found(
        f"a task ended over {task.text[:300]} ({task.place}), which its Future keeps, and nobody"
        f" asks that{after}",
        "catch and log exceptions in the task itself (catch Throwable around the whole of it), or"
        " call get() on its Future",
        (watched(case, f"its virtual machine logs {task.text[:200]}, handled by FutureTask"),),
    )
