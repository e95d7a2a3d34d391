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
from scaffolder.diagnose.evidence.log_search import FAILURE
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.text import quoted as typed

from .readings import readings

LOGS = re.compile(r"(?:^/var/log/.+|\.(?:log|err|out)|/(?:hs_err_pid\d+|nohup\.out|npm-debug).*)$")


def logs_among(found: tuple[tuple[str, str], ...]) -> list[str]:
    """Return the paths of files that look like logs."""
    return [path for kind, path in found if kind != "D" and LOGS.search(path)]


def _written(case: Case) -> tuple[tuple[str, str], ...]:
    """Return which files it wrote: as a watched copy did, where one fared alike.

    `docker diff` compares whole trees with some storage drivers, for seconds.
    """
    calls = case.seen.trace.calls
    if not case.seen.trace.processes:
        return case.changes
    return tuple(("A", call.path) for call in calls if call.writes and not call.error)


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
    if not case.is_silent or (case.phase == Phase.RUNNING and case.sockets):
        return None
    paths = logs_among(_written(case))
    paths += [
        n
        for m in case.config.mounts
        if "log" in m.destination
        for n in case.files.names(m.destination)
        if n.endswith((".log", ".err", ".out"))
    ]
    for path in paths:
        data = case.files.content(path, 1 << 20) or b""
        lines = [line for line in data.decode("utf-8", "replace").splitlines() if line.strip()]
        bad = [line for line in lines if FAILURE.search(line)]
        if not lines or (case.phase == Phase.RUNNING and not bad):
            continue
        words = (bad or lines)[-1].strip()
        return Found(
            f"the program logs to {path} instead of stdout; the file says: {words[:250]}",
            f"log to stdout and stderr (or ln -sf /dev/stdout {path} in the Dockerfile), then"
            " fix what it reports",
            (
                Evidence("changes", f"docker diff {quoted(case)}", f"A {path}"),
                content(case, path, "\n".join(lines[-3:])),
                nothing_logged(case),
            ),
            (f"docker cp {typed(f'{case.target}:{path}')} - | tar -xO",),
            proven=bool(bad) and case.phase == Phase.DIED,
        )
    return None


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
