"""Exceptions that a program in Ruby or Perl keeps to itself."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.phase import Phase

from .catalogue import Basis, Found, cause
from .evidence import content, ended, logged
from .read_before import complained_of

LANGUAGES = re.compile(r"(?:ruby|perl)[\d.]*$")


@cause(
    "exception-kept",
    "a program in Ruby or Perl ends over an exception, and tells nobody",
    pattern="process",
    reads=["rerun"],
    page="ended-without-a-word",
    when=Phase.DIED,
    basis=Basis.QUOTED,
    explains=["ruby-php", "said-why", "ends-itself", "last-call"],
)
def exception_kept(case: Case) -> Found | None:
    """Quote the exception, which a copy tells of whose runtime is asked."""
    kept, process = case.seen.swallowed, case.seen.decider
    if kept is None or process is None or not LANGUAGES.match(process.name):
        return None
    file, has = complained_of(case, kept.last)
    return Found(
        f"the program ends over an exception, and tells nobody: {kept.last[:300]}"
        f"{f' ({file} has `{has[:100]}`)' if file else ''}",
        f"correct {file}, or the code at that line"
        if file
        else "fix the code at that line, or what it needs; log what can fail before the end",
        (
            logged(case, kept.last),
            *((content(case, file, has[:200]),) if file else ()),
            ended(case),
        ),
    )
