"""`viscaffold report`: a bug report and an incident message, filled in, ready to paste."""

import click

from scaffolder import console
from scaffolder.diagnose import session
from scaffolder.diagnose.report import contents, markdown

from . import examination


@click.command(short_help="Write a bug report about a container.")
@examination.options
def report(wanted: examination.Wanted, *, as_json: bool) -> int:
    """Write a bug report and an incident message about a container or a pod, as Markdown.

    Cause, evidence, timeline, log, fix and prevention are filled in, and secrets are redacted. Exit
    codes: 0 healthy, 10 a fault was found, 11 undetermined.
    """
    with examination.examined(wanted, ask=False) as done:
        parts = contents.report(done.environment(), done.case, done.answer)
        if as_json:
            console.data(parts)
        else:
            console.stop_progress()
            console.out(markdown.render(parts, done.steps))
        return session.exit_code(done.answer)
