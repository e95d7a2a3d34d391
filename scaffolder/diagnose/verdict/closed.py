"""Copies in which nobody else may read or write a file that a program looked at last."""

import shlex
from collections.abc import Iterator
from dataclasses import replace

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.files import mount_around, resolved

from .cures import Cure
from .factor import Factor, mounted

OTHERS = 0o077
"""What the group and all others may do."""
EXECUTABLE = 0o111
ALONE = 0o600
LARGEST = 64 * 1024
MODE = Cure("mode", "owner-refused", "permissions", "", "", proves=True, is_exact=True)


def closed(case: Case) -> Iterator[Factor]:
    """Give a file that was found or read last a mode with which only its user may read it."""
    found = (case.seen.found_last, case.seen.opened_last)
    for path in dict.fromkeys(call.path for call in found if call and not call.error):
        entry = resolved(case.files, path)
        if entry is None or entry.kind != "file" or not entry.mode & OTHERS:
            continue
        if entry.mode & EXECUTABLE:
            continue  # a program, which nothing runs any more then
        data = case.files.content(entry.path) if entry.size <= LARGEST else None
        mount = mount_around(path, case.config.mounts)
        if data is None or (mount and not mount.writable):
            continue  # a copy of it could be written to, and that may be what it takes
        user = case.acting
        is_mounted = mount is not None
        typed = f"chmod 0600 {shlex.quote(path)}"
        yield Factor(
            f"{path} with the mode 0600",
            case.config,
            files={path: data},
            mode=ALONE,
            owner=(max(user.uid, 0), max(user.gid, 0)),
            flags=mounted(path),
            cure=replace(
                MODE,
                text=f"the program does not use {path}, because others may read it"
                f" (mode {entry.mode & 0o7777:04o})",
                fix=f"make a copy at the start, with {typed}"
                if is_mounted
                else f"{typed} in the Dockerfile, as the user that reads it (COPY --chmod=0600)",
            ),
        )
