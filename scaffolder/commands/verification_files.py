"""Files that `viscaffold verify` writes for CI to keep, to sign or to show."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from scaffolder import text
from scaffolder.verify import junit, statement
from scaffolder.verify.outcome import Verification

Command = TypeVar("Command", bound=Callable[..., Any])


def _with_directory(
    _context: click.Context, _option: click.Parameter, given: Path | None
) -> Path | None:
    """Refuse a directory that is not there now, not when the verification is done."""
    if given and not given.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no directory {str(given.parent)!r}")
    return given


def options(command: Command) -> Command:
    """Add the options that name the files."""
    kind = click.Path(dir_okay=False, writable=True, path_type=Path)
    for option in (
        click.option("--junit", metavar="FILE", type=kind, callback=_with_directory,
                     help="Write the steps as JUnit XML."),
        click.option("--export", metavar="FILE", type=kind, callback=_with_directory,
                     help="Write the evidence, an in-toto statement, for CI to keep or sign."),
    ):  # fmt: skip
        command = option(command)
    return command


@dataclass(frozen=True)
class Files:
    """Where to write what a verification saw."""

    export: Path | None
    junit: Path | None

    def write(self, found: Verification) -> None:
        """Write those that were asked for; raise OSError if that cannot be."""
        if self.export:
            document = text.as_json(statement.statement(found))
            self.export.write_text(f"{document}\n", encoding="utf-8")
        if self.junit:
            name = str(found.configuration.get("name", "service"))
            self.junit.write_bytes(junit.document(name, found))
