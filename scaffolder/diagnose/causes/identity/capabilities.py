"""What needs a kernel capability: privileged calls."""

import re
from collections.abc import Iterable

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import inspected, logged
from scaffolder.diagnose.evidence.files import PROGRAM
from scaffolder.diagnose.evidence.phase import Phase

CAPABILITY = re.compile(r"CAP_(\w+)")
PREFIX = re.compile(r"^(?:/\S*/)?([\w.-]+): ", re.MULTILINE)
"""How programs begin what they say: with their name."""
SANDBOX = "CAP_SYS_ADMIN"
"""What it takes to make namespaces, and to mount."""
REFUSED_ANYWAY = ("pivot_root",)
"""What Docker's seccomp profile refuses with every capability, and sandboxes need as well."""
USELESS = "; to a user other than root it gives it only with setcap on the program"

NEEDS = (
    (
        r"no new privileges|effective uid is not 0",
        "sudo or a setuid program (blocked by no-new-privileges)",
    ),
    (r"chown|changing owner|lchown", "CAP_CHOWN"),
    (
        (
            "set(?:e|re|res)?[ug]id|set ?groups|initgroups|su-exec|gosu|switch user"
            "|can't set (?:uid|gid)|drop privileges"
        ),
        "CAP_SETUID and CAP_SETGID",
    ),
    (r"mount|fsopen|open_tree|unshare|clone|namespace|pivot|sethostname|setdomainname", SANDBOX),
    (r"ptrace|strace|gdb", "CAP_SYS_PTRACE"),
    (r"ping|raw socket|socket: op|icmp|SOCK_RAW", "CAP_NET_RAW"),
    (r"iptables|route|ip link|netlink|tun|nft", "CAP_NET_ADMIN"),
    (r"settime|clock|date", "CAP_SYS_TIME"),
    (r"mlock|memlock", "CAP_IPC_LOCK"),
    (r"nice|priority|sched|mbind|set_mempolicy", "CAP_SYS_NICE"),
    (r"rlimit|ulimit|limit", "CAP_SYS_RESOURCE"),
    (r"bind", "CAP_NET_BIND_SERVICE"),
    (r"mknod", "CAP_MKNOD"),
    (r"seccomp|bpf|perf_event", "a system call that Docker's seccomp profile blocks"),
    (r"chmod|chgrp", "CAP_FOWNER"),
    (r"kill|signal", "CAP_KILL"),
    (r"chroot", "CAP_SYS_CHROOT"),
    (r"root|password", "the root user"),
)
"""What is said of an operation, and what that needs."""


def needed(line: str) -> str:
    """Return which capability a refused operation needs, from what a program says of it."""
    found = (name for words, name in NEEDS if re.search(words, line, re.IGNORECASE))
    return next(found, "a capability")


def lacking(case: Case, need: str) -> str:
    """Return those of several capabilities that were dropped; all, if none was."""
    lacked = [name for name in CAPABILITY.findall(need) if lacks(case, name)]
    return " and ".join(f"CAP_{name}" for name in lacked) or need


def context(case: Case, match: "re.Match[str]") -> str:
    """Return a line and the few before it, where a traceback says what was being done."""
    before = match.string[: match.start()].splitlines()[-4:]
    inside = [line for line in before if line.startswith(("  ", "\t"))]
    return "\n".join([*inside, case.line(match)])


