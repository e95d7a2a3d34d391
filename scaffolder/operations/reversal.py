"""Take back the last operation of a service, and keep what the user edited since.

It is the same merge backwards: from what the operation wrote to what stood there before, into what
stands there now; once for the work tree, and once for the index.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from scaffolder.engine import index, merge, preflight, records, snapshots, trees
from scaffolder.engine.git import Git, Repository
from scaffolder.engine.merge import Merge
from scaffolder.engine.prepare import Plan
from scaffolder.engine.records import File, Record
from scaffolder.engine.trees import Blob, Overlay
from scaffolder.errors import RefusedError
from scaffolder.text import listed

from .log import Last
from .plan import Step


@contextmanager
def planned(repository: Repository, found: Last, *, aside: bool) -> Iterator[Step]:
    """Plan to take back an operation; nothing is written to the service.

    Where an edit made since is in the way: with `aside`, that version of the file is kept apart;
    otherwise raise RefusedError with the list.
    """
    top = repository.directory
    _check(repository, found.record)
    record = _restored(repository, found)
    with trees.scratch(repository) as scratch:
        seen = {path: records.fingerprint(top / path) for path in record.files}
        disk, index = _snapshots(scratch, repository, record)
        on_disk = _backwards(scratch, disk, record)
        indexed = _as_staged(record)
        same = index == disk and indexed.files == record.files
        staged = on_disk if same else _backwards(scratch, index, indexed)
        if not found.staged:
            staged = _as_ours(scratch, staged)
        blocked = {c.path: c.reason for c in [*on_disk.conflicts, *staged.conflicts]}
        if blocked and not aside:
            raise _blocked(record, blocked)
        on_disk, kept = _overruled(scratch, on_disk, record, blocked)
        staged, also = _overruled(scratch, staged, record, blocked)
        kept = {**{f"{path}.staged": b for path, b in also.items() if kept.get(path) != b}, **kept}
        plan = _plan(repository, found, seen, on_disk, staged)
        shown = replace(staged, changes=on_disk.changes)
        yield Step(shown, plan, _record(found, repository, staged, plan), kept)


def _check(repository: Repository, record: Record) -> None:
    """Raise RefusedError for files that could not be put where they were."""
    top = repository.directory
    paths = list(record.files)
    leaving = {path for path, file in record.files.items() if file.before is None}
    preflight.check_places(repository, paths, leaving)
    coming = [path for path in paths if path not in leaving and (top / path).is_dir()]
    preflight.check_free(top, coming, leaving)
    absent = [p for p in preflight.hidden(repository, paths) if not os.path.lexists(top / p)]
    back = [path for path in paths if not os.path.lexists(top / path) and path not in absent]
    preflight.check_sparse(repository, absent, back)


def _restored(repository: Repository, found: Last) -> Record:
    """Return the record, with contents that `git gc` took written again where there is a copy.

    It can take what only a conflict has: the old content is kept with the record, the new one may
    still be on disk. Otherwise the file counts as one that the user wrote.
    """
    record = found.record
    blobs = [blob for f in record.files.values() for blob in (f.before, f.after)]
    blobs += [blob for stages in record.staged.values() for blob in stages.values()]
    asked = "\n".join({blob.oid for blob in blobs if blob is not None}).encode()
    lines = repository.git("cat-file", "--batch-check", stdin=asked).stdout.decode().splitlines()
    missing = {line.split()[0] for line in lines if line.endswith(" missing")}
    files = dict(record.files)
    for path, file in record.files.items():
        full = record.prefix + path
        copy = record.copy(found.directory, path)
        if copy and file.before and file.before.oid in missing:
            _write_blob(repository, full, copy)
        if file.after and file.after.oid in missing:
            on_disk = repository.top / full
            readable = on_disk.is_symlink() or on_disk.is_file()
            if not readable or _write_blob(repository, full, on_disk) != file.after.oid:
                files[path] = replace(file, after=None)
    staged = {
        path: stages
        for path, stages in record.staged.items()
        if not any(blob.oid in missing for blob in stages.values())
    }
    return replace(record, files=files, staged=staged)


def _write_blob(repository: Repository, path: str, file: Path) -> str:
    content = os.fsencode(file.readlink()) if file.is_symlink() else file.read_bytes()
    done = repository.git("hash-object", "-w", "--stdin", f"--path={path}", stdin=content)
    return done.stdout.decode().strip()


def _snapshots(scratch: Git, repository: Repository, record: Record) -> tuple[str, str]:
    """Return two trees of the service: with the operation's files as on disk, and as staged.

    Where the index has a conflict, what is on disk counts as staged.
    """
    index.copied(scratch, repository, index.SEEN)
    return (
        snapshots.taken(scratch, repository, record.files, "disk"),
        snapshots.taken(scratch, repository, index.unmerged(repository), "staged"),
    )


def _backwards(scratch: Git, now: str, record: Record) -> Merge:
    after = {path: file.after for path, file in record.files.items()}
    before = {path: file.before for path, file in record.files.items()}
    return merge.merge(scratch, Overlay(now, after), now, Overlay(now, before), "before")


def _as_staged(record: Record) -> Record:
    """Return the record with what was staged before in place of what stood on disk.

    Of a file that had a conflict, the index has no one version; what stood on disk is taken.
    """
    files = dict(record.files)
    for path, stages in record.staged.items():
        if set(stages) <= {0}:
            files[path] = replace(files[path], before=stages.get(0))
    return replace(record, files=files)


def _as_ours(scratch: Git, merged: Merge) -> Merge:
    """Leave what conflicts in an index that does not have the operation's result as it is."""
    mine = {conflict.path: merged.before.get(conflict.path) for conflict in merged.conflicts}
    result = trees.write_tree(scratch, Overlay(merged.result, mine))
    changes = trees.changes(scratch, merged.ours, result)
    return replace(merged, result=result, changes=changes, conflicts=[])


