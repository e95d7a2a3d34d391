"""What stages keep outside the repository, and a rollback of the code does not take back."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from scaffolder.engine import ANSWERS_FILE, trees
from scaffolder.engine.git import Git, Repository
from scaffolder.engine.trees import Change
from scaffolder.errors import RefusedError, ScaffoldError
from scaffolder.templates import catalogue
from scaffolder.templates.stage import Stage
from scaffolder.templates.template import builtin
from scaffolder.text import listed

from .revisions import Revision
from .service import load

MIGRATIONS = "migrations"
"""What directories of migrations are called, in every language."""


def between(
    git: Git, repository: Repository, now: str, then: str, changes: list[Change]
) -> list[str]:
    """Return, in words, the data that the service has `now` and knows nothing of `then`."""
    there = stages(answers(git, now))
    gone = there - stages(answers(git, then))
    known = _known(repository.directory) if gone else {}
    found = []
    for name in sorted(gone & known.keys()):
        data = known[name].data.among(there)
        found += [f"the table {table} (stage {name})" for table in data.tables]
        found += [f"the file {file} (stage {name})" for file in data.files]
    return found + [
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
