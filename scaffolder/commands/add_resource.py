"""`viscaffold add-resource`: routes, a table and tests for a kind of thing; the code is yours."""

from pathlib import Path

import click

from scaffolder import console, operations
from scaffolder.operations.gate import Wanted

from .change import How, failures_as_json, options, verify_options
from .change_output import finish
from .consent import Consent


@click.command("add-resource", short_help="Add a resource to a service: routes, table, tests.")
@click.argument("name")
@click.argument("fields", nargs=-1, required=True, metavar="FIELD:TYPE...")
@click.option("--plural", default="", help="What several are called (default: the English plural).")
@verify_options
@options
def add_resource(  # noqa: PLR0913 - one parameter an option
    *,
    name: str,
    fields: tuple[str, ...],
    plural: str,
    verify: Wanted,
    dry_run: bool,
    as_json: bool,
    trust: Consent,
) -> int:
    """Add the resource NAME, in the singular, to the service you are in, which has the stage api.

    Types are string, text, int, float, bool, datetime, date and uuid; with ?, in quotes for zsh,
    the field may be missing: `viscaffold add-resource pen color:string 'price:int?'`. With :unique
    behind the type, no two may have the same value.

    Writes its routes under /api/v1, its table if the service has the stage database, and tests, and
    adds it to the application. All of it is your code: no later operation changes it.
    """
    how = How(dry_run, as_json, trust, verify)
    with failures_as_json(as_json):
        done = operations.add_resource(Path.cwd(), name, fields, plural=plural, **how.options)
    verb = "Would add" if done.planned else "Added"
    title = f"{verb} ", console.bold(*done.asked), ": the code is yours, and no update changes it"
    return finish(done, [title], as_json=as_json)
