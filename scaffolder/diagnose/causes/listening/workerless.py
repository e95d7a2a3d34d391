"""A server whose first process goes on without any worker."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, inspected, live
from scaffolder.diagnose.causes.identity.capabilities import CAPABILITY, lacking, needed
from scaffolder.diagnose.evidence.log_files import LOGS, LogFile, log_file
from scaffolder.diagnose.evidence.phase import Phase

from .workers import DEATHS

MASTER = re.compile(r"^(?:[\w./-]+: master|unicorn master|uWSGI master)\b")
"""How servers call their first process, in the place of its command: `nginx: master process`."""
LOG = "/var/log"
MOST = 250
"""How many characters of a line are told."""
REFUSED = re.compile(r"operation not permitted", re.IGNORECASE)


@cause(
    "workers-gone",
    "the first process of a server runs without any worker",
    pattern="process",
    reads=["live", "files", "inspect"],
    page="nothing-moves",
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
    explains=["not-accepting", "check-timeout", "check-broken", "not-listening"],
)
def workers_gone(case: Case) -> Found | None:
    """Find a process that calls itself a master (nginx, php-fpm, ...), and what its log says.

    It has opened the port, so that the kernel takes connections which nobody will answer.
    """
    processes = case.processes or ()
    master = next((p for p in processes if MASTER.search(p.command)), None)
    if master is None or any(p.parent == master.pid for p in processes):
        return None
    kept = None if _is_well(case) else _log(case)
    if not kept and not _is_waited(case):
        return None  # it may start workers when somebody asks (php-fpm: pm = ondemand)
    says = next((w for w in reversed(kept.failures) if not DEATHS.search(w)), "") if kept else ""
    why = f"; {kept.path} says: {says[:MOST]}" if kept and says else ""
    need = lacking(case, needed(says)) if REFUSED.search(says) else ""
    names = CAPABILITY.findall(need) if case.config.capabilities_dropped else []
    lacks = f"; it needs {need}, which the container does not have" if names else ""
    return Found(
        f"`{master.command[:60].strip()}` runs without any worker, and nobody accepts what is sent"
        f" to its port: the workers have ended{why}{lacks}",
        f"grant it {' '.join(f'--cap-add {name}' for name in names)}, or have the server not switch"
        " to another user"
        if names
        else "fix what its workers end over, and restart it; let it log to stderr",
        (
            live(case, "ps", f"{master.command[:60].strip()}, and no child"),
            *((content(case, kept.path, says[:MOST]),) if kept and says else ()),
            *(
                (inspected(case, "HostConfig.CapDrop", list(case.config.capabilities_dropped)),)
                if names
                else ()
            ),
        ),
    )


def _is_well(case: Case) -> bool:
    return case.state.health is not None and case.state.health.status == "healthy"


def _is_waited(case: Case) -> bool:
    """Tell whether somebody waits for an answer of it, or its check gets none."""
    is_unwell = case.state.health is not None and not _is_well(case)
    return is_unwell or any(socket.waiting for socket in case.sockets or ())


def _log(case: Case) -> LogFile | None:
    """Return the log below /var/log that tells of a failure."""
    found = log_file(case.files, [name for name in case.files.names(LOG) if LOGS.search(name)])
    return found if found and found.failures else None
