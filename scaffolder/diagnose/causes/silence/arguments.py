"""Programs that end without a word over their command line: what it lacks, as far as they tell."""

import re
from collections.abc import Iterator
from shlex import join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, content, ended, inspected, watched
from scaffolder.diagnose.causes.watched.asked import asked
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs import own_arguments
from scaffolder.diagnose.programs.asked_arguments import lacked
from scaffolder.diagnose.programs.launched import Launched
from scaffolder.diagnose.programs.native import go_flags
from scaffolder.diagnose.programs.scripts import Script, loaded, siblings
from scaffolder.diagnose.programs.usage import USAGE_CODES, Required

from .readings import natives, says_nothing

EX_USAGE = 64
LANGUAGES = {"python", "node", "php", "ruby", "perl", "sh"}


@cause(
    "argument-missing",
    "a program is started without an argument that it requires",
    pattern="process",
    reads=["files", "inspect", "logs"],
    page="ended-without-a-word",
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=["usage-refused", "ends-itself", "last-call", "python-quiet-exit", "reads-last"],
    cured_by=["argument"],
)
def argument_missing(case: Case) -> Found | None:
    """Find what its usage, its parser or a check of its own asks for, and its command lacks."""
    if case.exit_code not in USAGE_CODES or not says_nothing(case):
        return None
    for item, script in _scripts(case):
        arguments = item.argv[own_arguments.begin(item.argv, case.config.env) :]
        beside = [each.text for each in _beside(case, script)]
        missing = lacked(script, beside, arguments, case.config.env)
        if missing is None:
            continue
        name = missing.names[-1]
        return Found(
            f"{script.path} is started without {name}, which it requires, and ends with"
            f" {case.exit_code} and without a word{_where(case)}; its source has:"
            f" {missing.shown[:200]}",
            f"pass {name}, in CMD or after the image in docker run",
            (
                content(case, script.path, missing.shown),
                inspected(case, "Config.Cmd", join(item.argv)),
                ended(case),
            ),
        )
    return None


@cause(
    "usage-refused",
    "the program ends with the status for a wrong command line, and says nothing",
    pattern="process",
    reads=["inspect", "logs", "rerun"],
    page="ended-without-a-word",
    when=Phase.DIED,
    basis=Basis.HINT,
    explains=["ends-itself", "last-call", "python-quiet-exit", "reads-last"],
)
def usage_refused(case: Case) -> Found | None:
    """Find EX_USAGE of sysexits.h, where no call failed that would explain the end."""
    first = case.launched[0] if case.launched else None
    if first is None or case.exit_code != EX_USAGE or not says_nothing(case):
        return None
    known = next(_of_go(case), None)
    names = known[1].names[-1] if known else ""
    bare = len(first.argv) <= own_arguments.begin(first.argv, case.config.env)
    lacks = (
        f"it is started without {names} (`{known[1].shown[:200]}`)"
        if known
        else "it has no arguments"
        if bare
        else "an argument is missing, or wrong"
    )
    what = names or "the arguments that it requires"
    return Found(
        f"the program refuses its command line, `{join(case.config.argv)}`: {lacks}; it ends with"
        f" 64 (EX_USAGE in sysexits.h) and says nothing{_where(case)}",
        f"pass {what}, in CMD or after the image in docker run",
        (
            inspected(case, "Config.Cmd", join(case.config.argv)),
            *((content(case, known[0], known[1].shown),) if known else ()),
            *_shown(case),
            ended(case),
        ),
    )


def _where(case: Case) -> str:
    ending = case.seen.ending
    if ending is None or not ending.place:
        return ""
    decides = asked(case, ending)
    return f", with {ending.how} at {ending.place}{decides.words if decides else ''}"


def _shown(case: Case) -> Iterator[Evidence]:
    if case.seen.ending:
        yield watched(case, _where(case).removeprefix(", with ") or case.seen.ending.how)


def _scripts(case: Case) -> Iterator[tuple[Launched, Script]]:
    """Yield what is started in the foreground as a file in a language of scripts."""
    for item in case.launched:
        script = item.script
        if script and script.path and script.language in LANGUAGES and not item.background:
            yield item, script


def _beside(case: Case, script: Script) -> Iterator[Script]:
    yield from siblings(case.files, script)
    yield from loaded(case.files, script)


def _of_go(case: Case) -> Iterator[tuple[str, Required]]:
    """Yield the flags that a program in Go calls required, and its command lacks."""
    given = {re.sub(r"^--?|=.*", "", word) for word in case.config.argv}
    for path, data, program in natives(case):
        for name, about in go_flags.required(data) if program.language == "go" else ():
            if name not in given:
                yield path, Required((f"-{name}",), about)
