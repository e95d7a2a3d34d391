"""`viscaffold diagnose`: why a container dies or misbehaves silently."""

import click

from scaffolder import console
from scaffolder.diagnose import session

from . import answer_output, examination


@click.command(short_help="Find out why a container dies or misbehaves.")
@examination.options
def diagnose(wanted: examination.Wanted, *, as_json: bool) -> int:
    """Find out why a container dies or misbehaves: one cause, its evidence, and a fix to type.

    TARGET is the name or id of a container, or an image; any language, any build tool. With --pod,
    it is a pod of Kubernetes. Your containers, images, pods and files stay as they are. Exit codes:
    0 healthy, 10 a fault was found, 11 undetermined.
    """
    with examination.examined(wanted, ask=not as_json) as done:
        if as_json:
            console.data(done.answer)
        else:
            console.stop_progress()
            answer_output.show(done.answer, done.steps)
        return session.exit_code(done.answer)