def _blocked(record: Record, blocked: dict[str, str]) -> RefusedError:
    return RefusedError(
        f"what you edited since `viscaffold {record.title}` is in the way of taking it back:\n"
        f"{listed(sorted(blocked))}",
        "take your edits out of these files, or move the files away",
    )


def _overruled(
    scratch: Git, merged: Merge, record: Record, paths: dict[str, str]
) -> tuple[Merge, dict[str, Blob]]:
    """Give `paths` their content of before; return what they hold now, but for the operation's."""
    if not paths:
        return merged, {}
    before = {path: record.files[path].before for path in paths}
    result = trees.write_tree(scratch, Overlay(merged.result, before))
    ours = merged.before
    kept = {p: ours[p] for p in paths if p in ours and ours[p] != record.files[p].after}
    changes = trees.changes(scratch, merged.ours, result)
    return replace(merged, result=result, changes=changes, conflicts=[]), kept


def _plan(
    repository: Repository, found: Last, seen: dict[str, str | None], on_disk: Merge, staged: Merge
) -> Plan:
    now, result, record = staged.before, staged.after, found.record
    paths = {change.path for change in [*on_disk.changes, *staged.changes]}
    paths.update(index.unmerged(repository))
    entries = {path: {0: result[path]} if path in result else {} for path in paths}
    entries |= {  # conflicts that nobody has touched since
        path: stages
        for path, stages in record.staged.items()
        if not set(stages) <= {0} and now.get(path) == record.files[path].after
    }
    exact: dict[str, Path] = {}
    for change in on_disk.changes:
        copy = record.copy(found.directory, change.path)
        if copy and change.new and change.new == record.files[change.path].before:
            exact[change.path] = copy
    return Plan(staged.scratch, seen, on_disk.changes, entries, len(staged.result), exact)


def _record(found: Last, repository: Repository, staged: Merge, plan: Plan) -> Record:
    record = found.record
    now, result = staged.before, staged.after
    paths = {*plan.entries, *(change.path for change in plan.changes)}
    return Record(
        command="undo",
        subject="",
        prefix=repository.prefix,
        head=repository.head(),
        added=record.removed,
        removed=record.added,
        versions=(record.versions[1], record.versions[0]),
        files={path: File(now.get(path), result.get(path), None, None) for path in paths},
        undoes=found.directory.name,
    )
