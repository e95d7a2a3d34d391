"""Commands of a script that a shell looked for in vain, and whose message nobody gets."""

import errno
import re
from collections.abc import Iterator
from posixpath import basename, dirname

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found
from scaffolder.diagnose.causes.evidence import copied, ended, seen
from scaffolder.diagnose.evidence.trace import Call, Trace, Traced
from scaffolder.diagnose.programs.scripts import Script
from scaffolder.diagnose.programs.shell import SHELLS

from .script import is_absent, plain_lines, quote, scripts, where

NO_COMMAND = 127
TESTED = re.compile(r"^(?:if|elif|while|until|!)\s")
HANDLED = re.compile(r"\|\|(?!\s*(?:\{[^}]*)?\b(?:exit|return|die|fail\w*|abort)\b)")
"""A command that is to fail may be one that a script does without."""
TAKEN = re.compile(r"(?:^|\s)(\w+)=[\"']?(?:\$\(|`)")
TESTS = r"(?:\[|\b(?:test|case)\b)[^\];]*"


def sought_in_vain(case: Case) -> Found | None:
    """Find a command that no directory of PATH has, and what was to come of it.

    Many scripts do without some command (`tput`): only what the end depends on is told.
    """
    for child, call in _lookups(case) if case.exit_code else ():
        name = basename(call.path)
        if any(name in line.text for line in case.log.lines):
            continue
        for script in scripts(case):
            at, line = _use(script, name)
            lost = line and is_absent(case, script, name) and _lost(case, script, child, at, line)
            if lost:
                return Found(
                    f"{where(script)} uses {name}, which is not installed in the image: it is not"
                    f" found in any directory of PATH, and its message is thrown away; {lost}",
                    f"install {name} in the runtime stage, or use what the image has",
                    (
                        quote(case, script, line),
                        seen(case, call),
                        copied(case, f"/usr/bin/{name}", "no such file"),
                        ended(case),
                    ),
                    basis=Basis.INFERRED,
                )
    return None


def _lookups(case: Case) -> Iterator[tuple[Traced, Call]]:
    """Return the children of shells that end with 127, and the last place where they looked."""
    trace, folders = case.seen.trace, case.config.env.get("PATH", "").split(":")
    for child in trace.processes.values():
        is_child = child is not trace.first and child.name in SHELLS
        if not is_child or child.ended is None or child.status != NO_COMMAND:
            continue
        calls = [c for c in trace.of(child.number) if dirname(c.path) in folders]
        call = next((c for c in reversed(calls) if c.error == errno.ENOENT), None)
        same = {c.path for c in calls if call and basename(c.path) == basename(call.path)}
        if call and len(same) > 1 and not any(not c.error for c in calls if c.path in same):
            yield child, call


def _use(script: Script, name: str) -> tuple[int, str]:
    """Return the line that uses a command; an empty one if the script knows it may be missing."""
    word = rf"(?<![\w./$-]){re.escape(name)}(?![\w./=-])"
    lines = plain_lines(script.text)
    if any(re.search(rf"\b(?:command|type|which|hash)\b[^;|&]*{word}", each) for each in lines):
        return 0, ""
    used = ((at, each) for at, each in enumerate(lines) if re.search(word, each))
    at, line = next(used, (0, ""))
    return (0, "") if TESTED.match(line) or HANDLED.search(line) else (at, line)


def _lost(case: Case, script: Script, child: Traced, at: int, line: str) -> str:
    """Tell what the end depends on of what a command was to write; empty if nothing is known."""
    trace, opened = case.seen.trace, case.seen.opened_last
    if opened and opened.at >= (child.ended or 0) and opened.path in _written(trace, child):
        return f"{opened.path}, which it was to fill, is the last file that is read before the end"
    taken, after = TAKEN.search(line), plain_lines(script.text)[at + 1 :]
    if taken is None or trace.first is None or trace.first.name not in SHELLS:
        return ""
    is_over = all(p.began <= (child.ended or 0) for p in trace.processes.values())
    asks = re.compile(rf"{TESTS}\$(?:\{{#?)?{taken[1]}\b")
    tested = next((each for each in after if asks.search(each)), "") if is_over else ""
    return f"{taken[1]} stays empty, and the script ends at: {tested[:150]}" if tested else ""


def _written(trace: Trace, child: Traced) -> set[str]:
    """Return the files to which a command, or those of its pipeline, were to write."""
    ended = child.ended or 0
    beside = (
        p
        for p in trace.children(child.parent)
        if p.began <= ended and (p.ended is None or p.ended >= child.began)
    )
    calls = (c for p in beside for c in trace.of(p.number) if c.at >= child.began)
    return {c.path for c in calls if c.writes and not c.error and not c.path.startswith("/dev/")}
