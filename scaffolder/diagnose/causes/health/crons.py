"""Files that cron does not read, so that what is in them never runs."""

import re
from collections.abc import Iterator
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import copied
from scaffolder.diagnose.evidence.files import resolved, text
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.text import quoted

FOLDER = "/etc/cron.d"
NAME = re.compile(r"[A-Za-z0-9_-]+")
"""What Debian's cron accepts as the name of a file there (cron(8))."""
OF_PACKAGES = re.compile(r"\.placeholder|.*\.dpkg-\w+")
OTHERS_WRITE = 0o022


@cause(
    "cron-file-ignored",
    "cron does not read a file in /etc/cron.d",
    pattern="process",
    reads=["files"],
    page="nothing-moves",
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
    explains=["check-broken", "check-timeout", "check-too-early"],
)
def cron_file_ignored(case: Case) -> Found | None:
    """Find a file whose name, owner, mode or last line keeps cron from reading it."""
    if case.state.health and case.state.health.status == "healthy":
        return None  # what is meant to run does
    if not any(basename(p.command.partition(" ")[0]) == "cron" for p in case.processes or ()):
        return None
    path, why, fix = next(_ignored(case), ("", "", ""))
    if not path:
        return None
    return Found(f"cron does not read {path}: {why}", fix, (copied(case, path, why),))


def _ignored(case: Case) -> Iterator[tuple[str, str, str]]:
    for path in case.files.names(FOLDER):
        name, entry = basename(path), resolved(case.files, path)
        if entry is None or entry.kind != "file" or OF_PACKAGES.fullmatch(name):
            continue
        if not NAME.fullmatch(name):
            other = re.sub(r"[^A-Za-z0-9_-]", "-", name)
            yield path, "names there have only letters, digits, _ and -", f"call it {other}"
        elif entry.uid != 0:
            yield path, f"it belongs to uid {entry.uid}", f"chown root {quoted(path)}"
        elif entry.mode & OTHERS_WRITE:
            mode = f"others may write to it (mode {entry.mode & 0o7777:04o})"
            yield path, mode, f"chmod 0644 {quoted(path)}"
        elif not (text(case.files, path) or "\n").endswith("\n"):
            yield path, "its last line does not end with a line break", "end it with a line break"
