"""Python's lost buffers and silent exits."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import (
    content,
    ended,
    inspected,
    logged,
    nothing_logged,
)
from scaffolder.diagnose.causes.shells.script import quote
from scaffolder.diagnose.causes.variables.quoted import variables_in
from scaffolder.diagnose.evidence.log_search import FAILURE

from .readings import quiet, readings


@cause(
    "python-buffered",
    "Python's output was lost in its buffer",
    pattern="process",
    reads=["inspect", "files", "logs"],
    page="ended-without-a-word",
    basis=Basis.INFERRED,
)
def python_buffered(case: Case) -> Found | None:
    """Find print() without a flush in a program that exits by os._exit, a signal or a crash."""
    flags = " ".join(case.config.argv)
    if (
        not quiet(case)
        or case.config.env.get("PYTHONUNBUFFERED")
        or re.search(r"python[\d.]*\s+-\w*u", flags)
    ):
        return None
    told = case.seen.unheard if case.seen.kept_by == "python-buffered" else ()
    for script, reading in readings(case):
        printed = [text for text in reading.printed if text.strip() and text not in case.text]
        abrupt = reading.abrupt or case.exit_code > 128
        if not (told or printed) or not abrupt:
            continue
        lines = [*filter(str.strip, told or printed)]
        words = next((text for text in reversed(lines) if FAILURE.search(text)), lines[-1]).strip()
        names = variables_in(case, words) if told else []
        prints = "with PYTHONUNBUFFERED=1 a copy prints" if told else "its source prints"
        values = "".join(f"; {case.config.env[name]!r} is the value of {name}" for name in names)
        return Found(
            "the program's output was lost in Python's stdout buffer (no PYTHONUNBUFFERED,"
            f" and it exited without a flush, exit code {case.exit_code}); {prints}:"
            f" {words[:200]}{values}",
            "ENV PYTHONUNBUFFERED=1 (or python -u), then fix what it reports"
            + (f": the value of {' or '.join(names)}" if names else ""),
            (
                logged(case, words)
                if told
                else content(case, script.path, f"print({words[:120]!r})")
                if script.path
                else nothing_logged(case),
                nothing_logged(case),
                ended(case),
                inspected(case, "Config.Env", "PYTHONUNBUFFERED is not set"),
            ),
            (f"docker run -e PYTHONUNBUFFERED=1 {case.config.image}",),
            basis=None if case.exit_code < 128 else Basis.HINT,
        )
    return None


@cause(
    "python-quiet-exit",
    "Python code exits the program silently",
    pattern="process",
    reads=["files", "logs"],
    page="ended-without-a-word",
    basis=Basis.QUOTED,
)
def python_quiet_exit(case: Case) -> Found | None:
    """Find sys.exit(1) without a message in the source."""
    if not quiet(case) or case.exit_code > 125:
        return None
    for script, reading in readings(case):
        if reading.exits:
            line, words = reading.exits[-1]
            why = ", after an exception that it swallows" if reading.swallows else ""
            return Found(
                f"{script.path or 'the program'} exits silently by {words} at line {line}{why}",
                "log the reason before exiting; do not swallow exceptions",
                (quote(case, script, f"line {line}: {words}"), ended(case)),
            )
    return None
