"""Python's lost buffers, and its ends without a word."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.causes.errors import WORDS
from scaffolder.diagnose.evidence import content, ended, inspected, nothing_logged
from scaffolder.diagnose.phase import Phase

from .readings import quiet, readings


@cause(
    "python-buffered",
    "Python's output was lost in its buffer",
    pattern="process",
    reads=["inspect", "files", "logs"],
    page="ended-without-a-word",
    when=Phase.DIED,
    weight=68,
)
def python_buffered(case: Case) -> Found | None:
    """Find print() without a flush in a program that ends by os._exit, a signal or a crash."""
    flags = " ".join(case.config.argv)
    if (
        not quiet(case)
        or case.config.env.get("PYTHONUNBUFFERED")
        or re.search(r"python[\d.]*\s+-\w*u", flags)
    ):
        return None
    for script, reading in readings(case):
        printed = [text for text in reading.printed if text.strip() and text not in case.text]
        abrupt = reading.abrupt or case.exit_code > 128
        if not printed or not abrupt:
            continue
        words = next((text for text in reversed(printed) if WORDS.search(text)), printed[-1])
        return Found(
            "what the program printed was lost in Python's stdout buffer (no PYTHONUNBUFFERED,"
            f" and it ended without flushing, exit code {case.exit_code}); by its source it says:"
            f" {words[:200]}",
            "ENV PYTHONUNBUFFERED=1 (or python -u), then correct what it says",
            (
                content(case, script.path, f"print({words[:120]!r})")
                if script.path
                else nothing_logged(case),
                nothing_logged(case),
                ended(case),
                inspected(case, "Config.Env", "PYTHONUNBUFFERED is not set"),
            ),
            (f"docker run -e PYTHONUNBUFFERED=1 {case.config.image}",),
            weight=None if case.exit_code < 128 else 50,
        )
    return None


@cause(
    "python-quiet-exit",
    "Python code ends the program without a word",
    pattern="process",
    reads=["files", "logs"],
    page="ended-without-a-word",
    when=Phase.DIED,
    weight=40,
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
                f"{script.path or 'the program'} ends by {words} at line {line} without a"
                f" word{why}",
                "log why, before it ends; let exceptions through",
                (
                    content(case, script.path, f"line {line}: {words}")
                    if script.path
                    else ended(case),
                    ended(case),
                ),
            )
    return None
