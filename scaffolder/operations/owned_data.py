"""What stages keep outside the repository, and a rollback of the code does not take back."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from scaffolder.engine import ANSWERS_FILE, trees
from scaffolder.engine.git import Git, Repository
from scaffolder.engine.trees import Change
from scaffolder.errors import RefusedError, ScaffoldError
from scaffolder.templates import catalogue
from scaffolder.templates.stage import Data, Stage
from scaffolder.templates.template import builtin
from scaffolder.text import listed

from .revisions import Revision
from .service import load

MIGRATIONS = "migrations"
"""What directories of migrations are called, in every language."""


@dataclass(frozen=True)
class Owned:
    """A table or a file of a stage."""

    stage: str
    kind: Literal["table", "file"]
    name: str

    def __str__(self) -> str:
        """Return it in words."""
        return f"the {self.kind} {self.name} (stage {self.stage})"


def leaving(
    known: Mapping[str, Stage], before: Collection[str], after: Collection[str]
) -> list[Owned]:
    """Return what a service with the stages `before` has, and with those `after` cannot reach.

    A stage that stays may give up its tables: where the one goes that it has them with.
    """
    found = []
    for name, stage in known.items():
        if name in before:
            had = stage.data.among(before)
            has = stage.data.among(after) if name in after else Data()
            found += [Owned(name, "table", one) for one in had.tables if one not in has.tables]
            found += [Owned(name, "file", one) for one in had.files if one not in has.files]
    return found


def staying(service: Path, leaving: Iterable[Owned]) -> list[str]:
    """Return what is said of data that nobody takes away, out of the service's reach."""
    found = []
    for one in leaving:
        if one.kind == "table":
            found.append(
                f"the table {one.name}: what the stage {one.stage} may have in it stays, out of"
                " the service's reach"
            )
        elif (service / one.name).exists():
            found.append(f"{one.name}: the data of the stage {one.stage} stays")
    return found


def between(
    git: Git, repository: Repository, now: str, then: str, changes: list[Change]
) -> list[str]:
    """Return, in words, the data that the service has `now` and knows nothing of `then`."""
    before, after = (stages(answers(git, tree)) for tree in (now, then))
    known = _known(repository.directory) if before - after else {}
    return [*map(str, leaving(known, before, after))] + [
        f"the migration {change.path}, which may have been applied"
        for change in changes
        if change.kind != "add" and MIGRATIONS in PurePosixPath(change.path).parts[:-1]
    ]


def require_none(to: Revision, data: list[str], *, accepted: bool) -> None:
    """Raise RefusedError if there is such data, unless it is accepted that it stays."""
    if data and not accepted:
        raise RefusedError(
            f"what stages keep outside the repository does not go back with the code to {to}:\n"
            f"{listed(data)}",
            "take the data back first (docs/stages/ of each says how), or leave it as it is: "
            "viscaffold rollback --accept-data",
        )


def answers(git: Git, tree: str) -> Mapping[str, Any]:
    """Return the answers in a tree; none if they cannot be read: that is what is to be left."""
    found = trees.present(git, [f"{tree}:{ANSWERS_FILE}"])
    try:
        read = catalogue.read_yaml(next(iter(found.values()), b""))
    except ScaffoldError:
        return {}
    return read if isinstance(read, dict) else {}


def stages(found: Mapping[str, Any]) -> set[str]:
    """Return the names of the stages in answers."""
    names = found.get("stages")
    return {name for name in names if isinstance(name, str)} if isinstance(names, list) else set()


def version(found: Mapping[str, Any]) -> str:
    """Return the template's version in answers."""
    return str(found.get("_commit", ""))


def _known(service: Path) -> Mapping[str, Stage]:
    """Return the stages of the service's template or, where that cannot be read, the built-in."""
    try:
        return load(service, None).catalogue.stages
    except ScaffoldError:
        return catalogue.read(builtin().root)
