"""Settings of the kernel that a program writes below /proc/sys, where no container may."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, ended, logged, seen
from scaffolder.diagnose.causes.shells.script import quote, scripts
from scaffolder.diagnose.evidence.phase import Phase

from .denials import REFUSED

PLACE = "/proc/sys/"
OWN = re.compile(r"net\.|fs\.mqueue\.|kernel\.(?:msg|sem|shm)")
"""What each container has for itself (docker run --sysctl, namespaces(7))."""
SAYS = (
    r"[^\n]*(?:permission denied on key \"?(?P<key>[\w.-]{3,80})"
    r"|(?P<path>/proc/sys/[\w./-]{3,80})[^\n]{0,40}(?:read-only file system|permission denied))"
    r"[^\n]*"
)
"""How sysctl(8), and others, say it."""


@cause(
    "kernel-setting-refused",
    "the program sets a parameter of the kernel, which no container may do from within",
    pattern="permissions",
    reads=["logs", "rerun", "files"],
    page="check-program-by-itself",
    when=Phase.ENDED,
    explains=[
        "file-closed", "read-only-root", "last-call", "said-why", "errexit", "capability-missing",
        "ends-itself",
    ],
)  # fmt: skip
def kernel_setting_refused(case: Case) -> Found | None:
    """Find a write below /proc/sys that was refused: it is mounted read-only in each container."""
    call = case.seen.failed_call
    is_call = call and call.path.startswith(PLACE) and call.error in REFUSED
    says = case.said(SAYS)
    if call and is_call:
        path, shown = call.path, seen(case, call)
    elif says:
        path, shown = says["path"] or says["key"] or "", logged(case, says)
    else:
        return None
    name = path.removeprefix(PLACE).replace("/", ".")
    value, written = _written(case, name)
    option = f"--sysctl {name}={value or '...'}"
    return Found(
        f"the program sets {name}{f' to {value}' if value else ''}, a parameter of the kernel, and"
        " may not: /proc/sys is read-only in a container",
        f"leave that out of the program, and run the container with {option} (sysctls in"
        " compose.yaml)"
        if OWN.match(name)
        else f"leave that out of the program, and set it on the host, for all containers: sysctl -w"
        f" {name}={value or '...'}",
        (shown, *written, ended(case)),
        (f"docker run {option} ... {case.config.image}",) if OWN.match(name) else (),
    )


def _written(case: Case, name: str) -> tuple[str, tuple[Evidence, ...]]:
    """Return the value that a script sets a parameter to, and its line; empty if none does."""
    named = rf"\b{re.escape(name)}\s?=\s?[\"']?(\d[\w.-]{{0,30}})"
    sets = re.compile(rf"[^\n]{{0,80}}{named}[^\n]{{0,80}}")
    for script in scripts(case):
        if match := sets.search(script.text):
            return match[1], (quote(case, script, match[0].strip()),)
    return "", ()
