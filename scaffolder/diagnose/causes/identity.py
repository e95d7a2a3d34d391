"""Who the process is, and what it may not do: users, files that are closed, capabilities."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import Evidence, content, copied, inspected, logged
from scaffolder.diagnose.facts import Entry
from scaffolder.diagnose.identity import WRITE
from scaffolder.diagnose.phase import Phase
from scaffolder.diagnose.sources.files import follow, resolved

from .start import refused

DENIED = r"permission denied|EACCES|AccessDenied(?:Exception)?"
PATHS = re.compile(r"(?<![\w.:/])(/[\w.@%+~-]+(?:/[\w.@%+~-]+)*)")


def paths_in(line: str) -> list[str]:
    """Return the absolute paths in a line, those behind the words last."""
    return [] if line.lstrip().startswith('File "') else PATHS.findall(line)


def context(case: Case, match: "re.Match[str]") -> str:
    """Return a line and the few before it, where a traceback says what was being done."""
    before = match.string[: match.start()].splitlines()[-4:]
    inside = [line for line in before if line.startswith(("  ", "\t"))]
    return "\n".join([*inside, case.line(match)])


@cause(
    "user-unknown",
    "the user that the container is to run as does not exist in the image",
    pattern="permissions",
    reads=["inspect", "files"],
    page="check-program-file",
    when=Phase.START | Phase.IMAGE,
    weight=90,
)
def user_unknown(case: Case) -> Found | None:
    """Find a USER, or a group, that /etc/passwd or /etc/group lacks."""
    says = re.search(
        r"unable to find (user|group) (\S+?):|no matching entries in (passwd|group)", case.refusal
    )
    unknown = case.identity.unknown
    if not (says or case.phase == Phase.IMAGE) or not (unknown or says):
        return None
    who = unknown or (f"{says[1]} {says[2]}" if says and says[1] else f"user {case.config.user}")
    where = "/etc/group" if who.startswith("group") else "/etc/passwd"
    return Found(
        f"USER names the {who}, which does not exist in the image's {where}",
        "create it in the final stage (useradd or adduser), or use a number: USER 1000:1000",
        (
            refused(case),
            inspected(case, "Config.User", case.config.user),
            copied(case, where, f"no {who}" if case.has(where) else "no such file"),
        ),
        proven=bool(unknown),
    )


@cause(
    "read-only-root",
    "the root file system is read-only, and the program writes to it",
    pattern="permissions",
    reads=["logs", "inspect"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    weight=80,
)
def read_only_root(case: Case) -> Found | None:
    """Find a write that --read-only, or a mount with :ro, refused, by the program's own words."""
    match = case.said(r"read-only file ?system|EROFS|ReadOnlyFileSystem|errno 30\b")
    if match is None:
        return None
    line = case.line(match)
    path = next(reversed(paths_in(line)), "")
    mounts = [m for m in case.config.mounts if not m.writable and path.startswith(m.destination)]
    if mounts:
        where = f"{mounts[0].destination} is mounted read-only (:ro)"
        return Found(
            f"{where}, and the program writes to {path} in it",
            f"mount {mounts[0].destination} without :ro",
            (logged(case, match), inspected(case, "Mounts", f"{mounts[0].destination}, RW false")),
            proven=True,
        )
    folder = path.rpartition("/")[0] or "/tmp"
    return Found(
        "the root filesystem is read-only (--read-only), and the program cannot write to"
        f" {path or 'it'}",
        f"add --tmpfs {folder} (or a volume), or drop --read-only",
        (
            logged(case, match),
            inspected(case, "HostConfig.ReadonlyRootfs", str(case.config.read_only).lower()),
        ),
        proven=case.config.read_only,
    )


