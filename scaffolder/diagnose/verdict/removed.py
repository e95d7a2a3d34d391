"""A file that keeps a program from starting, such as a lock, removed from a copy."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from posixpath import basename, dirname

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.mounts.shared import called, users
from scaffolder.diagnose.evidence.config import Mount
from scaffolder.diagnose.evidence.files import is_below, is_empty, mount_around, resolved
from scaffolder.diagnose.evidence.gave_up import kept_out, process_found
from scaffolder.text import quoted

from . import cures
from .cures import Cure
from .factor import Factor
from .left_over import LONGEST, is_shared

PID_DIGITS = 9
MARK = re.compile(r"(?:^|[._-])(?:pid|lo?ck|locked|running|in[._-]?use)(?:$|[._-])", re.IGNORECASE)
"""How files are called that only say that somebody is here."""


def without_mark(case: Case) -> Iterator[Factor]:
    """Hide the file that a program found last, with its directory if it uses nothing else there."""
    call = case.seen.found_last or (None if case.exit_code else kept_out(case.seen.trace))
    path = call.made if call else ""
    mount = mount_around(path, case.config.mounts)
    if mount and not case.exit_code and is_shared(case, mount):
        return  # another one works, and this one stands by
    entry = (case.has(path) or case.files.entry(path)) if path else None
    if call is None or entry is None:
        return
    # What insists that nothing is there says so itself. What only looks may dislike anything else
    # of a file, such as its mode, unless a run of this container has made it, it is called as a
    # lock is, or the program has asked for the process whose number is in it.
    made_since = mount is None and not resolved(case.image_files, path)
    is_mark = bool(MARK.search(basename(path)))
    is_left = made_since or (mount and (is_mark or _is_of_process(case, path)))
    if not call.error and entry.kind == "file" and entry.size > LONGEST:
        return  # it is data, which nobody is to remove
    is_bare = entry.kind == "directory" and is_mark and is_empty(case.files, path)
    if not call.error and not (is_left and (entry.kind == "file" or is_bare)):
        return
    folder = dirname(path)
    used = {c.path for c in case.seen.trace.calls if c.path and not c.error}
    is_alone = not any(is_below(other, folder) for other in used - {folder, path})
    if folder == "/" or not (is_alone or mount):
        return
    cure = _left(case, path, mount, "rm -rf" if entry.kind == "directory" else "rm -f")
    if not is_alone:
        yield Factor(f"{path} removed", case.config, removed=(path,), flags=cure.fix, cure=cure)
        return
    mounts = tuple(mount for mount in case.config.mounts if mount.destination != folder)
    yield Factor(
        f"nothing in {folder}",
        replace(case.config, mounts=mounts, tmpfs={**case.config.tmpfs, folder: ""}),
        flags=f"--tmpfs {shlex.quote(folder)}",
        cure=cure,
    )


def _left(case: Case, path: str, mount: Mount | None, how: str) -> Cure:
    """Return what it means that a program starts without a file: who has left it, or has it."""
    remedy = f"remove it at the start ({how} {quoted(path)} before exec)"
    other = next(users(case, mount), None) if mount else None
    if mount and other:
        return replace(
            cures.LEFT_OVER,
            cause="volume-in-use",
            text=f"the program does not start with {path}, in {called(mount)}, which the running"
            f" container {other.name} has mounted as well: it is left over, or that has made it",
            fix=f"if {other.name} has made it, stop that first, or give each its own volume;"
            f" otherwise {remedy}",
            proves=False,
            is_exact=True,
        )
    return replace(
        cures.LEFT_OVER,
        text=f"{path} is {cures.LEFT_OVER.text}",
        # A tmpfs would hide what else there is in a volume.
        fix=remedy if mount else f"{remedy}, or {cures.LEFT_OVER.fix}",
    )


def _is_of_process(case: Case, path: str) -> bool:
    """Tell whether a file has a process number, and the program asks whether that process runs."""
    number = (case.files.content(path) or b"").strip()
    asked = map(process_found, case.seen.trace.calls)
    return number.isdigit() and len(number) < PID_DIGITS and 0 < int(number) in asked
