"""`viscaffold undo`: the last operation taken back, while its result is not committed."""

from pathlib import Path

import click

from .change import How, finish, options


@click.command(short_help="Take back the last operation.")
@options
def undo(
    *,
    dry_run: bool,
    yes: bool,  # noqa: ARG001 - every command that changes something takes it
    as_json: bool,
) -> int:
    """Take back the last operation on the service you are in, unless its result is committed.

    What you edited since stays. Where an edit is in the way, nothing is changed (exit code 5).
    """
    from scaffolder import growth, history
    from scaffolder import undo as undoing
    from scaffolder.errors import RefusedError

    how = How(dry_run, as_json)
    with growth.opened(Path.cwd(), dry_run=how.dry_run) as (service, repository):
        last = history.last(repository)
        if last is None:
            raise RefusedError(
                "there is no operation to take back that is not committed",
                "git log, to find the commit, and git revert",
            )
        title = f"{how.verb('take', 'Took')} back: viscaffold {last.record.title}"
        with undoing.planned(repository, last, aside=False) as step:
            return finish(service, repository, step, how, name="undo", titles=[title])
