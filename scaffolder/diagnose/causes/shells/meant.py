"""Ends with a status of its own that a script means, as where it has found nothing to do."""

import re
from itertools import pairwise, takewhile

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence, ended, logged
from scaffolder.diagnose.causes.silence.claims import last_line
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs import shell

from .script import quote, scripts

NOTHING_TO_DO = re.compile(
    r"\bnothing (?:new|(?:left |more )?to do|(?:has )?changed)\b|\bno changes?\b"
    r"|(?<!not )(?<!n't )\b(?:up[- ]to[- ]date|already done)\b",
    re.IGNORECASE,
)
"""What a job says that was not needed this time."""
SAYS = {"echo", "printf"}
LARGEST_STATUS = 125
"""What is larger comes from a shell, or from a signal."""
LITERAL = re.compile(r"\$(?:\w+|[?#@*!$])|\$\{[^}]*\}|\$\([^)]*\)|%\w|\\n")
"""What divides the words of a message that are always the same."""
REDIRECTED = re.compile(r"\d?[<>]")


def meant_end(case: Case) -> tuple[Evidence, ...]:
    """Return how a script says that there is nothing to do, and ends so; nothing if none does.

    The message stands right before the `exit`, and is the last one: no command failed in between.
    What has a port or is restarted is a service, which has something to do.
    """
    is_job = not (case.config.must_stay or case.config.exposed or case.config.published)
    status, last = case.exit_code, last_line(case).strip()
    if case.phase != Phase.DIED or case.restarts or not (is_job and 0 < status <= LARGEST_STATUS):
        return ()
    if case.last_words or not NOTHING_TO_DO.search(last):
        return ()
    for script in scripts(case):
        for said, end in pairwise(shell.commands(script.text)):
            is_end = end.words == ("exit", str(status)) and said.end in {";", "&&"}
            if is_end and said.name in SAYS and is_of(said, last):
                return quote(case, script, end.line), logged(case, last), ended(case)
    return ()


def is_of(said: shell.Command, line: str) -> bool:
    """Tell whether a command has printed a line, as far as its words are always the same."""
    words = takewhile(lambda word: not REDIRECTED.match(word), said.words[1:])
    typed = " ".join(word for word in words if word not in {"-n", "-e"})
    fixed = [part.strip() for part in LITERAL.split(typed)]
    is_framed = line.startswith(fixed[0]) and line.endswith(fixed[-1])
    return any(fixed) and is_framed and all(part in line for part in fixed)
