"""What a service has: its stages, what the user changed of them, and what is under way."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from scaffolder import names
from scaffolder.engine import attributes, git, records
from scaffolder.engine.git import Repository
from scaffolder.engine.records import Record
from scaffolder.engine.trees import Tree
from scaffolder.overlays.fetch.trust import TrustPolicy
from scaffolder.regular_files import is_regular
from scaffolder.reporting import SILENT, Reporter
from scaffolder.templates.notices import Notice
from scaffolder.templates.template import builtin
from scaffolder.verify.outcome import Verification

from . import locking, places, revisions, service_notices
from .log import last_operation
from .recovering import recover_if_killed
from .rendering import render
from .service import Service, load, root

NO_SUBMODULES = "--ignore-submodules=all"
"""A service's files are not in one, and git would run what the configuration of each names."""


@dataclass(frozen=True)
class Status:
    """What a service has. Paths are relative to it."""

    service: Service
    newest: str
    """The newest version of the built-in template."""
    modified: list[str]
    missing: dict[str, str | None]
    """Path → the stage that it belongs to; None for the service's own."""
    conflicts: list[str]
    operation: Record | None
    """The last operation, if it is not committed."""
    changes: list[Notice]
    """What the newest version of the built-in template changes."""
    notices: list[Notice]
    """Known faults that it has."""
    verified: list[tuple[str, Verification]]
    """What is known of HEAD and of what is staged, for each level."""


def status(start: Path, *, trust: TrustPolicy | None = None, report: Reporter = SILENT) -> Status:
    """Tell what the service around `start` has, and how it differs from what its template gives.

    Without a policy, overlays are read only where that asks nobody and no server; `service.unread`
    says why one was not. An operation that was killed is finished or taken back first.

    Raise RefusedError if there is no service, or its answers are damaged.
    """
    top = root(start)
    repository = git.repository(top)
    if repository:
        recover_if_killed(repository, report)
    service = load(top, trust)
    modified, missing, conflicts = _compared(service, repository)
    last = last_operation(repository) if repository else None
    return Status(
        service,
        builtin().version,
        modified,
        missing,
        conflicts,
        last.record if last else None,
        service_notices.between(service, builtin()),
        service_notices.held(service, service.template),
        revisions.known(repository, report) if repository else [],
    )


def _compared(
    service: Service, repository: Repository | None
) -> tuple[list[str], dict[str, str | None], list[str]]:
    """Return what differs from the template, what is missing, and what is in conflict."""
    base = {} if service.unread else _base(service)
    gone = [path for path in sorted(base) if not _exists(service.root / path)]
    stages = _stages(service) if gone else {}
    missing = {path: stages.get(path) for path in gone}
    if repository is None:
        return sorted(_changed(service.root, base, missing)), missing, []
    stored, conflicts = _stored(repository)
    dirty = _dirty(repository)
    modified = [
        path
        for path, made in attributes.oids(repository, base).items()
        if path not in missing and path not in conflicts
        if path in dirty or stored.get(path) != made
    ]
    return sorted(modified), missing, conflicts


def _base(service: Service) -> Tree:
    """Return what the template gave, but for the files that were locked since."""
    lock = locking.of_service(service)
    there = [path for path in lock.paths if is_regular(service.root / path)]
    mine = {path: (service.root / path).read_bytes() for path in there}
    base = render(service.template, service.answers, remember=True)
    return lock.unlocked(mine, service.placed(base))


def _exists(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _changed(root: Path, base: Tree, missing: Mapping[str, object]) -> list[str]:
    """Return the paths that differ or are not regular files; links are not followed."""
    made = {path: sha256(base[path][1]).hexdigest() for path in base.keys() - missing.keys()}
    found = {path: records.fingerprint(root / path) for path in made}
    return [p for p, digest in made.items() if found[p] not in (f"file {digest}", f"exec {digest}")]


def _stored(repository: Repository) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """Return what the index has of the service, and the paths that have conflicts in it."""
    found, unmerged = {}, set()
    for line in repository.git.fields("ls-files", "--stage", "-z", "--", repository.prefix or "."):
        about, _, path = line.partition("\t")
        mode, oid, stage = about.split(" ")
        found[path.removeprefix(repository.prefix)] = (mode, oid)
        if stage != "0":
            unmerged.add(path.removeprefix(repository.prefix))
    return found, sorted(unmerged)


def _dirty(repository: Repository) -> set[str]:
    """Return the paths whose file differs from the index, by content.

    `git diff` would write the index when it finds that no more than a file's times have changed.
    """
    options = ("--porcelain", "-z", "--no-renames", "--untracked-files=no", NO_SUBMODULES)
    lines = repository.git.fields("status", *options, "--", repository.prefix or ".")
    return {line[3:].removeprefix(repository.prefix) for line in lines if line[1] != " "}


def _stages(service: Service) -> dict[str, str]:
    """Return path → stage for the files that stages brought."""
    package = names.package(service.answers["name"])
    return places.of_stages(service.template, service.language, package, service.places)
