"""The way from the present of a service to another tree: compared, checked, and written."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scaffolder.engine import apply, index, preflight, records, snapshots, trees
from scaffolder.engine.git import Git, Repository
from scaffolder.engine.journal import Journal
from scaffolder.engine.prepare import Plan
from scaffolder.engine.records import File, Record
from scaffolder.engine.snapshots import SUBMODULE
from scaffolder.engine.trees import Blob, Change

from . import log, owned_data, saving
from .revisions import SHORT, Revision


@dataclass(frozen=True)
class Way:
    """The way from the present to the target."""

    now: str
    """The tree that is on disk."""
    changes: list[Change]
    entries: dict[str, dict[int, Blob]]
    """What the index is to have of paths of which it has something else."""
    staged: dict[str, dict[int, Blob]]
    """What it has, by stage."""
    seen: dict[str, str | None]
    """Fingerprints of what stood at each path."""
    ignored: list[str]
    """What git ignores, and the target has."""
    inside: list[str]
    """Repositories in the service, whose content is not saved."""


def compared(scratch: Git, repository: Repository, target: str) -> Way:
    """Compare the present with the target; nothing is written to the service."""
    index.copied(scratch, repository, index.SEEN)
    paths, inside = snapshots.present(repository)
    top = repository.directory
    # Before the snapshot: what changes later is not saved, so it must not be replaced either.
    seen = {path: records.fingerprint(top / path) for path in paths}
    now = snapshots.taken(scratch, repository, paths, "disk")
    then = trees.list_tree(scratch, target)
    staged = index.entries(repository, [repository.prefix + p for p in {*paths, *then, *inside}])
    cut = len(repository.prefix)
    stages = {path[cut:]: found for path, found in staged.items()}
    entries = {
        path: {0: then[path]} if path in then else {}
        for path in sorted(stages.keys() | then.keys())
        if stages.get(path, {}) != ({0: then[path]} if path in then else {})
    }
    changes = [
        change
        for change in trees.changes(scratch, now, target)
        if SUBMODULE not in {blob.mode for blob in (change.old, change.new) if blob}
    ]
    others = {c.path: records.fingerprint(top / c.path) for c in changes if c.path not in seen}
    ignored = [path for path, found in others.items() if found]
    return Way(now, changes, entries, stages, {**others, **seen}, ignored, inside)


def check(repository: Repository, way: Way) -> None:
    """Raise RefusedError for what cannot be written, or would be lost."""
    added = [change.path for change in way.changes if change.kind == "add"]
    leaving = {change.path for change in way.changes if change.kind == "delete"}
    paths = [change.path for change in way.changes]
    preflight.check_safe(paths)
    preflight.check_places(repository, paths, leaving)
    top = repository.directory
    preflight.check_free(top, [path for path in added if (top / path).is_dir()], leaving)
    hidden = preflight.hidden(repository, [*way.entries])
    preflight.check_sparse(repository, [p for p in hidden if not (top / p).exists()], added)


def carry_out(
    scratch: Git, repository: Repository, way: Way, to: Revision, branch: str
) -> Mapping[str, Path]:
    """Save the present, and write the target; a failure leaves neither."""
    top = repository.directory
    aside = {path: saving.content(top / path) for path in way.ignored}
    log.prune(repository)
    with saving.saved(scratch, repository, way.now, branch):
        kept = Journal(repository).keep(aside)
        then = trees.list_tree(scratch, to.tree)
        now = trees.list_tree(scratch, way.now)
        plan = Plan(scratch, way.seen, way.changes, way.entries, len(to.tree))
        paths = {*way.entries, *(change.path for change in way.changes)}
        files = {path: File(now.get(path), then.get(path), None, None) for path in paths}
        apply.apply(repository, plan, _record(scratch, repository, way, to, files))
    return kept


def _record(
    scratch: Git, repository: Repository, way: Way, to: Revision, files: dict[str, File]
) -> Record:
    before, after = (owned_data.answers(scratch, tree) for tree in (way.now, to.tree))
    had, has = (owned_data.stages(found) for found in (before, after))
    files = {path: file for path, file in files.items() if not _is_submodule(file)}
    return Record(
        command="rollback",
        subject=to.commit[:SHORT] or to.tree[:SHORT],
        prefix=repository.prefix,
        head=repository.head(),
        added=sorted(has - had),
        removed=sorted(had - has),
        versions=(owned_data.version(before), owned_data.version(after)),
        files=files,
        staged={
            path: entry
            for path, file in files.items()
            if (entry := way.staged.get(path, {})) != ({0: file.before} if file.before else {})
        },
    )


def _is_submodule(file: File) -> bool:
    return any(blob and blob.mode == SUBMODULE for blob in (file.before, file.after))
