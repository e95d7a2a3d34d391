"""`viscaffold diagnose`: why a container dies or misbehaves silently."""

import time

import click

from scaffolder import console
from scaffolder.diagnose import session
from scaffolder.diagnose.report import answer

from . import answer_output, emergency, examination


@click.command(short_help="Find out why a container dies or misbehaves.")
@click.argument("target", required=False)
@click.option("--compose", "service", metavar="SERVICE", help="The container of a compose service.")
@click.option("--rerun", is_flag=True, help="Run isolated copies with one thing changed at a time.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
def diagnose(target: str | None, service: str | None, *, rerun: bool, as_json: bool) -> int:
    """Find out why a container dies or misbehaves: one cause, its evidence, and a fix to type.

    TARGET is the name or id of a container, or an image; any language, any build tool. Your
    containers, images and files stay as they are. Exit codes: 0 healthy, 10 a fault was found, 11
    undetermined.
    """
    with session.opened() as asked:
        name = examination.choose(asked, target, service)
        began = time.monotonic()
        case, judgement = examination.examine(asked, name, rerun=rerun, ask=not as_json)
        found = answer.document(case, judgement, time.monotonic() - began)
        if as_json:
            console.data(found)
        else:
            console.stop_progress()
            answer_output.show(found, emergency.steps(name))
        return session.exit_code(found)
