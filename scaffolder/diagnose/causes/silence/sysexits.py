"""What the status of a program says that keeps to sysexits.h, and says nothing else."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.files import SYSTEM
from scaffolder.diagnose.evidence.harmless import REPORTING

MEANINGS = {
    65: ("EX_DATAERR", "something in the data that it reads is wrong"),
    66: ("EX_NOINPUT", "a file that it reads is missing, or cannot be read"),
    67: ("EX_NOUSER", "a user that it needs is not known"),
    68: ("EX_NOHOST", "a host that it needs is not known"),
    69: ("EX_UNAVAILABLE", "a service that it needs is not there"),
    71: ("EX_OSERR", "the system refused something"),
    73: ("EX_CANTCREAT", "a file could not be made"),
    74: ("EX_IOERR", "it could not read or write"),
    75: ("EX_TEMPFAIL", "something failed that may work later, such as a service that it needs"),
    77: ("EX_NOPERM", "it was not permitted something"),
    78: ("EX_CONFIG", "something in its configuration is wrong or missing"),
}
"""Statuses → their names, and what they mean; EX_USAGE and EX_SOFTWARE say nothing more here."""
READS = {65, 66, 78}
CODE = (
    ".py", ".pyc", ".js", ".cjs", ".mjs", ".ts", ".rb", ".php", ".pl", ".pm", ".sh", ".jar",
    ".class", ".so", "/package.json",
)  # fmt: skip


def status_says(case: Case) -> str:
    """Return what the status means, for the end of a sentence; empty if it means nothing.

    A shell passes on the status of another one, and a program that says why needs none.
    """
    if case.exit_code not in MEANINGS or case.last_words:
        return ""
    name, what = MEANINGS[case.exit_code]
    path = _read_last(case) if case.exit_code in READS else ""
    about = f" ({path} is what it opened last)" if path else ""
    return f"; {case.exit_code} is {name} in sysexits.h: {what}{about}"


def _read_last(case: Case) -> str:
    """Return the last of its own files that it opened, but for its code; empty if none is known."""
    code = {item.script.path for item in case.launched if item.script}
    for path in case.seen.opened:
        entry = case.has(path) if path and path not in code and not SYSTEM.match(path) else None
        is_own = not path.endswith(CODE) and not REPORTING.search(path)
        if entry and entry.kind == "file" and is_own:
            return path
    return ""
