"""Write out what stages have in a service's database, and take it back.

Only the service knows its database, and what it has in there: its own command does it, as the
settings say that are in force where viscaffold runs. Other databases of the same service are out of
reach; what is said afterwards names the command for them.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scaffolder import temporary
from scaffolder.engine import trees
from scaffolder.engine.git import Repository
from scaffolder.errors import RefusedError
from scaffolder.reporting import Reporter
from scaffolder.text import listed, quoted
from scaffolder.verify import local
from scaffolder.verify.local import Machine
from scaffolder.verify.log import Log, last_lines
from scaffolder.verify.processes import CannotStartError
from scaffolder.verify.steps import MissingError, NotAsExpectedError

from . import proof
from .owned_data import Owned
from .service import Service

REFUSED = "the service cannot take its tables back, so they and the stage stay"
NOT_MADE, NO_DATABASE = 3, 6
"""What the command ends with where the tables, or the whole database, were never made."""
KEEP = "to leave the tables as they are: the same command with --keep-data in place of --drop-data"


@dataclass(frozen=True)
class Drop:
    """Have the tables taken back, with what is in them."""

    export: Path | None
    """The directory that it is written to before; None for nowhere."""


Fate = Drop | Literal["keep"] | None
"""What becomes of the tables of stages that are removed; None if nobody has said."""


def require_fate(names: Sequence[str], gone: Sequence[Owned], fate: Fate) -> None:
    """Raise RefusedError if tables go out of reach, and nobody has said what becomes of them."""
    if gone and fate is None:
        raise RefusedError(
            f"removing {', '.join(names)} puts data out of the service's reach:\n"
            f"{listed(map(str, gone))}",
            "the same command with --drop-data --export DIR, which writes it into files and takes "
            "the tables back; with --drop-data --no-export; or with --keep-data",
        )
    if isinstance(fate, Drop) and fate.export:
        for one in gone:
            if os.path.lexists(fate.export / one.stage):
                raise RefusedError(
                    f"{fate.export / one.stage} is there already", "--export ANOTHER"
                )


def prepared(
    service: Service, repository: Repository, gone: Sequence[Owned], fate: Fate, report: Reporter
) -> "TakingBack | None":
    """Return what takes the tables back; None if that is not wanted."""
    if not gone or not isinstance(fate, Drop):
        return None
    # Those that need others come after them in the catalogue: they go first.
    stages = [*dict.fromkeys(one.stage for one in reversed(gone))]
    known = service.catalogue.stages
    command = next(filter(None, (known[name].data.command for name in service.stages)), ())
    if not command:
        raise RefusedError("no stage of the service has a command that takes tables back", KEEP)
    return TakingBack(service, repository, stages, command, fate.export, report)


@dataclass(frozen=True)
class TakingBack:
    """Takes the tables of stages back."""

    service: Service
    repository: Repository
    stages: Sequence[str]
    command: Sequence[str]
    """Of the service."""
    export: Path | None
    report: Reporter

    def __call__(self) -> list[str]:
        """Do it; return what is to be said afterwards. Raise RefusedError if it fails."""
        exported = set()
        with self._built() as machine:
            for stage in self.stages if self.export else ():
                if self._run(machine, "export", str(self.export), stage):
                    exported.add(stage)
            gone = [stage for stage in self.stages if self._run(machine, "downgrade", stage)]
        return [self._told(stage, is_exported=stage in exported) for stage in gone]

    @contextmanager
    def _built(self) -> Iterator[Machine]:
        """Give the service as it is staged, with its environment."""
        repository = self.repository
        with trees.scratch(repository) as scratch, temporary.directory() as place:
            tree = proof.tree_of(repository, scratch)
            try:
                with (
                    proof.exported(self.service, scratch, tree, home=repository) as subject,
                    local.built(subject, Log(place / "log"), self.report) as machine,
                ):
                    yield machine
            except (MissingError, CannotStartError) as error:
                raise RefusedError(f"{REFUSED}: {error}", KEEP) from error
            except NotAsExpectedError as error:
                raise RefusedError(
                    f"{REFUSED}: expected: {error.expected}; found: {error.found}\n"
                    f"{listed(last_lines(error.said))}",
                    KEEP,
                ) from error

    def _run(self, machine: Machine, *words: str) -> bool:
        """Run the service's command in its directory, where its settings name the database.

        Return whether there was something to do.
        """
        whole = [*self.command, *words]
        ended, said = machine.command(self.service.root, whole)
        lines = last_lines(said)
        if ended.status in (NOT_MADE, NO_DATABASE):
            self.report.note(f"`{' '.join(whole)}` had nothing to do:\n{listed(lines)}")
            return False
        if ended.status:
            raise RefusedError(
                f"{REFUSED}: its command `{' '.join(whole)}` ended with {ended}:\n{listed(lines)}",
                KEEP,
            )
        self.report.note("\n".join(lines))
        return True

    def _told(self, stage: str, *, is_exported: bool) -> str:
        """Say what is gone, and how to have it again; note what is not."""

        def typed(*words: str) -> str:
            return self.service.command("run", *self.command, *words)

        self.report.note(
            f"Other databases of the service still have the tables of the stage {stage}, and its "
            f"version of before takes them back: {typed('downgrade', stage)}"
        )
        gone = f"the tables of the stage {stage} are gone"
        if self.export and is_exported:
            imported = typed("import", quoted(str(self.export)), stage)
            back = f"{typed('upgrade')}, then {imported}"
            gone += f"; to have what was in them again, with the stage: {back}"
        return gone
