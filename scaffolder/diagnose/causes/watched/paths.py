"""Paths that are there, and are not what a program needs."""

import errno
from posixpath import dirname

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import copied, ended, inspected, seen
from scaffolder.diagnose.causes.silence.readings import quiet
from scaffolder.diagnose.evidence.files import OF_RUNTIME, mount_around
from scaffolder.diagnose.evidence.harmless import KNOWN_EMPTY
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.text import quoted


@cause(
    "file-empty",
    "a file that the program reads is empty",
    pattern="environment",
    reads=["rerun", "files"],
    page="check-files-and-dependencies",
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=["last-call"],
)
def file_empty(case: Case) -> Found | None:
    """Find an empty file that a program opened to read last, before it failed in silence."""
    call = case.seen.opened_last
    if call is None or call.creates or call.path in KNOWN_EMPTY or not quiet(case):
        return None
    entry = case.has(call.path) if call.path and call.name.startswith("open") else None
    if entry is None or entry.kind != "file" or entry.size:
        return None
    mount = mount_around(call.path, case.config.mounts)
    whose = f", which is in the mount of {mount.source}" if mount else ""
    return Found(
        f"the last file that the program opens before it ends is {call.path}{whose}: it is empty",
        "see what has to write it: a COPY of a placeholder, a template that was not filled in, a"
        " secret without a value",
        (seen(case, call), copied(case, call.path, "0 bytes"), ended(case)),
    )


@cause(
    "path-empty",
    "the program asks for a path that is empty",
    pattern="environment",
    reads=["rerun", "files"],
    page="check-files-and-dependencies",
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=["last-call", "file-missing", "ends-itself", "reads-last", "python-quiet-exit"],
)
def path_empty(case: Case) -> Found | None:
    """Find the empty path, which never exists (ENOENT in path_resolution(7)), as the last one."""
    call = case.seen.failed_call
    if call is None or call.error != errno.ENOENT or call.given or not call.path:
        return None
    scripts = {item.script.path for item in case.launched if item.script}
    opened = (path for path in case.seen.opened if path not in scripts)
    read = next((path for path in opened if not OF_RUNTIME.match(path)), "")
    after = f", after it has read {read}" if read else ""
    return Found(
        f"the last path that the program asks for is empty ({call.name} of ''){after}: what it"
        " takes that from has no value",
        f"see which path it takes from {read or 'a variable, an argument or its settings'}, and"
        " whether the name and the place of that setting are right",
        (seen(case, call), ended(case)),
    )


@cause(
    "not-a-directory",
    "a file is where the program needs a directory",
    pattern="environment",
    reads=["rerun", "files", "inspect"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    explains=["last-call", "file-missing"],
)
def not_a_directory(case: Case) -> Found | None:
    """Find ENOTDIR: something on the way to a path is a file."""
    call = case.seen.failed_call
    if call is None or call.error != errno.ENOTDIR or not call.path:
        return None
    place = _file_on_the_way(case, call.path)
    if not place:
        return None
    mount = mount_around(place, case.config.mounts)
    if mount and mount.destination == place:
        fix = f"mount a directory on {place}: {mount.source} is a file"
    else:
        fix = f"make {place} a directory: `COPY DIRECTORY/ {place}/` with a slash at the end"
    return Found(
        f"the program needs {call.path}, and {place} is a file, not a directory",
        fix,
        (seen(case, call), copied(case, place, "a file")),
    )


def _file_on_the_way(case: Case, path: str) -> str:
    while path != "/":
        entry = case.has(path)
        if entry and entry.kind != "directory":
            return path
        path = dirname(path)
    return ""


@cause(
    "rename-across-mounts",
    "a file is moved from one mount to another in one step, which no system can",
    pattern="environment",
    reads=["rerun", "inspect"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    explains=["last-call"],
)
def rename_across_mounts(case: Case) -> Found | None:
    """Find EXDEV, of a rename or a hard link."""
    call = case.seen.failed_call
    if call is None or call.error != errno.EXDEV or not call.other:
        return None
    shown = ", ".join(filter(None, (_mount_words(case, p) for p in (call.path, call.other))))
    return Found(
        f"the program moves {call.path} to {call.other} in one step, but they are on different"
        f" mounts{f': {shown}' if shown else ''}",
        f"let it write its temporary file beside {quoted(call.other)} (TMPDIR, or its setting), or"
        " copy instead of rename",
        (seen(case, call), inspected(case, "Mounts", shown or "none")),
    )


def _mount_words(case: Case, path: str) -> str:
    mount = mount_around(path, case.config.all_mounts)
    return f"{mount.destination} is a {mount.kind} mount" if mount else ""
