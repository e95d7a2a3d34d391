"""The commands of viscaffold: a module each, which is imported when its command is used."""

from importlib import import_module

import click

from scaffolder.errors import ExitCode

COMMANDS = {
    "add-resource": "Add a resource to a service: routes, table, tests.",
    "add-stage": "Add stages to a service.",
    "adopt": "Adopt a service that exists already.",
    "bisect": "Find the commit or stage with which it began to fail.",
    "completion": "Print a completion script.",
    "diagnose": "Find out why a container dies or misbehaves.",
    "doctor": "Check this machine and a service for what stops the next step.",
    "explain": "Explain a file, stage, setting, exit status or log line.",
    "fleet": "Status and updates of many repositories at once.",
    "lock": "Lock the versions and hashes of dependencies.",
    "minimal": "Tell whether the platform or the code is at fault.",
    "new": "Make a service.",
    "remove-stage": "Remove stages from a service.",
    "report": "Write a bug report about a container.",
    "rollback": "Go back to the last version that was verified.",
    "stages": "List the stages, and which are installed.",
    "status": "Show what a service has, and what is under way.",
    "template": "Make, check and export a team's template.",
    "undo": "Take back the last operation.",
    "update": "Update a service to a newer template.",
    "verify": "Show that a service works.",
}
"""What the help says of each, without importing it."""

CHANGED = (ExitCode.CONFLICTS, ExitCode.NOT_VERIFIED)
EXAMINED = (ExitCode.FOUND, ExitCode.UNDETERMINED)
ENDS = {
    "add-resource": (ExitCode.NOT_VERIFIED,),
    "add-stage": CHANGED,
    "adopt": (ExitCode.NOT_VERIFIED,),
    "bisect": (ExitCode.FOUND,),
    "diagnose": EXAMINED,
    "fleet status": (ExitCode.UPDATE,),
    "fleet update": CHANGED,
    "minimal": EXAMINED,
    "new": (ExitCode.NOT_VERIFIED,),
    "remove-stage": CHANGED,
    "report": EXAMINED,
    "update": (*CHANGED, ExitCode.UPDATE),
    "verify": (ExitCode.NOT_VERIFIED, ExitCode.UNDETERMINED),
}
"""The exit codes of each command, beside those that any command may end with."""


def load(name: str) -> click.Command:
    """Import a command of the table: a function called as its module, in this package."""
    attribute = name.replace("-", "_")
    found = getattr(import_module(f"{__name__}.{attribute}"), attribute)
    assert isinstance(found, click.Command)  # noqa: S101 - so do tests
    return found


def listed() -> list[click.Command]:
    """Return what stands for the commands until one is used: a name and a short help."""
    return [click.Command(name, short_help=about) for name, about in COMMANDS.items()]


class CommandGroup(click.Group):
    """The group of all commands, which imports the one that is used."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Import the command that is used, or completed."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, load(name) if name and found else None, rest
