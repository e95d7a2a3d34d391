"""Children whose end a program does not get to know, as it was started with SIGCHLD ignored."""

import errno
import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, ended, seen
from scaffolder.diagnose.evidence.files import text
from scaffolder.diagnose.evidence.phase import Phase

IGNORES = re.compile(
    r"trap\s{1,9}(?:''|\"\")[^\n]{0,40}?CHLD|\$SIG\{['\"]?CH?LD['\"]?\}\s{0,9}=\s{0,9}['\"]IGNORE"
    r"|SIGCHLD,\s{0,9}(?:signal\.)?SIG_IGN"
    r"|trap\(['\"]?(?:SIG)?CH?LD['\"]?,\s{0,9}['\"](?:SIG_)?IGN"
)
"""How shells, Perl, C, Python and Ruby have children reaped by the kernel."""


@cause(
    "children-unwaited",
    "SIGCHLD is ignored, so that the program cannot learn how its children end",
    pattern="process",
    reads=["rerun", "files"],
    page="check-status-and-logs",
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=["said-why", "last-call", "ends-itself", "python-exception", "config-malformed"],
)
def children_unwaited(case: Case) -> Found | None:
    """Find ECHILD of a wait for a child that this very process has started.

    Who execs hands on that SIGCHLD is ignored; pclose(3) and system(3) fail then (POSIX, exec).
    """
    trace = case.seen.trace
    decider = case.seen.decider
    waits = (c for c in trace.calls if c.name.startswith("wait") and c.error == errno.ECHILD)
    for call in waits:
        children = {child.number for child in trace.children(call.process)}
        if not children.intersection(call.numbers) or decider is None:
            continue
        if call.process != decider.number:
            continue
        path, line = _ignores(case)
        by = f"; {path} sets that, and what it starts inherits it" if path else ""
        return Found(
            f"{decider.name} waits for its child (process {call.numbers[0]}), and gets `no child"
            f" processes`: SIGCHLD is ignored, so the kernel reaps children at once{by}; pclose()"
            " and system() then fail, whatever the child does",
            f"leave out `{line}` (--init reaps what nobody waits for), or set SIGCHLD to its"
            " default before the program is started"
            if path
            else "set SIGCHLD to its default in the program before it starts children, or in what"
            " starts it",
            (seen(case, call), *((content(case, path, line),) if path else ()), ended(case)),
        )
    return None


def _ignores(case: Case) -> tuple[str, str]:
    """Return the script that has SIGCHLD ignored, and its line; empty if none does."""
    paths = [item.script.path for item in case.launched if item.script and item.script.path]
    for path in paths:
        lines = (text(case.files, path) or "").splitlines()
        line = next((line for line in lines if IGNORES.search(line)), "")
        if line:
            return path, line.strip()[:200]
    return "", ""
