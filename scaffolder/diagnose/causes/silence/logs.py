"""Logs that go into a file, or nowhere."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import (
    Evidence,
    content,
    ended,
    inspected,
    nothing_logged,
    quoted,
)
from scaffolder.diagnose.evidence.log_files import LogFile, log_file
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.text import quoted as typed

from .readings import readings

ALL_AWAY = re.compile(r"&>>?\s*/dev/null|>\s*/dev/null\s+2>&1|2>\s*/dev/null")
MOUNTED = (".log", ".err", ".out")


@cause(
    "output-in-file",
    "the program logs to a file, not to its output",
    pattern="process",
    reads=["changes", "files", "logs"],
    page="check-files-and-dependencies",
    when=Phase.DIED | Phase.RUNNING,
    basis=Basis.INFERRED,
)
def output_in_file(case: Case) -> Found | None:
    """Find a log file that the container wrote, and what is in it."""
    if case.phase == Phase.RUNNING and case.sockets:
        return None
    log = case.log_file or (_mounted(case) if case.is_silent else None)
    if log is None or not (log.failures or (case.is_silent and case.phase != Phase.RUNNING)):
        return None
    path, bad = log.path, log.failures
    call = case.seen.failed_call
    is_started = call is None or not call.name.startswith("exec")  # what is not says no more
    return Found(
        f"the program logs to {path} instead of stdout; the file says: {log.words}",
        f"fix what it reports; and log to stdout and stderr (or ln -sf /dev/stdout {path} in the"
        " Dockerfile)",
        (
            Evidence("changes", f"docker diff {quoted(case)}", f"A {path}"),
            content(case, path, "\n".join(log.lines[-3:])),
            *((nothing_logged(case),) if case.is_silent else ()),
        ),
        (f"docker cp {typed(f'{case.target}:{path}')} - | tar -xO",),
        proven=bool(bad) and case.is_silent and case.phase == Phase.DIED and is_started,
    )


def _mounted(case: Case) -> LogFile | None:
    """Return a log in a mount for logs: `docker diff` shows nothing of it."""
    places = [mount.destination for mount in case.config.mounts if "log" in mount.destination]
    names = [name for place in places for name in case.files.names(place)]
    return log_file(case.files, [name for name in names if name.endswith(MOUNTED)])


@cause(
    "output-thrown-away",
    "a script throws away what its commands say",
    pattern="process",
    reads=["files"],
    when=Phase.DIED,
    basis=Basis.QUOTED,
)
def output_thrown_away(case: Case) -> Found | None:
    """Find a silent script that sends all output of its last command to /dev/null."""
    script = next((item.script for item in case.launched[:1] if item.script), None)
    last = script.text.strip().rpartition("\n")[2] if script and script.language == "sh" else ""
    if script is None or not case.is_silent or not ALL_AWAY.search(last):
        return None
    return Found(
        f"its script sends all that the program says to /dev/null: {last.strip()[:200]}",
        "let it reach the log: leave out >/dev/null and 2>&1 there; then fix what it reports",
        (content(case, script.path, last) if script.path else ended(case), nothing_logged(case)),
    )


@cause(
    "log-discarded",
    "the log driver keeps nothing to read",
    pattern="process",
    reads=["inspect", "files"],
    basis=Basis.INFERRED,
)
def log_discarded(case: Case) -> Found | None:
    """Find --log-driver none, and drivers that send the log elsewhere."""
    driver = case.config.log_driver
    if (
        driver
        not in {
            "none",
            "syslog",
            "gelf",
            "fluentd",
            "awslogs",
            "splunk",
            "gcplogs",
            "logentries",
            "etwlogs",
        }
        or not case.is_silent
    ):
        return None
    what = (
        "are discarded (--log-driver none)"
        if driver == "none"
        else f"go to {driver}, not to docker logs"
    )
    said = [words for _script, reading in readings(case) for words in reading.said]
    says = f"; its source prints: {said[0]}" if len(said) == 1 else ""
    return Found(
        f"the container logs {what}, and the program exited with {case.exit_code}{says}",
        "use --log-driver json-file or local, start it again, and read why it exits",
        (inspected(case, "HostConfig.LogConfig.Type", driver), ended(case)),
        (f"docker run --log-driver json-file ... {case.config.image}",),
        proven=driver == "none" and bool(says),
    )
