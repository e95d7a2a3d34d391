"""System calls that a seccomp profile blocks: the container's own one, or Docker's."""

import errno
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, inspected, logged, seen
from scaffolder.diagnose.causes.silence.readings import quiet
from scaffolder.diagnose.evidence.phase import Phase

from .capabilities import context, options

REFUSALS = (errno.EPERM, errno.EACCES, errno.ENOSYS)
REFUSED = r"operation not permitted|EPERM|function not implemented|ENOSYS|errno (?:1|38)\b"
CALLS = {
    r"chown|changing owner": ("chown", "fchown", "lchown", "fchownat"),
    r"chmod|changing perm": ("chmod", "fchmod", "fchmodat"),
    r"mkdir|create directory": ("mkdir", "mkdirat"),
    r"rmdir": ("rmdir", "unlinkat"),
    r"unlink|remove|\brm\b": ("unlink", "unlinkat"),
    r"rename|\bmv\b": ("rename", "renameat", "renameat2"),
    r"link": ("symlink", "symlinkat", "link", "linkat"),
    r"socket": ("socket", "socketpair"),
    r"bind": ("bind",),
    r"listen": ("listen",),
    r"accept": ("accept", "accept4"),
    r"connect": ("connect",),
    r"thread|fork|clone|spawn|subprocess": ("clone", "clone3", "fork", "vfork"),
    r"exec": ("execve", "execveat"),
    r"\bopen|touch|create": ("open", "openat", "openat2", "creat"),
    r"set(?:e|re|res)?uid|su-exec|gosu|switch user": ("setuid", "setreuid", "setresuid"),
    r"set(?:e|re|res)?gid|setgroups": ("setgid", "setregid", "setresgid", "setgroups"),
    r"mount|fsopen|open_tree": ("mount", "umount2", "fsopen", "open_tree"),
    r"kill|signal": ("kill", "tkill", "tgkill"),
    r"sleep": ("nanosleep", "clock_nanosleep"),
    r"getcwd|current directory|\bpwd\b": ("getcwd",),
    r"time|date|clock": ("clock_gettime", "clock_settime", "settimeofday"),
    r"hostname|uname": ("sethostname", "uname"),
}
"""Words of a message → the system calls that they refer to."""
BY_DEFAULT = re.compile(
    r"\b(add_key|request_key|keyctl|userfaultfd|io_uring_(?:setup|enter|register)|swapon|swapoff|nfsservctl"
    r"|io_uring)(?=\b|_)"
)
"""What Docker's own profile refuses to root with every capability, too, as far as programs use it.

Engines refuse io_uring since version 25.
"""


@dataclass(frozen=True)
class Profile:
    """What a profile decides about system calls."""

    refuses_rest: bool
    allowed: frozenset[str]
    refused: frozenset[str]

    def refuses(self, call: str) -> bool:
        """Tell whether a call is refused, whatever its arguments."""
        return call in self.refused or (self.refuses_rest and call not in self.allowed)


def profile(case: Case) -> Profile | None:
    """Return the container's custom profile; None if it uses Docker's, or none."""
    for option in case.config.security:
        name, _, value = option.partition("=")
        if name == "seccomp" and value.lstrip().startswith("{"):
            return _read(value)
    return None


def _read(text: str) -> Profile | None:
    try:
        found = json.loads(text)
        rules = [(set(_names(rule)), str(rule.get("action"))) for rule in found["syscalls"] or ()]
        default = str(found.get("defaultAction"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    passed = ("SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE")
    allowed = {name for names, action in rules if action in passed for name in names}
    refused = {name for names, action in rules if action not in passed for name in names}
    return Profile(default not in passed, frozenset(allowed), frozenset(refused - allowed))


def _names(rule: dict[str, object]) -> Iterator[str]:
    listed = rule.get("names") or [rule.get("name")]
    yield from (str(name) for name in listed) if isinstance(listed, list) else ()


@cause(
    "seccomp-refuses",
    "a seccomp profile blocks a system call",
    pattern="permissions",
    reads=["logs", "inspect"],
    page="check-program-by-itself",
    when=Phase.ENDED | Phase.START,
    explains=["capability-missing"],
    cured_by=["seccomp"],
)
def seccomp_refuses(case: Case) -> Found | None:
    """Find EPERM for a call that the profile blocks, from the profile and the log."""
    own = profile(case)
    line, shown = _words(case)
    if shown is None:
        return _unsaid(case, own) if own else None
    if own is None:
        return _by_default(case, line, shown)
    call = _call(own, line)
    listed = ", ".join(sorted(own.refused)[:8]) or "everything not listed"
    about = f": {call}" if call else f": it blocks {listed}"
    return Found(
        f"the container's custom seccomp profile blocks a system call{about}"
        f" ({line.strip().splitlines()[-1][:160]})",
        f"allow {call or 'it'} in the profile of --security-opt seccomp=, or remove the option to"
        " use Docker's default profile",
        (shown, inspected(case, "HostConfig.SecurityOpt", f"seccomp profile, blocks {listed}")),
        proven=bool(call),
        basis=None if call else Basis.INFERRED,
    )


def _unsaid(case: Case, own: Profile) -> Found | None:
    """Find the last call of a watched copy that was refused, and that the profile refuses."""
    refused = (c for c in reversed(case.seen.trace.calls) if c.error in REFUSALS)
    call = next((c for c in refused if own.refuses(c.name)), None)
    if call is None or not quiet(case):
        return None
    return Found(
        f"the container's custom seccomp profile blocks a system call: {call.name}, before the"
        " program ends without a word",
        f"allow {call.name} in the profile of --security-opt seccomp=, or remove the option to"
        " use Docker's default profile",
        (
            seen(case, call),
            inspected(case, "HostConfig.SecurityOpt", f"seccomp profile, blocks {call.name}"),
        ),
        basis=Basis.INFERRED,
    )


def _by_default(case: Case, line: str, shown: Evidence) -> Found | None:
    """Find a call that Docker's own profile blocks, if the container has that one."""
    match = BY_DEFAULT.search(line)
    if match is None or any(option.startswith("seccomp") for option in case.config.security):
        return None
    call = match[1]
    return Found(
        f"Docker's default seccomp profile blocks {call}, whatever capabilities a container has"
        f" ({line.strip().splitlines()[-1][:160]})",
        f"pass a profile that allows {call} (--security-opt seccomp=profile.json: Docker's, with it"
        " added), or seccomp=unconfined to see that it is that; or do without the call",
        (shown, inspected(case, "HostConfig.SecurityOpt", options(case))),
    )


def _words(case: Case) -> tuple[str, Evidence | None]:
    if case.phase == Phase.START:
        refused = re.search(REFUSED, case.refusal, re.IGNORECASE)
        shown = inspected(case, "State.Error", case.refusal)
        return (case.refusal, shown) if refused else ("", None)
    match = case.said(REFUSED)
    return (context(case, match), logged(case, match)) if match else ("", None)


def _call(own: Profile, line: str) -> str:
    """Return the blocked call that the line refers to; empty if none matches."""
    for name in re.findall(r"[a-z][a-z0-9_]+", line):
        if name in own.refused:
            return str(name)
    for words, calls in CALLS.items():
        if re.search(words, line, re.IGNORECASE):
            refused = [call for call in calls if own.refuses(call)]
            if refused:
                return refused[0]
    return ""
