"""Logs that go into a file, or nowhere."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.causes.errors import WORDS
from scaffolder.diagnose.evidence import Evidence, content, ended, inspected, nothing_logged, quoted
from scaffolder.diagnose.phase import Phase
from scaffolder.diagnose.sources.changes import logs_among

from .readings import readings


@cause(
    "output-in-file",
    "the program writes its log into a file, not to its output",
    pattern="process",
    reads=["changes", "files", "logs"],
    page="check-files-and-dependencies",
    when=Phase.DIED | Phase.RUNNING,
    weight=82,
)
def output_in_file(case: Case) -> Found | None:
    """Find a log file that the container wrote, and what it says."""
    if not case.is_silent or (case.phase == Phase.RUNNING and case.sockets):
        return None
    paths = logs_among(case.changes)
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
        bad = [line for line in lines if WORDS.search(line)]
        if not lines or (case.phase == Phase.RUNNING and not bad):
            continue
        words = (bad or lines)[-1].strip()
        return Found(
            f"the program logs to {path} instead of stdout; the file says: {words[:250]}",
            f"log to stdout and stderr (or ln -sf /dev/stdout {path} in the Dockerfile), then"
            " correct what it says",
            (
                Evidence("changes", f"docker diff {quoted(case)}", f"A {path}"),
                content(case, path, "\n".join(lines[-3:])),
                nothing_logged(case),
            ),
            (f"docker cp {case.target}:{path} - | tar -xO",),
            proven=bool(bad) and case.phase == Phase.DIED,
        )
    return None


@cause(
    "log-discarded",
    "the log driver keeps nothing that could be read",
    pattern="process",
    reads=["inspect", "files"],
    page="check-status-and-logs",
    when=Phase.DIED,
    weight=76,
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
    says = f"; its source says: {said[0]}" if len(said) == 1 else ""
    return Found(
        f"the container logs {what}, and the program ends with {case.exit_code}{says}",
        "use --log-driver json-file or local, start it again, and read why it ends",
        (inspected(case, "HostConfig.LogConfig.Type", driver), ended(case)),
        (f"docker run --log-driver json-file ... {case.config.image}",),
        proven=driver == "none" and bool(says),
    )
