"""`viscaffold lock`: versions and hashes of what a service depends on."""

from pathlib import Path

import click

from scaffolder import console, operations

from .change import options
from .change_output import finish, nothing
from .consent import Consent


@click.command(short_help="Lock the versions and hashes of dependencies.")
@click.option("--upgrade", is_flag=True, help="Take the newest versions that fit.")
@options
def lock(*, upgrade: bool, dry_run: bool, as_json: bool, trust: Consent) -> int:
    """Lock the dependencies of the service you are in, with versions and hashes.

    It resolves what the manifest names with your package registry, for all platforms. Versions that
    are locked already stay, unless you --upgrade. The change is staged.
    """
    done = operations.lock(
        Path.cwd(), upgrade=upgrade, dry_run=dry_run, trust=trust, report=console.TERMINAL
    )
    if not done.files:
        return nothing(done, "The lock is up to date.", as_json=as_json)
    title = f"{'Would lock' if done.planned else 'Locked'} the dependencies"
    return finish(done, [(title,)], [done.command("install")], as_json=as_json)
