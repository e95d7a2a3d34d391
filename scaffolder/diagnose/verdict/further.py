"""What a program lacks after the first thing: a copy that gets that ends over another one.

Each thing is found as the first was: by watching a copy that has all that was found to be missing
before. Copies that lack one of them again show that the program needs each.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.facts import Line, Log
from scaffolder.diagnose.evidence.log_search import last_words
from scaffolder.diagnose.evidence.seen import Seen
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.docker.client import Engine, EngineError

from .copies import Outcome, noted, run
from .cures import Cure
from .factor import Factor
from .started_again import VARYING
from .unchanged import take_in
from .unset import variables
from .wanted import wanted
from .watching import tracer_for

MOST = 3
"""How many things a program may lack to be told all of them."""
EACH = 4
"""How many changes are tried for each of them."""
GIVEN = frozenset({"file", "workdir", "variable"})
"""Changes that give a program what it lacks. Others lift a limit, which stands alone."""


@dataclass(frozen=True)
class Further:
    """How far copies got that were given one thing after another."""

    given: tuple[Factor, ...]
    """What they got, in this order."""
    last: Outcome | None = None
    """How the copy fares that got all of it, and runs; None if none does."""
    then: tuple[str, ...] = ()
    """What copies ended over instead that got the first thing, and more."""

    @property
    def words(self) -> str:
        """What is told of it where no copy runs."""
        ends = ", then after ".join(self.then)
        return f"{self.given[0].changed} a copy gets further, and ends after {ends}"


def is_better(case: Case, found: Outcome) -> bool:
    """Tell whether a copy did not fail as the container did."""
    return found.alive or (found.exit_code == 0 and case.exit_code != 0)


def further(
    engine: Engine, case: Case, first: Factor, tried: list[str], is_over: Callable[[], bool]
) -> Further | None:
    """Go on from a change that cures nothing, if it brings a copy further; None if it does not."""
    if first.cure is None or first.cure.factor not in GIVEN or not case.seen.trace.processes:
        return None
    steps: tuple[Factor, ...] = (first,)
    at, then = _reached(engine, case, case, steps), list[str]()
    while at is not None:
        call = at.seen.failed_call
        then += [call.words] if call and not call.is_network else []
        reached: list[tuple[tuple[Factor, ...], Case]] = []
        for factor in islice(_next(at, steps), EACH if len(steps) < MOST else 0):
            if is_over():
                break
            more = (*steps, factor)
            found = _tried(engine, case, more, tried)
            if found and is_better(case, found):
                return Further(more, found) if _needs_each(engine, case, more, tried) else None
            if found and not found.is_refused and (one := _reached(engine, case, at, more)):
                reached.append((more, one))
                if _has_got_on(one, at):
                    break
        # What only fails no more may have been given the wrong thing: a file for a directory.
        steps, at = next(
            (pair for pair in reversed(reached) if _has_got_on(pair[1], at)),
            next(iter(reached), (steps, None)),
        )
    return Further(steps, then=tuple(then)) if then else None


def _next(at: Case, steps: Sequence[Factor]) -> Iterator[Factor]:
    """Return what may be missing where copies have got to."""
    known = {step.name for step in steps}
    call = at.seen.failed_call
    if call and any(_is_of_sample(call, step, at) for step in steps):
        return
    for factor in chain(wanted(at), variables(at)):
        if factor.cure and factor.cure.factor in GIVEN and factor.name not in known:
            yield factor


def _is_of_sample(call: Call, step: Factor, case: Case) -> bool:
    """Tell whether a call failed over a path that is made of the value that a copy was given."""
    own = case.config.env
    given = (value for name, value in step.config.env.items() if own.get(name) != value)
    return any(f"/{value.strip('/')}/" in f"/{call.given}/" for value in given if value)


def _reached(engine: Engine, case: Case, before: Case, steps: Sequence[Factor]) -> Case | None:
    """Return the case of a copy that got several things, if it ended over something else."""
    try:
        found = run(engine, case, together(case, steps), tracer_for(case))
    except EngineError:
        return None
    if found.alive or found.is_refused or found.trace is None or found.trace.obstacle:
        return None
    at = copy.copy(case)  # with what is known of its files
    at.log = Log(tuple(Line("", text) for text in found.text.splitlines()))
    at.exit_code = found.exit_code
    take_in(at, Seen(found.trace))
    return at if _end(at) != _end(before) else None


def _has_got_on(one: Case, before: Case) -> bool:
    """Tell whether a copy ended over another call, or in another way, and not only without it."""
    return one.seen.failed_call is not None or _end(one)[::2] != _end(before)[::2]


def _end(of: Case) -> tuple[object, ...]:
    call = of.seen.failed_call
    about = (call.name, call.path, call.address, call.host) if call else ()
    said = last_words(line.text for line in of.log.lines)  # and not what its calls would say
    return of.exit_code, about, VARYING.sub("", said)


def together(case: Case, steps: Sequence[Factor]) -> Factor:
    """Return several changes as one; each was made to the configuration of the container."""
    own = case.config
    unset = {name for step in steps for name in own.env if name not in step.config.env}
    sets = (item for step in steps for item in step.config.env.items())
    env = {name: value for name, value in sets if name not in unset}
    moved = (step.config.workdir for step in steps if step.config.workdir != own.workdir)
    files = {path: data for step in steps for path, data in step.files.items()}
    return Factor(
        " and ".join(step.name for step in steps),
        replace(own, env=env, workdir=next(moved, own.workdir)),
        files=files,
        flags=" ".join(step.flags for step in steps),
        cure=steps[0].cure,
    )


def _tried(engine: Engine, case: Case, steps: Sequence[Factor], tried: list[str]) -> Outcome | None:
    factor = together(case, steps)
    return noted(factor, lambda: run(engine, case, factor), tried)


def _needs_each(engine: Engine, case: Case, steps: Sequence[Factor], tried: list[str]) -> bool:
    """Tell whether copies fail that lack one of several things; without the last, one has."""
    for at in range(len(steps) - 1):
        found = _tried(engine, case, [*steps[:at], *steps[at + 1 :]], tried)
        if found is None or is_better(case, found):
            return False
    return True


def as_cure(steps: Sequence[Factor]) -> Cure:
    """Return what it means that a copy runs which got all of this."""
    known = [step.cure for step in steps if step.cure]
    names = [next(iter(step.files), "") or step.name for step in steps]
    fixes = (f"{name}: {cure.fix}" for name, cure in zip(names, known, strict=True))
    return replace(
        known[0],
        text=f"it lacks one thing after another: {', then '.join(names)}",
        fix="; ".join(fixes),
        proves=all(cure.proves for cure in known),
        is_exact=True,
    )
