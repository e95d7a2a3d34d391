"""Databases of SQLite, which need to write to the directory that they are in."""

import re
from collections.abc import Iterator
from posixpath import dirname

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import copied, logged, quoted, runs_as
from scaffolder.diagnose.causes.silence.readings import named_paths
from scaffolder.diagnose.evidence.files import mount_around
from scaffolder.diagnose.evidence.identity import WRITE
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.text import quoted as typed

MESSAGE = (
    r"[^\n]*(?:attempt to write a read-?only database|unable to open database file"
    r"|SQLITE_(?:READONLY|CANTOPEN))[^\n]*"
)
BESIDE = re.compile(r"-(?:journal|wal|shm)$")
DATABASE = re.compile(r"\.(?:db3?|sqlite3?)$")


@cause(
    "journal-refused",
    "the directory of an SQLite database is not writable, where it makes its journal",
    pattern="permissions",
    reads=["logs", "files", "rerun"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    explains=["file-closed", "not-writable-silent", "said-why", "python-exception"],
    cured_by=["root"],
)
def journal_refused(case: Case) -> Found | None:
    """Find SQLite's message, and a database whose directory refuses the user."""
    match = case.said(MESSAGE)
    if match is None:
        return None
    databases = list(dict.fromkeys(_databases(case)))
    for path in databases:
        folder = case.has(dirname(path) or "/")
        if folder is None or folder.kind != "directory" or case.acting.may(folder, WRITE):
            continue
        mount = mount_around(path, case.config.all_mounts)
        if mount and (mount.kind == "tmpfs" or not mount.writable):
            continue
        file, owner = case.has(path), f"{folder.uid}:{folder.gid}"
        is_open = (
            ", though it may write to the file" if file and case.acting.may(file, WRITE) else ""
        )
        about = f"is owned by {owner} with mode {folder.mode:04o}"
        change = f"chown {case.acting.uid}:{case.acting.gid} {typed(folder.path)}"
        once = f"docker run --rm --user 0 --volumes-from {quoted(case)} busybox {change}"
        return Found(
            f"SQLite cannot make the journal of {path} beside it: {folder.path} {about}, and"
            f" {case.acting.words} cannot write there{is_open}",
            f"{change} {f'where the volume has it ({once})' if mount else 'in the Dockerfile'}",
            (logged(case, match), copied(case, folder.path, about), runs_as(case)),
            (once,) if mount else (),
            proven=len(databases) == 1,
        )
    return None


def _databases(case: Case) -> Iterator[str]:
    """Return the paths of databases: what a copy opened last, or what the program names."""
    for call in reversed(case.seen.trace.calls):
        if call.path and (BESIDE.search(call.path) or DATABASE.search(call.path)):
            yield BESIDE.sub("", call.path)
    yield from (path for path, _ in named_paths(case) if DATABASE.search(path))