@cause(
    "capability-missing",
    "a system call needs a capability that the container lacks",
    pattern="permissions",
    reads=["logs", "inspect"],
    page="check-program-by-itself",
    when=Phase.ENDED,
    explains=["file-closed"],
    cured_by=["capabilities", "security"],
)
def capability_missing(case: Case) -> Found | None:
    """Find EPERM: chown, su, mount, ping, ptrace and the like without their capability."""
    match = case.said(
        "operation not permitted|EPERM|must be run as root|a password is required"
        "|effective uid is not 0|no new privileges|must be root|need root|are you root"
        "|no permissions to create (?:a )?new namespace"
    )
    if match is None:
        return None
    line = context(case, match)
    need = lacking(case, needed(line))
    if need == SANDBOX and (call := _refused_anyway(case, line)):
        return _sandboxed(case, match, call)
    dropped, security = case.config.capabilities_dropped, options(case)
    restricted = bool(dropped or security or case.identity.uid or case.seen.unsaid)
    why = (
        f"capabilities dropped: {', '.join(dropped)}"
        if dropped
        else (
            f"security options: {', '.join(security)}"
            if security
            else f"it runs as {case.identity.words}, with Docker's default capabilities"
        )
    )
    return Found(
        f"an operation is not permitted: it needs {need}, which this container does not have"
        f" ({why})",
        (
            f"grant only that ({' '.join(f'--cap-add {name}' for name in CAPABILITY.findall(need))}"
            f"{USELESS if case.identity.uid else ''}), or do it at build time, or avoid it"
        )
        if need.startswith("CAP_")
        else "avoid the operation, or adjust --user and --security-opt",
        (
            logged(case, match),
            inspected(case, "HostConfig.CapDrop", list(dropped)),
            inspected(case, "HostConfig.SecurityOpt", list(security)),
            inspected(case, "Config.User", case.config.user or "root"),
        ),
        proven=_is_dropped(case, need),
        basis=None if restricted else Basis.HINT,
    )


def _refused_anyway(case: Case, line: str) -> str:
    """Return the call of a program that makes namespaces and needs more; empty if there is none."""
    if any(option.startswith("seccomp") for option in case.config.security):
        return ""
    call = case.seen.failed_call
    process = case.seen.trace.processes.get(call.process) if call else None
    named = PREFIX.search(line)
    program = case.finder.find((named[1],)) if named and not process else None
    path = process.program if process else program.path if program else ""
    data = case.files.content(path, PROGRAM) if path else None
    return next(
        (name for name in REFUSED_ANYWAY if name in line or name.encode() in (data or b"")), ""
    )


def _sandboxed(case: Case, match: "re.Match[str]", call: str) -> Found:
    config = case.config
    has = bool(_plain(config.capabilities_added) & {"SYS_ADMIN", "ALL"})
    refuses = f"{call}, which Docker's seccomp profile refuses with every capability"
    # To another user than root the kernel gives a namespace in which it has all of them.
    grants = not has and case.acting.uid == 0
    text = f"it needs {refuses}"
    if grants:
        text = f"it needs {SANDBOX}, which this container does not have, and then {refuses}"
    flags = f"{'--cap-add SYS_ADMIN ' if grants else ''}--security-opt seccomp=unconfined"
    return Found(
        f"an operation is not permitted: {text}",
        f"grant {'both' if grants else 'that'} ({flags}, or a profile that allows {call}; on a host"
        " with AppArmor apparmor=unconfined, too), or do without its sandbox",
        (
            logged(case, match),
            inspected(case, "HostConfig.CapAdd", list(config.capabilities_added)),
            inspected(case, "HostConfig.SecurityOpt", options(case)),
        ),
    )


def options(case: Case) -> list[str]:
    """Return the security options, without the content of a profile."""
    pairs = (option.partition("=") for option in case.config.security)
    return [
        f"{name}=(a profile)" if value.lstrip().startswith("{") else f"{name}{mark}{value}"
        for name, mark, value in pairs
    ]


def _is_dropped(case: Case, need: str) -> bool:
    """Tell whether a capability was dropped, by its name or with all, and not added again."""
    names = {name for name in need.split() if "CAP_" in name}
    return bool(names) and all(lacks(case, name) for name in names)


def lacks(case: Case, name: str) -> bool:
    """Tell whether a capability was dropped, and not added again."""
    return _lists(case.config.capabilities_dropped, name) and not adds(case, name)


def adds(case: Case, name: str) -> bool:
    """Tell whether a container was given a capability, by its name or with all."""
    return _lists(case.config.capabilities_added, name)


def _lists(names: Iterable[str], name: str) -> bool:
    return bool(_plain(names) & {*_plain([name]), "ALL"})


def _plain(names: Iterable[str]) -> set[str]:
    return {name.upper().removeprefix("CAP_") for name in names}
