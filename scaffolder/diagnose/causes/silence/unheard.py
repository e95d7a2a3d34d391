"""What a program logs, and nobody hears: no handler, no logger, or a level above it."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, ended, watched
from scaffolder.diagnose.evidence.phase import Phase

from .readings import natives

SYSLOG = "/dev/log"
LOGS = ("tracing-core", "log")
"""Crates by which programs in Rust log."""
WRITERS = (
    "tracing-subscriber", "env_logger", "pretty_env_logger", "simplelog", "simple_logger", "fern",
    "flexi_logger", "log4rs", "stderrlog", "tracing-journald", "tracing-appender", "slog",
    "opentelemetry",
)  # fmt: skip
"""Crates that write what is logged so."""


@cause(
    "log-unwritten",
    "the program logs why it ends, and no handler writes it",
    pattern="process",
    reads=["rerun"],
    page="ended-without-a-word",
    when=Phase.DIED,
    basis=Basis.QUOTED,
    explains=["ends-itself", "said-why", "python-quiet-exit", "python-buffered"],
)
def log_unwritten(case: Case) -> Found | None:
    """Find a logger without a handler, or with a level above that of the message."""
    said = case.seen.unwritten
    if said is None:
        return _by_native_logger(case)
    words = said.text.partition("\n")[0][:250]
    is_syslog = said.place == SYSLOG
    why = (
        "it logs to syslog, and a container has none"
        if is_syslog
        else "its logger has no handler that writes this, or a level above it"
    )
    how = (
        "let it log to stderr (an option for the foreground, LOG_PERROR, error_log = /dev/stderr)"
        if is_syslog
        else "set up logging first of all, to stderr (logging.basicConfig()), and look at levels,"
        " `propagate` and logging.disable()"
    )
    return Found(
        f"the program logs why, and nobody hears it: {words} ({said.how}, at {said.place}); {why}",
        f"fix what it says; {how}",
        (watched(case, f"it logs at {said.place}: {words}"), ended(case)),
    )


def _by_native_logger(case: Case) -> Found | None:
    """Find a program of Rust that logs, whose code has a message in front of its end."""
    ending = case.seen.ending
    message = ending.message if ending else ""
    if ending is None or not message or not case.exit_code or _is_said(case, message):
        return None
    program = next(((path, data) for path, data, e in natives(case) if e.language == "rust"), None)
    if program is None:
        return None
    path, data = program
    writer = next((name for name in WRITERS if _uses(data, name)), "")
    logs = next((name for name in LOGS if _uses(data, name)), "")
    if not logs:
        return None
    why = (
        f"{writer} is not set up yet when it ends, or its level hides that"
        if writer
        else f"it uses the crate {logs}, and has nothing that writes what that is given"
    )
    return Found(
        f"the program logs why, and nobody hears it: `{message[:250]}` stands in its code in front"
        f" of {ending.how}; {why}",
        "fix what it says; set up the logger first of all in main (tracing_subscriber::fmt::init(),"
        " env_logger::init()), with a level that lets errors through (RUST_LOG=info)",
        (
            watched(case, f"{ending.how}, where its code names `{message[:250]}`"),
            content(case, path, f"its texts name {' and '.join(filter(None, (logs, writer)))}"),
            ended(case),
        ),
    )


def _uses(data: bytes, crate: str) -> bool:
    """Tell whether a program was built with a crate: by paths of its sources, or its symbols."""
    symbol = crate.replace("-", "_")
    return any(
        part.encode() in data for part in (f"/{crate}-0.", f"/{crate}-1.", f"{len(symbol)}{symbol}")
    )


def _is_said(case: Case, message: str) -> bool:
    """Tell whether the output has a message, with whatever values."""
    parts = [part.strip() for part in re.split(r"\{\}|%[\w.-]+", message) if part.strip()]
    return bool(parts) and max(parts, key=len) in case.text
