"""Operations that were killed: brought to an end before the next command does anything."""

from scaffolder.engine import recovery
from scaffolder.engine.git import Repository
from scaffolder.engine.journal import Journal
from scaffolder.interrupts import uninterrupted
from scaffolder.reporting import Reporter
from scaffolder.text import printable


def recover(repository: Repository, report: Reporter) -> None:
    """Bring an operation that was killed to an end, and say so; the lock has to be held."""
    with uninterrupted() as interrupts:
        found = recovery.recover(repository)
        interrupts.check()
    if found is None:
        return
    title = f"`viscaffold {found.record.title}`"
    if found.finished:
        report.note(f"{title} was killed after its last step: it is finished, and staged.")
        return
    report.note(f"{title} was killed halfway: it is taken back, all is as it was before.")
    for path in found.changed:
        report.note(f"  ! {printable(path)}: changed since, left as it is")


def recover_if_killed(repository: Repository, report: Reporter) -> None:
    """Do the same as `recover` for a command that only reads, and needs no lock otherwise."""
    if recovery.is_due(repository):
        with Journal(repository).locked(report):
            recover(repository, report)
