"""The command within a line at which a traced script ends: in a substitution, or in a pipeline.

A shell with -x shows what it runs, and the watched copy how each process ended.
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence, content, watched
from scaffolder.diagnose.evidence.files import text
from scaffolder.diagnose.evidence.trace import Trace, Traced
from scaffolder.diagnose.programs import grep
from scaffolder.diagnose.programs.shell import ASSIGNMENT, SHELLS

TRACED = re.compile(r"(\++) (.*)")
"""A line of a traced shell: the more `+`, the deeper the substitution that it is in."""


@dataclass(frozen=True)
class Within:
    """The command that failed, and what follows from it."""

    text: str
    fix: str
    evidence: tuple[Evidence, ...]


def within(case: Case, lines: Sequence[str]) -> Within | None:
    """Return the command over which a script ended at its last traced line, if it is another.

    It is the process that decided the end of the watched copy, if the shell shows it last; or
    what the shell did itself in a substitution.
    """
    shown = traced(lines)
    if not shown or lines[-1] != f"{'+' * shown[-1][0]} {shown[-1][1]}":
        return None
    process = case.seen.decider
    if process and process is not case.seen.trace.first and basename(process.program) not in SHELLS:
        return _of_process(case, process, shown)
    depth, last = shown[-1]
    inner = [*takewhile(lambda each: each[0] > depth, reversed(shown[:-1]))]
    if not inner or not _is_assignment(last):
        return None
    return Within(
        f"within {last.partition('=')[0]}=$(...), this fails: {inner[0][1]}",
        f"let the script tell that it failed, or do without: {inner[0][1]} || true",
        (),
    )


def traced(lines: Sequence[str]) -> list[tuple[int, str]]:
    """Return what a traced shell shows: how deep in substitutions, and what was run."""
    return [(len(match[1]), match[2]) for match in map(TRACED.fullmatch, lines) if match]


def until_trap(lines: Sequence[str]) -> list[str]:
    """Return the lines of a traced shell up to the failure that its trap for ERR was called for."""
    handler = ""
    for at, line in enumerate(lines):
        match = TRACED.fullmatch(line)
        words = split_words(match[2]) if match else []
        if handler and match and match[2] == handler:
            return [*lines[:at]]
        if words[:1] == ["trap"] and "ERR" in words[2:]:
            handler = words[1].partition(";")[0].strip()
    return [*lines]


def _is_assignment(line: str) -> bool:
    """Tell whether a line only sets variables: its status is that of the substitution in it."""
    words = split_words(line)
    return bool(words) and all(map(ASSIGNMENT.match, words))


def _of_process(case: Case, process: Traced, shown: Sequence[tuple[int, str]]) -> Within | None:
    if not _is_last(case.seen.trace, process, shown):
        return None
    typed = shlex.join(process.argv)[:200]
    sought = grep.parsed(process.argv) if process.status == grep.FOUND_NOTHING else None
    end = watched(case, f"{typed} (process {process.number}) exits with {process.status}")
    if sought is None:
        return Within(
            f"`{typed}` exits with {process.status}, and prints nothing",
            f"let the script tell that it failed, or do without: {typed} || true",
            (end,),
        )
    where, path = _source(case, process, sought)
    lines = [*grep.near(sought.pattern, text(case.files, path) or "")][:2] if path else []
    has = f", which has only {' and '.join(f'`{line[:100]}`' for line in lines)}" if lines else ""
    return Within(
        f"grep finds nothing for `{sought.pattern}` in {where}{has}",
        f"give {path or where} a line that it finds, or let the script do without: {typed} || true",
        (end, *((content(case, path, "\n".join(lines) or "no such line"),) if path else ())),
    )


def _is_last(trace: Trace, process: Traced, shown: Sequence[tuple[int, str]]) -> bool:
    """Tell whether the shell shows a process at its end, and after it only parts of its pipeline.

    An assignment comes after the substitution in it.
    """
    siblings = [list(each.argv) for each in trace.children(process.parent)]
    for _, line in reversed(shown[:-1] if _is_assignment(shown[-1][1]) else shown):
        if split_words(line) == list(process.argv):
            return True
        if split_words(line) not in siblings:
            return False
    return False


def split_words(line: str) -> list[str]:
    """Return the words of a line as a shell shows it; of one with half a quote, between spaces."""
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()


def _source(case: Case, process: Traced, sought: grep.Grep) -> tuple[str, str]:
    """Return where grep looked, for a person, and the file, if it is one."""
    trace = case.seen.trace
    opened = [c.path for c in trace.of(process.number) if c.name.startswith("open") and not c.error]
    names = {basename(name) for name in sought.files}
    paths = [path for path in opened if basename(path) in names]
    if len(sought.files) == 1:
        return (paths or [*sought.files])[-1], paths[-1] if paths else ""
    if sought.files:
        return ", ".join(sought.files)[:200], ""
    beside = (p for p in trace.children(process.parent) if p is not process and p.argv)
    before = [p for p in beside if p.began <= process.began]
    feeds = max(before, key=lambda p: p.began, default=None)
    return f"what `{shlex.join(feeds.argv)[:200]}` prints" if feeds else "its input", ""
