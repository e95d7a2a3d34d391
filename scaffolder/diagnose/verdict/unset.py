"""Variables that nothing sets: a copy gets them, one at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.shells.guards import guards
from scaffolder.diagnose.causes.silence.readings import named_variables
from scaffolder.diagnose.causes.variables.missing import demand
from scaffolder.diagnose.evidence.phase import SIGNALLED
from scaffolder.diagnose.programs.shell_variables import asked_by_name, used

from . import cures
from .factor import Factor
from .spellings import sample

MOST_UNSET = 3
MOST_TOGETHER = 12
UNUSUAL = SIGNALLED + 65
"""Beyond the signals, statuses are a program's own again: 255 is that of PHP and Perl."""


def variables(case: Case) -> Iterator[Factor]:
    """Set what a program reads and nothing sets.

    Where it ended over a call that failed, a signal or code that lacks, or says why, the value may
    only lead it past that.
    """
    is_signalled = SIGNALLED < case.exit_code < UNUSUAL
    kept = case.seen.swallowed
    is_of_code = kept is not None and (kept.lacks_code or kept.lacks_memory)
    told = case.seen.unwritten.text if case.seen.unwritten else ""
    yield from _asked_together(case)
    named = sorted(named_variables(case), key=lambda each: -demand(each[0], required=each[2]))
    names = dict.fromkeys((*(name for name, _by, _required in named), *_used(case)))
    for name in list(names)[:MOST_UNSET]:
        is_led = case.seen.failed_call is not None or is_signalled or is_of_code
        proves = not is_led and (not told or name in told)
        yield given(case, name, proves=proves)


def _used(case: Case) -> Iterator[str]:
    """Return the variables that scripts use or require, and nobody sets."""
    for item in case.launched:
        if item.script and item.script.language == "sh":
            yield from used(item.script.text, case.config.env)
            yield from (g.name for g in guards(case, item.script) if g.name and not g.there)


def _asked_together(case: Case) -> Iterator[Factor]:
    """Set all that a script tests by their names, as it ends over any of them."""
    for item in case.launched:
        script = item.script.text if item.script and item.script.language == "sh" else ""
        names = asked_by_name(script, case.config.env)
        if 1 < len(names) <= MOST_TOGETHER:
            given = {name: sample(name) for name in names}
            yield Factor(
                f"the variables {' and '.join(names)}",
                replace(case.config, env={**case.config.env, **given}),
                flags=" ".join(f"-e {name}=..." for name in names),
                cure=replace(missing(names), is_exact=True),
            )


def given(case: Case, name: str, *, proves: bool = True) -> Factor:
    """Return a copy that gets a variable, with a value such as its name asks for."""
    return Factor(
        f"the variable {name}",
        replace(case.config, env={**case.config.env, name: sample(name)}),
        flags=f"-e {name}=...",
        cure=replace(missing([name]), proves=proves),
    )


def missing(names: Sequence[str]) -> cures.Cure:
    """Return what it means if a copy runs that gets variables which nothing sets."""
    one = len(names) == 1
    return replace(
        cures.VARIABLE,
        text=f"the program exits because the variable{' ' if one else 's '}{' and '.join(names)}"
        f" {'is' if one else 'are'} not set",
        fix=f"pass {'it' if one else 'them'}: docker run"
        f" {' '.join(f'-e {name}=...' for name in names)} (or --env-file)",
    )
