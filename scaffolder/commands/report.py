"""`viscaffold report`: a bug report and an incident message, filled in, ready to paste."""

import time

import click

from scaffolder import console
from scaffolder.diagnose import session
from scaffolder.diagnose.report import answer, contents, markdown

from . import emergency, examination


@click.command(short_help="Write a bug report about a container.")
@click.argument("target", required=False)
@click.option("--compose", "service", metavar="SERVICE", help="The container of a compose service.")
@click.option("--rerun", is_flag=True, help="Run isolated copies with one thing changed at a time.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
def report(target: str | None, service: str | None, *, rerun: bool, as_json: bool) -> int:
    """Write a bug report and an incident message about a container, as Markdown.

    Cause, evidence, timeline, log, fix and prevention are filled in, and secrets are redacted. Exit
    codes: 0 healthy, 10 a fault was found, 11 undetermined.
    """
    with session.opened() as asked:
        began = time.monotonic()
        name = examination.choose(asked, target, service)
        case, judgement = examination.examine(asked, name, rerun=rerun)
        found = answer.document(case, judgement, time.monotonic() - began)
        parts = contents.report(asked.engine, case, found)
        if as_json:
            console.data(parts)
        else:
            console.stop_progress()
            console.out(markdown.render(parts, emergency.steps(name)))
        return session.exit_code(found)