@cause(
    "privileged-port",
    "a port below 1024 needs a capability that the user lacks",
    pattern="permissions",
    reads=["logs", "inspect"],
    page="pattern-network",
    when=Phase.ENDED,
    weight=85,
)
def privileged_port(case: Case) -> Found | None:
    """Find a bind that is refused for the number of the port."""
    match = case.said(rf"[^\n]*(?:{DENIED})[^\n]*")
    if match is None:
        return None
    line = context(case, match)
    if not re.search(
        r"\b(?:bind\w*|listen\w*|address|socket)\b|0\.0\.0\.0|\[::\]|port \d", line, re.IGNORECASE
    ):
        return None
    numbers = [
        int(n)
        for n in re.findall(
            r"(?:0\.0\.0\.0|127\.0\.0\.1|::\]?|\*|localhost)['\"]?[:,]\s*(\d{1,4})\b"
            r"|port[ =:]+(\d{1,4})\b|[\w\]]?:(\d{1,4})\b(?!:)",
            line,
        )
        for n in n
        if n and 0 < int(n) < 1024
    ]
    set_ports = [
        int(v)
        for k, v in case.config.env.items()
        if "PORT" in k and v.isdecimal() and int(v) < 1024
    ]
    exposed = [p.number for p in case.config.exposed if p.number < 1024]
    port = next(iter([*numbers, *set_ports, *exposed]), 0)
    if not port or (not numbers and paths_in(case.line(match))):
        return None
    powerless = case.identity.uid != 0 or bool(case.config.capabilities_dropped)
    return Found(
        (
            f"port {port} needs the capability NET_BIND_SERVICE, and the process runs as"
            f" {case.identity.words}"
        )
        + (" without it" if case.identity.uid == 0 else ""),
        f"listen on a port above 1023 (PORT={port + 8000}) and publish it: -p {port}:{port + 8000}",
        (
            logged(case, match),
            inspected(case, "Config.User", case.config.user or "root"),
            inspected(case, "HostConfig.CapDrop", list(case.config.capabilities_dropped)),
        ),
        (f"docker run -e PORT={port + 8000} -p {port}:{port + 8000} ...",),
        proven=powerless and bool(numbers or set_ports),
    )


@cause(
    "capability-missing",
    "a system call is refused: a capability was dropped, or seccomp forbids it",
    pattern="permissions",
    reads=["logs", "inspect"],
    page="check-program-by-itself",
    when=Phase.ENDED,
    weight=74,
)
def capability_missing(case: Case) -> Found | None:
    """Find EPERM: chown, su, mount, ping, ptrace and the like without their capability."""
    match = case.said(
        "operation not permitted|EPERM|must be run as root|a password is required"
        "|effective uid is not 0|no new privileges|must be root|need root|are you root"
    )
    if match is None:
        return None
    line = context(case, match)
    needs = (
        (
            r"no new privileges|effective uid is not 0",
            "sudo or a setuid program, which no-new-privileges forbids",
        ),
        (r"chown|changing owner|lchown", "CAP_CHOWN"),
        (
            (
                "set(?:e|re|res)?[ug]id|set ?groups|initgroups|su-exec|gosu|switch user"
                "|can't set (?:uid|gid)|drop privileges"
            ),
            "CAP_SETUID and CAP_SETGID",
        ),
        (r"mount|unshare|clone|namespace|pivot", "CAP_SYS_ADMIN"),
        (r"ptrace|strace|gdb", "CAP_SYS_PTRACE"),
        (r"ping|raw socket|socket: op|icmp|SOCK_RAW", "CAP_NET_RAW"),
        (r"iptables|route|ip link|netlink|tun|nft", "CAP_NET_ADMIN"),
        (r"settime|clock|date", "CAP_SYS_TIME"),
        (r"mlock|memlock", "CAP_IPC_LOCK"),
        (r"nice|priority|sched|mbind|set_mempolicy", "CAP_SYS_NICE"),
        (r"rlimit|ulimit|limit", "CAP_SYS_RESOURCE"),
        (r"bind", "CAP_NET_BIND_SERVICE"),
        (r"mknod", "CAP_MKNOD"),
        (
            r"io_uring|seccomp|keyctl|bpf|perf_event|userfaultfd",
            "a system call that the seccomp profile forbids",
        ),
        (r"chmod|chgrp", "CAP_FOWNER"),
        (r"kill|signal", "CAP_KILL"),
        (r"chroot", "CAP_SYS_CHROOT"),
        (r"root|password", "the user root"),
    )
    need = next(
        (name for words, name in needs if re.search(words, line, re.IGNORECASE)), "a capability"
    )
    dropped, security = case.config.capabilities_dropped, case.config.security
    restricted = bool(dropped or security or case.identity.uid)
    why = (
        f"capabilities dropped: {', '.join(dropped)}"
        if dropped
        else (
            f"security options: {', '.join(security)}"
            if security
            else f"it runs as {case.identity.words}"
        )
    )
    return Found(
        f"an operation is not permitted: it needs {need}, which this container does not have"
        f" ({why})",
        (
            f"grant just that (--cap-add {need.removeprefix('CAP_').split(' ')[0]}), or do it at"
            " build time, or without it"
        )
        if need.startswith("CAP_")
        else "run it without that, or adjust --user and --security-opt",
        (
            logged(case, match),
            inspected(case, "HostConfig.CapDrop", list(dropped)),
            inspected(case, "HostConfig.SecurityOpt", list(security)),
            inspected(case, "Config.User", case.config.user or "root"),
        ),
        proven=need.startswith("CAP_") and bool(dropped),
        weight=None if restricted else 45,
    )


