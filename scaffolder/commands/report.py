"""`viscaffold report`: a bug report and an incident message, filled in, ready to paste."""

import click


@click.command(short_help="Write a bug report about a container.")
@click.argument("target", required=False)
@click.option("--compose", "service", metavar="SERVICE", help="The container of a compose service.")
@click.option("--rerun", is_flag=True, help="Run isolated copies with one thing changed at a time.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
def report(target: str | None, service: str | None, *, rerun: bool, as_json: bool) -> int:
    """Write a bug report and an incident message about a container, as Markdown.

    Cause, evidence, timeline, log, fix and prevention are filled in, and secrets are masked. Exit
    codes: 0 healthy, 10 a fault was found, 11 undetermined.
    """
    import time

    from scaffolder import console
    from scaffolder.diagnose import answer, markdown, session

    with session.opened() as asked:
        began = time.monotonic()
        case, judgement = asked.examine(asked.choose(target, service), rerun=rerun)
        found = answer.document(case, judgement, time.monotonic() - began)
        parts = markdown.report(asked.engine, case, found)
        if as_json:
            console.data(parts)
        else:
            console.stop_progress()
            click.echo(markdown.render(parts))
        return session.exit_code(found)
