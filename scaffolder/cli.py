"""The command line: wires the commands, and turns every failure into words and an exit code."""

import errno
import io
import os
import sys

import click

from . import console, streams
from .commands import CommandGroup, listed
from .errors import ExitCode, ScaffoldError
from .interrupts import interruptible
from .text import printable

REPORT = """\
This is a fault of viscaffold, not yours. Please report it with the command that you typed and what
VISCAFFOLD_TRACEBACK=1 makes it print."""


def print_version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's signature
    """Print the version, for --version."""
    if wanted:
        from .commands.version import version  # noqa: PLC0415 - only where it is asked for

        console.out(version())
        ctx.exit()


@click.group(
    cls=CommandGroup,
    commands=listed(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=print_version,
              help="Show the version and exit.")  # fmt: skip
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Make a service that cannot die in silence, and grow it one stage at a time."""
    from .temporary import sweep  # noqa: PLC0415 - help needs none

    ctx.color = console.wants_color()
    sweep()


def run(args: list[str] | None = None) -> int:
    """Run the command line; return its exit code, having said what went wrong."""
    try:
        with interruptible(ending=True):
            code = cli.main(args, prog_name="viscaffold", standalone_mode=False)
            sys.stdout.flush()
        return int(code or ExitCode.DONE)
    except ScaffoldError as error:
        console.failure(error)
        return error.exit_code
    except click.ClickException as error:
        return _usage_failure(error)
    except (click.Abort, KeyboardInterrupt):
        return _interrupted()
    except OSError as error:
        return _lost_output(error) if streams.is_lost(error) else _system_failure(error)
    except Exception as error:  # noqa: BLE001 - the last one to see it
        # Python before 3.12 wraps what interrupts it while it makes a class.
        wrapped = isinstance(error.__cause__, KeyboardInterrupt)
        return _interrupted() if wrapped else _internal_failure(error)


def _interrupted() -> int:
    console.say("\nInterrupted; nothing was changed.")
    return ExitCode.INTERRUPTED


def _usage_failure(error: click.ClickException) -> int:
    """Say what click found wrong with what was typed, in its words."""
    words = io.StringIO()
    error.show(words)
    console.say(words.getvalue().rstrip())
    return error.exit_code


def _lost_output(error: OSError) -> int:
    """Say that what was asked for could not be written; a reader that left does not want to know.

    A change that was made is not told so: see `console.reporting`.
    """
    streams.discard(sys.stdout)
    if error.errno != errno.EPIPE:
        reason = error.strerror or error
        console.failure(ScaffoldError(f"stdout cannot be written to: {reason}"))
    return ExitCode.FAILED


def _system_failure(error: OSError) -> int:
    if _is_nowhere():
        hint = "cd to a directory that is there"
        console.failure(ScaffoldError("the directory that this is run in was removed", hint))
        return ExitCode.FAILED
    where = f": {printable(os.fsdecode(error.filename))}" if error.filename else ""
    console.failure(ScaffoldError(f"{error.strerror or error}{where}; nothing was changed"))
    return ExitCode.FAILED


def _is_nowhere() -> bool:
    """Tell whether the directory that this runs in was removed."""
    try:
        os.getcwd()  # noqa: PTH109 - pathlib does no less
    except FileNotFoundError:
        return True
    return False


def _internal_failure(error: Exception) -> int:
    if os.environ.get("VISCAFFOLD_TRACEBACK"):
        raise error
    console.say(f"Internal error: {type(error).__name__}: {error}\n{REPORT}")
    return ExitCode.INTERNAL
