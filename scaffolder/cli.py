"""The command line: wires the commands, and turns every failure into words and an exit code."""

import errno
import os
import sys

import click

from . import console
from .commands.add_stage import add_stage
from .commands.completion import completion
from .commands.diagnose import diagnose
from .commands.fleet import fleet
from .commands.new import new
from .commands.remove_stage import remove_stage
from .commands.report import report
from .commands.stages import stages
from .commands.status import status
from .commands.template import template
from .commands.undo import undo
from .commands.update import update
from .errors import ExitCode, ScaffoldError
from .interrupts import interruptible

REPORT = """\
This is a fault of viscaffold, not yours. Please report it with the command that you typed and what
VISCAFFOLD_TRACEBACK=1 makes it print."""


def print_version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's signature
    """Print the version, for --version."""
    if wanted:
        from importlib import metadata

        from .source import builtin

        click.echo(f"viscaffold {metadata.version('viscaffold')}, template {builtin().version}")
        ctx.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=print_version,
              help="Show the version and exit.")  # fmt: skip
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Make a service that cannot die in silence, and grow it one stage at a time."""
    ctx.color = console.wants_colour()


for command in (
    new,
    add_stage,
    remove_stage,
    update,
    undo,
    status,
    stages,
    template,
    fleet,
    diagnose,
    report,
    completion,
):
    cli.add_command(command)


def run(args: list[str] | None = None) -> int:
    """Run the command line; return its exit code, having said what went wrong."""
    try:
        with interruptible():
            code = cli.main(args, prog_name="viscaffold", standalone_mode=False)
            sys.stdout.flush()
        return int(code or ExitCode.DONE)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        console.say("\nInterrupted; nothing was changed.")
        return ExitCode.INTERRUPTED
    except OSError as error:
        return _system_failure(error)
    except Exception as error:  # noqa: BLE001 - the last one to see it
        return _internal_failure(error)


def _system_failure(error: OSError) -> int:
    if error.errno == errno.EPIPE:
        # The reader of our output is gone: nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    where = f": {error.filename}" if error.filename else ""
    ScaffoldError(f"{error.strerror or error}{where}; nothing was changed").show()
    return ExitCode.FAILED


def _internal_failure(error: Exception) -> int:
    if os.environ.get("VISCAFFOLD_TRACEBACK"):
        raise error
    console.say(f"Internal error: {type(error).__name__}: {error}\n{REPORT}")
    return ExitCode.INTERNAL
