"""Files and directories that the container's user cannot access."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import (
    Evidence,
    content,
    copied,
    inspected,
    logged,
    runs_as,
)
from scaffolder.diagnose.causes.silence.readings import named_paths, quiet
from scaffolder.diagnose.causes.variables.places import looked_for_then
from scaffolder.diagnose.evidence.files import is_below, resolved
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.text import quoted as typed

from .denials import DENIED, READ_ONLY, REFUSED, is_writable_mount, paths_in, place_for, relative_in
from .refusing import culprit, refusal

STREAM = re.compile(r"/dev/std(?:out|err)|/proc/(?:self|\d+)/fd/[12]\b")


@cause(
    "file-closed",
    "the container's user cannot access a path",
    pattern="permissions",
    reads=["logs", "files"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    cured_by=["root"],
)
def file_closed(case: Case) -> Found | None:
    """Find EACCES for a file, or EROFS that hides it in a copy, and which entry refuses."""
    denied = case.said(rf"[^\n]*(?:{DENIED})[^\n]*")
    match = denied or case.said(READ_ONLY)
    if match is None:
        return None
    line, who = case.line(match), case.acting.words
    path = next(
        (p for p in reversed(paths_in(line)) if not p.startswith(("/dev/std", "/proc"))), ""
    )
    relative = "" if path else relative_in(case, line)
    path = path or (relative if relative and culprit(case, relative) else "")
    if not denied and not (is_writable_mount(case, path) and culprit(case, path)):
        return None
    if not path and (stream := STREAM.search(line)):
        return Found(
            f"{who} cannot open {stream[0]}: it leads to a pipe that is root's, which a process"
            " that has become another user may not open anew, although it may write to the"
            " descriptor that it has",
            "write to the descriptor that is open already (print, >&1), open it before the user is"
            " changed, or run all of it as that user (USER, --user)",
            (logged(case, match), runs_as(case)),
        )
    if not path:
        return Found(
            f"permission denied for {who}: {line[:200]}",
            "find the file in question and give the user access to it: chown, chmod, or --user",
            (logged(case, match), runs_as(case)),
            basis=Basis.HINT,
        )
    refuses = culprit(case, path)
    if refuses is None:
        return Found(
            f"{who} cannot access {path}: permission denied",
            f"chown {case.acting.uid} {typed(path)}, or run as another user",
            (logged(case, match), runs_as(case)),
        )
    mount = next((m for m in case.config.mounts if refuses.path.startswith(m.destination)), None)
    owner = f"{refuses.uid}:{refuses.gid}"
    fix = (
        f"chown {case.acting.uid}:{case.acting.gid} {typed(refuses.path)} in the Dockerfile"
        " (COPY --chown)"
    )
    if refuses.uid == case.acting.uid:  # its own mode is in the way
        letters = "rwX" if refuses.kind == "directory" else "rw"
        where = typed(mount.source) if mount else f"{typed(refuses.path)} in the Dockerfile"
        fix = f"chmod u+{letters} {where}"
        fix += "; a directory needs x to be entered" if refuses.kind == "directory" else ""
    elif mount:
        fix = (
            f"sudo chown -R {case.acting.uid}:{case.acting.gid} {typed(mount.source)}, or"
            f" run as --user {owner}"
        )
    return Found(
        f"{refusal(case, path, refuses)}{looked_for_then(case)}",
        fix,
        (
            logged(case, match),
            copied(case, refuses.path, f"mode {refuses.mode:04o}, owner {owner}"),
            runs_as(case),
        ),
        proven=denied is not None and not relative,  # its directory may be another one
    )


@cause(
    "not-writable-silent",
    "a path that the program writes to is not writable",
    pattern="permissions",
    reads=["inspect", "files"],
    page="check-files-and-dependencies",
    basis=Basis.INFERRED,
    cured_by=["writable", "root", "capabilities"],
)
def not_writable_silent(case: Case) -> Found | None:
    """Find, behind a silent death, a path named in the program that it cannot write to."""
    if not quiet(case) or case.exit_code > 125:
        return None
    for path, by in named_paths(case):
        found = unwritable(case, path) if _is_tried(case, path) else None
        if found and _seems_written(path):
            why, evidence, fix = found
            return Found(
                f"{why}, and {by} cannot write {path}; it then exits silently",
                fix,
                (
                    evidence,
                    content(case, by, path)
                    if by.startswith("/")
                    else inspected(case, "Config.Cmd", list(case.config.argv)),
                ),
            )
    return None


def _is_tried(case: Case, path: str) -> bool:
    """Tell whether a watched copy has tried to write there in vain, or none was watched."""
    trace = case.seen.trace
    refused = (c for c in trace.calls if c.error in REFUSED and c.path)
    return not trace.processes or any(is_below(c.made, path) for c in refused)


def _seems_written(path: str) -> bool:
    return bool(
        re.search(
            r"\.(?:log|pid|lock|sock|db|sqlite3?|tmp|out|wal|cache)$|^/(?:var|run|tmp|data|srv"
            r"|cache|home|storage|uploads?)\b|/(?:data|logs?|cache|tmp|uploads?|storage|db)(?:/|$)",
            path,
        )
    )


def unwritable(case: Case, path: str) -> tuple[str, Evidence, str] | None:
    """Return why a path is not writable; None if it is."""
    config = case.config
    if any(path == t or path.startswith(t.rstrip("/") + "/") for t in config.tmpfs):
        return None
    mount = next(
        (
            m
            for m in config.mounts
            if path.startswith(m.destination.rstrip("/") + "/") or path == m.destination
        ),
        None,
    )
    folder = path.rpartition("/")[0] or "/"
    if mount and not mount.writable:
        return (
            f"{mount.destination} is mounted read-only",
            inspected(case, "Mounts", f"{mount.destination}, RW false"),
            f"mount {mount.destination} without :ro",
        )
    if config.read_only and not mount:
        return (
            "the root filesystem is read-only (--read-only)",
            inspected(case, "HostConfig.ReadonlyRootfs", "true"),
            f"{place_for(case, path)}, or drop --read-only",
        )
    if resolved(case.files, folder) is None and not mount:
        return None
    refuses = culprit(case, path)
    if refuses is None or case.acting.uid == 0:
        return None
    owner = f"{refuses.uid}:{refuses.gid}"
    return (
        (
            f"{refuses.path} is owned by {owner} with mode {refuses.mode:04o}, and the process"
            f" runs as {case.acting.words}"
        ),
        copied(case, refuses.path, f"mode {refuses.mode:04o}, owner {owner}"),
        f"chown {case.acting.uid}:{case.acting.gid} {typed(refuses.path)}",
    )
