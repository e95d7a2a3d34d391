"""Files that cannot be executed: their mode, their directories, their mounts."""

import errno
import re
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, copied, inspected, quoted, refused, seen
from scaffolder.diagnose.causes.silence.readings import quiet
from scaffolder.diagnose.causes.start.refusal import NEVER
from scaffolder.diagnose.evidence.files import follow
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Call

from .problems import problem_of, runtime_says


@cause(
    "program-is-directory",
    "the program to execute is a directory",
    pattern="image",
    reads=["files"],
    when=NEVER,
)
def program_is_directory(case: Case) -> Found | None:
    """Find an ENTRYPOINT that names a directory, which COPY creates where a file was meant."""
    found = problem_of(case, "directory", "special")
    if not found or not runtime_says(case, "permission denied|is a directory|not found"):
        return None
    path = found[0].path
    kind = "a directory" if found[1].kind == "directory" else "a device or socket, not a program"
    inside = next(
        (n for n in case.files.names(path) if basename(n) == basename(path) and n != path), ""
    )
    hint = f"; the program may be {inside}" if inside else ""
    return Found(
        f"the program to execute, {path}, is {kind}{hint}",
        f"start the file in it{': ' + inside if inside else ''}, or correct COPY and ENTRYPOINT",
        (refused(case), copied(case, path, kind)),
        proven=True,
    )


@cause(
    "noexec",
    "the program is on a filesystem that is mounted with noexec",
    pattern="permissions",
    reads=["files", "inspect"],
    when=NEVER | Phase.DIED,
    explains=["not-executable", "path-closed", "program-broken", "last-call"],
)
def noexec(case: Case) -> Found | None:
    """Find a mount with the option noexec, which Docker gives every --tmpfs."""
    denied = re.search(r"permission denied|operation not permitted", case.refusal, re.IGNORECASE)
    match = (
        None
        if denied
        else case.said(r"(/[\w./+-]+)['\"`]?: (?:permission denied|failed to map segment)")
    )
    if denied:
        path, shown = case.program.path if case.program else "", refused(case)
    elif match:
        path, shown = match[1], Evidence("logs", f"docker logs {quoted(case)}", match[0])
    elif (call := case.seen.failed_call or _denied(case)) and call.name.startswith("exec"):
        path, shown = call.path if call.error == errno.EACCES else "", seen(case, call)
    else:
        return None
    mount = _noexec_mount(case, path) if path else None
    if not mount or (denied and case.program and case.program.first_problem):
        return None
    return Found(
        f"{path} cannot be executed: {mount} is mounted with the option noexec",
        f"put programs elsewhere, or mount it with exec: --tmpfs {mount}:exec",
        (shown, inspected(case, "HostConfig.Tmpfs", dict(case.config.tmpfs) or "noexec")),
        proven=bool(denied) or mount in case.config.tmpfs,
    )


def _denied(case: Case) -> Call | None:
    """Return the last program that a silent script could not execute, whatever it did then."""
    execs = (c for c in reversed(case.seen.trace.calls) if c.name.startswith("exec"))
    return next((c for c in execs if c.error == errno.EACCES), None) if quiet(case) else None


def _noexec_mount(case: Case, path: str) -> str:
    way, _ = follow(case.files, path)
    real = way[-1].path if way else path
    for place, options in case.config.tmpfs.items():
        if any(
            p.startswith(place.rstrip("/") + "/") for p in (real, path)
        ) and "exec" not in options.split(","):
            return place
    for mount in case.config.mounts:
        if real.startswith(mount.destination + "/") and "noexec" in mount.options:
            return mount.destination
    return ""


@cause(
    "exec-refused",
    "the runtime is not allowed to execute a file that looks fine",
    pattern="permissions",
    reads=["inspect", "files"],
    when=Phase.START,
    basis=Basis.QUOTED,
    explains=["start-refused"],
)
def exec_refused(case: Case) -> Found | None:
    """Find a refusal that the mode does not explain: a security module, or a mount's options."""
    if not case.program or case.program.first_problem:
        return None
    if not re.search(
        r"exec.*(?:permission denied|operation not permitted)",
        case.refusal,
        re.IGNORECASE | re.DOTALL,
    ):
        return None
    return Found(
        f"{case.program.path} cannot be executed although its mode allows it: a security module"
        " (AppArmor, SELinux), a mount with noexec or a security option blocks it",
        "check the host's audit log (dmesg, ausearch -m avc); with SELinux, mount with :z",
        (refused(case), inspected(case, "HostConfig.SecurityOpt", list(case.config.security))),
    )
