"""`viscaffold diagnose`: why a container dies or misbehaves in silence."""

import click


@click.command(short_help="Say why a container dies or misbehaves.")
@click.argument("target", required=False)
@click.option("--compose", "service", metavar="SERVICE", help="The container of a compose service.")
@click.option("--rerun", is_flag=True, help="Run isolated copies with one thing changed at a time.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
def diagnose(target: str | None, service: str | None, *, rerun: bool, as_json: bool) -> int:
    """Say why a container dies or misbehaves: one cause, its evidence, and a fix to type.

    TARGET is a container's name or id, or an image; whoever made it, in whatever language. Nothing
    of yours is changed. Exit codes: 0 healthy, 10 a fault was found, 11 undetermined.
    """
    from scaffolder import console
    from scaffolder.diagnose import answer, session

    with session.opened() as asked:
        name = asked.choose(target, service)
        found = asked.diagnose(name, rerun=rerun, ask=not as_json)
        if as_json:
            console.data(found)
        else:
            console.stop_progress()
            answer.show(found)
        return session.exit_code(found)
