"""Files that may not be executed: their mode, their directories, their mounts."""

import re
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.causes.start.refusal import NEVER, refused
from scaffolder.diagnose.evidence import Evidence, copied, inspected, quoted
from scaffolder.diagnose.phase import Phase
from scaffolder.diagnose.sources.files import follow

from .problems import problem_of, runtime_says


@cause(
    "not-executable",
    "the program's file is not executable",
    pattern="permissions",
    reads=["files", "inspect"],
    page="check-program-file",
    when=NEVER,
    weight=82,
)
def not_executable(case: Case) -> Found | None:
    """Find a file without the x bit, for anybody or for the container's user."""
    found = problem_of(case, "mode")
    if not found or not found[0].entry or not runtime_says(case, "permission denied"):
        return None
    program, entry = found[0], found[0].entry
    nobody = not entry.mode & 0o111
    who = "anybody" if nobody else f"{case.identity.words}, as whom the container runs"
    name = basename(program.path)
    fix = f"chmod +x {name} (git update-index --chmod=+x {name}), or RUN chmod 755 {program.path}"
    if not nobody:
        owner = f"{case.identity.uid}:{case.identity.gid}"
        fix = f"COPY --chown={owner} it, or RUN chmod 755 {program.path}"
    return Found(
        f"{program.path} is not executable for {who}: its mode is {entry.mode:04o}, owner"
        f" {entry.uid}:{entry.gid}",
        fix,
        (
            refused(case),
            copied(case, program.path, f"mode {entry.mode:04o}, owner {entry.uid}:{entry.gid}"),
            inspected(case, "Config.User", case.config.user or "root"),
        ),
        proven=True,
    )


@cause(
    "path-closed",
    "a directory on the way to the program is closed to the user",
    pattern="permissions",
    reads=["files", "inspect"],
    page="check-program-file",
    when=NEVER,
    weight=84,
)
def path_closed(case: Case) -> Found | None:
    """Find a directory that the container's user may not search, such as /root."""
    found = problem_of(case, "unreachable")
    if not found or not runtime_says(case, "permission denied|no such file|not found"):
        return None
    program, problem = found
    entry = case.files.entry(problem.path)
    owner = f"{entry.uid}:{entry.gid}" if entry else "?"
    return Found(
        f"{program.path} cannot be reached by {case.identity.words}: the directory {problem.path}"
        f" on the way has mode {int(problem.detail, 8):04o} and owner {owner}",
        f"chmod o+x {problem.path}, or put the program where everybody may go, such as"
        " /usr/local/bin",
        (
            refused(case),
            copied(case, problem.path, f"mode {int(problem.detail, 8):04o}, owner {owner}"),
            inspected(case, "Config.User", case.config.user),
        ),
        proven=True,
    )


@cause(
    "program-is-directory",
    "a directory is to be executed",
    pattern="image",
    reads=["files"],
    page="check-program-file",
    when=NEVER,
    weight=84,
)
def program_is_directory(case: Case) -> Found | None:
    """Find an ENTRYPOINT that names a directory, as COPY makes one where a file was meant."""
    found = problem_of(case, "directory", "special")
    if not found or not runtime_says(case, "permission denied|is a directory|not found"):
        return None
    path = found[0].path
    kind = "a directory" if found[1].kind == "directory" else "a device or socket, no program"
    inside = next(
        (n for n in case.files.names(path) if basename(n) == basename(path) and n != path), ""
    )
    hint = f"; the program may be {inside}" if inside else ""
    return Found(
        f"{path}, which is to be executed, is {kind}{hint}",
        f"start the file in it{': ' + inside if inside else ''}, or correct COPY and ENTRYPOINT",
        (refused(case), copied(case, path, kind)),
        proven=True,
    )


@cause(
    "noexec",
    "the program lies on a file system that forbids to execute",
    pattern="permissions",
    reads=["files", "inspect"],
    page="check-program-file",
    when=NEVER | Phase.DIED,
    weight=86,
)
def noexec(case: Case) -> Found | None:
    """Find a mount with the option noexec, which Docker gives every --tmpfs."""
    denied = re.search(r"permission denied|operation not permitted", case.refusal, re.IGNORECASE)
    match = (
        None
        if denied
        else case.said(r"(/[\w./+-]+)['\"`]?: (?:permission denied|failed to map segment)")
    )
    path = case.program.path if denied and case.program else match[1] if match else ""
    mount = _noexec_mount(case, path) if path else None
    if not mount or (denied and case.program and case.program.first_problem):
        return None
    return Found(
        f"{path} cannot be executed: {mount} is mounted with the option noexec",
        f"put programs elsewhere, or mount it with exec: --tmpfs {mount}:exec",
        (
            refused(case)
            if denied
            else Evidence("logs", f"docker logs {quoted(case)}", match[0] if match else ""),
            inspected(case, "HostConfig.Tmpfs", dict(case.config.tmpfs) or "noexec"),
        ),
        proven=bool(denied) or mount in case.config.tmpfs,
    )


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
    "the runtime may not execute a file that looks right",
    pattern="permissions",
    reads=["inspect", "files"],
    page="check-program-file",
    when=Phase.START,
    weight=40,
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
        f"{case.program.path} may not be executed although its mode allows it: a security module"
        " (AppArmor, SELinux), a mount with noexec or a security option refuses it",
        "look into the host's audit log (dmesg, ausearch -m avc); on SELinux mount with :z",
        (refused(case), inspected(case, "HostConfig.SecurityOpt", list(case.config.security))),
    )
