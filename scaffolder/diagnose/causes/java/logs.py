"""A log that goes nowhere: what a Java program would have said is in its classes."""

import re
from collections.abc import Iterator

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, ended, logged, quoted, watched
from scaffolder.diagnose.causes.reaching.asked import host_asked
from scaffolder.diagnose.evidence.files import PROGRAM, resolved
from scaffolder.diagnose.evidence.log_search import FAILURE
from scaffolder.diagnose.programs import jars
from scaffolder.diagnose.programs.java_command import started

NOWHERE = (
    r"[^\n]*(?:SLF4J\S*: Failed to load class \"org\.slf4j\.impl\.StaticLoggerBinder\""
    r"|SLF4J\S*: No SLF4J providers were found)[^\n]*"
)
LOGGER = "org/slf4j/Logger"
LOCK = re.compile(r"\block(?:ed)?\b", re.IGNORECASE)
MOST = 3


@cause(
    "java-log-nowhere",
    "the log of a Java program goes nowhere",
    pattern="dependencies",
    reads=["logs", "files", "rerun"],
    basis=Basis.INFERRED,
    explains=["said-why", "peer-refuses", "ends-itself", "java-framework"],
)
def java_log_nowhere(case: Case) -> Found | None:
    """Find SLF4J without a provider in a program that says nothing else, and what it can log."""
    match = case.said(NOWHERE)
    if match is None or case.last_words or case.exit_code > 125:
        return None
    told = [(text, path) for text, path in _messages(case) if FAILURE.search(text)]
    said = ", ".join(f"`{text[:120]}`" for text, _ in told[:MOST])
    asked = case.seen.lacked
    host = host_asked(case, asked) if asked else ""
    about = f"; of what its classes can log, this tells of a failure: {said}" if said else ""
    reaches = f"; it asks {host}, which a copy cannot reach" if host else ""
    lock = next((text for text, _ in told[:MOST] if LOCK.search(text)), "")
    left = f"; if an earlier run has left a lock in {host or 'what it asks'}, free it there"
    return Found(
        f"its log goes nowhere (SLF4J has no provider), so that nothing says why it exits with"
        f" {case.exit_code}{about}{reaches}",
        "put a provider on the class path (slf4j-simple, or logback-classic, for the version of"
        f" slf4j-api), and start it again: then it says why{left if lock else ''}",
        (
            logged(case, match),
            *(
                Evidence("files", f"docker cp {quoted(case)}:{path} .  # strings of it", text[:200])
                for text, path in told[:MOST]
            ),
            *((watched(case, f"it asks for {host}, and gets no further"),) if host else ()),
            ended(case),
        ),
    )


def _messages(case: Case) -> Iterator[tuple[str, str]]:
    """Yield the sentences in the program's own classes that log, and the jar of each."""
    for item in case.launched:
        java = started(item.argv, case.config.env)
        if java is None:
            continue
        for place in java.places[: 2 * MOST]:
            entry = resolved(case.files, place, case.config.workdir)
            data = case.files.content(entry.path, PROGRAM) if entry else None
            if entry and data:
                found = jars.texts(data, java.main, LOGGER)
                yield from ((text, entry.path) for text in found if " " in text.strip())
