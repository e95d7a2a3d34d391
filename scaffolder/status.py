"""What a service has: its stages, what the user changed of them, and what is under way."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from . import growth, history, names
from .engine import attributes, index
from .engine.git import Repository
from .engine.trees import Tree
from .project import Project


@dataclass(frozen=True)
class Status:
    """Paths are relative to the service."""

    modified: list[str]
    missing: dict[str, str | None]
    """Path → the stage that it belongs to; None for the service's own."""
    conflicts: list[str]
    operation: history.Last | None


def status(service: Project, repository: Repository | None) -> Status:
    """Compare the service with what its template gives."""
    base = growth.render(repository, service.source, service.answers, remember=True)
    missing = {p: _stage_of(p, service) for p in sorted(base) if not _exists(service.root / p)}
    if repository is None:
        return Status(sorted(_changed(service.root, base, missing)), missing, [], None)
    stored = _stored(repository)
    dirty = _dirty(repository)
    conflicts = index.unmerged(repository)
    modified = [
        path
        for path, made in attributes.oids(repository, base).items()
        if path not in missing and path not in conflicts
        if path in dirty or stored.get(path) != made
    ]
    return Status(sorted(modified), missing, conflicts, history.last(repository))


def _exists(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _changed(root: Path, base: Tree, missing: Mapping[str, object]) -> list[str]:
    present = base.keys() - missing.keys()
    return [path for path in present if (root / path).read_bytes() != base[path][1]]


def _stored(repository: Repository) -> dict[str, tuple[str, str]]:
    found = {}
    for line in repository.git.fields("ls-files", "--stage", "-z", "--", repository.prefix or "."):
        about, _, path = line.partition("\t")
        mode, oid, _ = about.split(" ")
        found[path.removeprefix(repository.prefix)] = (mode, oid)
    return found


def _dirty(repository: Repository) -> set[str]:
    """Return the paths whose file differs from the index, by content.

    `git diff` would write the index when it finds that no more than a file's times have changed.
    """
    options = ("--porcelain", "-z", "--no-renames", "--untracked-files=no")
    lines = repository.git.fields("status", *options, "--", repository.prefix or ".")
    return {line[3:].removeprefix(repository.prefix) for line in lines if line[1] != " "}


def _stage_of(path: str, service: Project) -> str | None:
    """Return the stage whose folder in the template holds `path`; None for the service's own."""
    home = service.source.root / "template" / service.answers["language"]
    package = names.package(service.answers["name"])
    for stage in service.stages:
        overlay = home / f"{{{{stage.{stage}}}}}"
        for file in overlay.rglob("*"):
            name = str(file.relative_to(overlay)).removesuffix(".jinja")
            if name.replace("{{package}}", package) == path:
                return stage
    return None