@cause(
    "file-closed",
    "a file or directory is closed to the container's user",
    pattern="permissions",
    reads=["logs", "files"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    weight=72,
)
def file_closed(case: Case) -> Found | None:
    """Find EACCES for a file, and which entry on the way refuses."""
    match = case.said(rf"[^\n]*(?:{DENIED})[^\n]*")
    if match is None:
        return None
    line, who = case.line(match), case.identity.words
    path = next(
        (p for p in reversed(paths_in(line)) if not p.startswith(("/dev/std", "/proc"))), ""
    )
    if not path:
        return Found(
            f"permission is denied to {who}: {line[:200]}",
            "find the file that it means, and let the user have it: chown, chmod, or --user",
            (logged(case, match), inspected(case, "Config.User", case.config.user or "root")),
            weight=48,
        )
    refuses = culprit(case, path)
    if refuses is None:
        return Found(
            f"{who} may not use {path}: permission denied",
            f"chown {case.identity.uid} {path}, or run as another user",
            (logged(case, match), inspected(case, "Config.User", case.config.user or "root")),
        )
    mount = next((m for m in case.config.mounts if refuses.path.startswith(m.destination)), None)
    place = f" (the {mount.kind} mount of {mount.name[:20] or mount.source})" if mount else ""
    owner = f"{refuses.uid}:{refuses.gid}"
    fix = (
        f"chown {case.identity.uid}:{case.identity.gid} {refuses.path} in the Dockerfile (COPY"
        " --chown)"
    )
    if mount:
        fix = (
            f"sudo chown -R {case.identity.uid}:{case.identity.gid} {mount.source}, or run as"
            f" --user {owner}"
        )
    return Found(
        f"{who} may not use {path}: {refuses.path}{place} is owned by {owner} with mode"
        f" {refuses.mode:04o}",
        fix,
        (
            logged(case, match),
            copied(case, refuses.path, f"mode {refuses.mode:04o}, owner {owner}"),
            inspected(case, "Config.User", case.config.user or "root"),
        ),
        proven=True,
    )


def culprit(case: Case, path: str, what: int = WRITE) -> Entry | None:
    """Return the entry that refuses the user a path: a directory on the way, its own, or itself."""
    way, missing = follow(case.files, path)
    for entry in way:
        if entry.kind == "directory" and not case.identity.may(entry, 1):
            return entry
    last = way[-1] if way else None
    if missing and last:
        folder = next((e for e in reversed(way) if e.kind == "directory"), None)
        return folder if folder and not case.identity.may(folder, what) else None
    if last is None or last.kind == "link":
        return None
    return last if not (case.identity.may(last, what) and case.identity.may(last, 4)) else None


@cause(
    "not-writable-silent",
    "a place that the program writes to is not writable",
    pattern="permissions",
    reads=["inspect", "files"],
    page="check-files-and-dependencies",
    when=Phase.DIED,
    weight=60,
)
def not_writable_silent(case: Case) -> Found | None:
    """Find, behind a death without a word, a path in the program that it may not write to."""
    from .silence import named_paths, quiet

    if not quiet(case) or case.exit_code > 125:
        return None
    for path, by in named_paths(case):
        found = unwritable(case, path)
        if found and _seems_written(path):
            why, evidence, fix = found
            return Found(
                f"{why}, and {by} cannot create or write {path}; it then ends without a word",
                fix,
                (
                    evidence,
                    content(case, by, path)
                    if by.startswith("/")
                    else inspected(case, "Config.Cmd", list(case.config.argv)),
                ),
            )
    return None


def _seems_written(path: str) -> bool:
    return bool(
        re.search(
            r"\.(?:log|pid|lock|sock|db|sqlite3?|tmp|out|wal|cache)$|^/(?:var|run|tmp|data|srv"
            r"|cache|home|storage|uploads?)\b|/(?:data|logs?|cache|tmp|uploads?|storage|db)(?:/|$)",
            path,
        )
    )


def unwritable(case: Case, path: str) -> tuple[str, Evidence, str] | None:
    """Tell why a path cannot be written to; None if it can."""
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
            f"add --tmpfs {folder} (or a volume), or drop --read-only",
        )
    if resolved(case.files, folder) is None and not mount:
        return None
    refuses = culprit(case, path)
    if refuses is None or case.identity.uid == 0:
        return None
    owner = f"{refuses.uid}:{refuses.gid}"
    return (
        (
            f"{refuses.path} is owned by {owner} with mode {refuses.mode:04o}, and the process"
            f" runs as {case.identity.words}"
        ),
        copied(case, refuses.path, f"mode {refuses.mode:04o}, owner {owner}"),
        f"chown {case.identity.uid}:{case.identity.gid} {refuses.path}",
    )
