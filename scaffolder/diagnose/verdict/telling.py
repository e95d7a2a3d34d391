"""A copy in which a language tells which exceptions a program handles, and what ends it.

These are Python, Node, Java, PHP, Ruby and Perl. Go needs none: the stack of the watched copy
shows it.

A program that swallows an exception has no need to ask the system for anything: what ended it is
then in no call. So its runtime is asked: by a module that it loads before the program, or to log.
"""

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.identity.denials import is_of_copy
from scaffolder.diagnose.causes.silence.claims import stops_unasked
from scaffolder.diagnose.evidence import jvm_log, swallowed
from scaffolder.diagnose.evidence.files import text
from scaffolder.diagnose.evidence.left import left
from scaffolder.diagnose.evidence.log_search import ends_with_failure
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.swallowed import UNCAUGHT, Ending, Swallowed, chosen_end, linked
from scaffolder.diagnose.programs import jsflags, pyflags
from scaffolder.docker.client import Engine, EngineError

from . import on_stack, syslog
from .copies import Outcome, run
from .factor import Factor
from .judgement import HOW, PROVEN, Judgement
from .unchanged import is_like, take_in

HOOKS = Path(__file__).parent.parent / "hooks"
HOOK = HOOKS / "sitecustomize.py"
RECORDS = "raised"
CRASH = re.compile(r"^Fatal Python error: [^\n]+(?:\n[^\n]*){0,20}", re.MULTILINE)
"""How Python tells where native code crashed (faulthandler)."""


def _of_hook(found: Outcome) -> tuple[Swallowed | None, Ending | None]:
    told = swallowed.decisive(found.read)
    return told, None if told and told.how else chosen_end(found.read)


def _of_log(found: Outcome) -> tuple[Swallowed | None, Ending | None]:
    told, ending = jvm_log.end(found.read, found.text)
    # A thread that ends over an exception does not end a job.
    is_survived = told is not None and told.how == UNCAUGHT and not found.exit_code
    return None if is_survived else told, ending


@dataclass(frozen=True)
class Means:
    """How a runtime is made to tell."""

    hooks: tuple[Path, ...]
    variable: str
    value: str
    """What the variable has to hold; `{folder}` is where the hook is."""
    separator: str
    """Between that and what it holds already."""
    reads: Callable[[Outcome], tuple[Swallowed | None, Ending | None]]
    """What finds the exception, or else where the program chose to end, in what a copy tells."""
    is_last: bool = False
    """It comes after what the variable holds; if that is nothing, after the runtime's default."""


MEANS = {
    "python": Means((HOOK,), "PYTHONPATH", "{folder}", ":", _of_hook),
    "node": Means(
        (HOOKS / "tells.cjs",), "NODE_OPTIONS", "--require={folder}/tells.cjs", " ", _of_hook
    ),
    "java": Means(
        (HOOKS / "logging.properties",), "JDK_JAVA_OPTIONS", jvm_log.OPTIONS, " ", _of_log
    ),
    "php": Means(
        (HOOKS / "tells.ini", HOOKS / "tells.php"),
        "PHP_INI_SCAN_DIR",
        "{folder}",
        ":",
        _of_hook,
        is_last=True,
    ),
    "ruby": Means((HOOKS / "tells.rb",), "RUBYOPT", "-r{folder}/tells.rb", " ", _of_hook),
    "perl": Means((HOOKS / "tells.pm",), "PERL5OPT", "-I{folder} -Mtells", " ", _of_hook),
}


def may_tell(case: Case, before: Judgement | None) -> bool:
    """Tell whether a runtime is worth asking: a proof may only be one of how a program ended."""
    is_sure = before is not None and before.verdict == PROVEN and before.cause not in HOW
    return bool(case.phase & Phase.ENDED) and not is_sure


def ask(engine: Engine, case: Case) -> None:
    """Add the exception that a program ended over to what was seen of it, if its runtime tells.

    That is asked only where the program itself has said nothing of a failure.
    """
    if ends_with_failure(line.text for line in case.log.lines):
        return
    call = case.seen.failed_call
    if call and is_of_copy(case, call):
        why = f"a copy may not write to {call.path}, and ends over that"
        case.unsought.append(f"what the program does after that: {why}")
        return
    try:
        said = syslog.heard(engine, case) if syslog.is_sought(case) else None
    except EngineError as error:
        said = None
        case.unsought.append(f"what the program says to syslog: {error.message}")
    if said:
        take_in(case, replace(case.seen, unwritten=said))
        return
    means = MEANS.get(_runtime(case))
    if not means:
        on_stack.read(case)
        return
    try:
        found = run(engine, case, _telling(case, means))
    except EngineError as error:
        case.unsought.append(f"which exceptions the program swallows: {error.message}")
        return
    if not is_like(case, found):
        return
    if crash := CRASH.search(found.text):
        take_in(case, replace(case.seen, unheard=tuple(crash[0].splitlines())))
    else:
        _read_records(case, means, found)


def _read_records(case: Case, means: Means, found: Outcome) -> None:
    told, ending = means.reads(found)
    is_end = stops_unasked(case) or case.phase == Phase.FINISHED
    if not (told or ending) and is_end:
        told = swallowed.handled_last(found.read)
    told = (ending and linked(ending, partial(_name, case))) or told
    ending = None if told else ending
    remains, said = left(found.read), None if told else _unwritten(case, found)
    if told or ending or remains or said:
        seen = replace(case.seen, swallowed=told, ending=ending, left=remains, unwritten=said)
        take_in(case, seen)


def _unwritten(case: Case, found: Outcome) -> Swallowed | None:
    """Return what it logged last, unless that is in its output, or in a file that it logs to."""
    said = swallowed.said_last(found.read)
    return said if said and said.text.partition("\n")[0] not in case.text else None


def _name(case: Case, path: str, raised: Sequence[int], ended: int) -> str:
    """Return the name by which an exception in a file decides the end that is chosen there."""
    source = text(case.files, path) or ""
    if path.endswith((".js", ".cjs", ".mjs")):
        return jsflags.deciding(source, raised, ended)
    return pyflags.deciding(source, raised, ended)


def _runtime(case: Case) -> str:
    """Return the runtime of the process that decided the end; empty if it has no such means."""
    decider = case.seen.decider
    if decider is None:
        used = [item.script.language for item in case.launched if item.script]
    else:
        used = [re.sub(r"^pypy", "python", decider.name).rstrip("0123456789.")]
    return next((name for name in used if name in MEANS), "")


def _telling(case: Case, means: Means) -> Factor:
    folder = f"/viscaffold-{secrets.token_hex(4)}"
    had = case.config.env.get(means.variable, "")
    own = means.value.format(folder=folder)
    parts = (had, own) if means.is_last else filter(None, (own, had))
    hooks = {hook.name: hook.read_text("utf-8") for hook in means.hooks}
    return Factor(
        "exceptions that are told",
        replace(case.config, env={**case.config.env, means.variable: means.separator.join(parts)}),
        # A volume is writable, whatever the rest of the copy is.
        options=(f"--volume={folder}",),
        files={
            **{name: text.replace("{folder}", folder).encode() for name, text in hooks.items()},
            RECORDS: b"",
        },
        folder=folder,
        reads=f"{folder}/{RECORDS}",
    )
