"""Copies with one factor changed: a cure names the cause, new output is a lead."""

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from itertools import chain

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence
from scaffolder.diagnose.causes.reaching.obstacles import nowhere
from scaffolder.diagnose.causes.silence.claims import is_meant_to_serve
from scaffolder.diagnose.docker.isolation import isolate
from scaffolder.diagnose.evidence.gave_up import kept_out
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.docker.client import Engine, EngineError

from . import standing, telling
from .ahead import Ahead
from .apart import lacked_or_shared
from .as_it_was import runs_as_it_was
from .copies import Outcome, noted
from .cures import MOUNT, OTHER_VALUE, Cure
from .factor import Factor
from .factors import factors
from .further import Further, as_cure, further, is_better, together
from .granted import granted
from .held_back import held_back
from .judgement import HEALTHY, PROVEN, Judgement
from .left_over import with_left_over
from .lifetimes import is_slow, limited, untried
from .own_number import finds_itself
from .own_volumes import on_own_volumes, where_it_writes
from .rerun import Rerun
from .resolving import with_addresses
from .revealed import command, revealed
from .reworded import is_open, reworded
from .side_by_side import outcomes
from .sought_before import sought_before
from .taken_for_yes import taken_for_yes
from .unchanged import is_like, take_in, unchanged
from .wanted import wanted

DOUBTS = (held_back, runs_as_it_was)
"""What may show that a copy which runs proves nothing."""


def try_factors(
    engine: Engine, case: Case, ahead: Ahead | None = None, before: Judgement | None = None
) -> Rerun:
    """Run copies of a container that ended, with one change at a time, until one cures it.

    The first one is not changed, but watched; `ahead`, if it was begun before. A container that
    runs, or was judged to be healthy `before`, is only watched.
    """
    if refused := untried(case):
        return Rerun(tried=[refused])
    is_over = limited()
    try:
        same = on_own_volumes(engine, case, unchanged(engine, case, ahead))
        same = with_addresses(engine, case, same) if case.phase & Phase.ENDED else same
    except EngineError as error:
        return Rerun(tried=[f"reruns: {error.message}"])
    if case.phase & Phase.ENDED and not same.alive and is_slow(case, same.trace):
        return Rerun(tried=[f"a watched copy {same.words}, as late: no others are tried"])
    is_proven = before is not None and before.verdict == PROVEN
    is_nowhere = is_like(case, same) and nowhere(case)
    if is_like(case, same) and telling.may_tell(case, before) and not is_nowhere:
        telling.ask(engine, case)
    is_well = before is not None and before.verdict == HEALTHY and not case.seen.outlived
    is_idle = is_meant_to_serve(case)
    held = case.seen.gave_up or (case.phase == Phase.FINISHED and kept_out(case.seen.trace))
    has_gone_well = is_well and not (case.seen.reads_nothing or held or is_idle)
    if case.phase == Phase.RUNNING and standing.waits(case):
        standing.ask(engine, case)
    tried = [f"a watched copy {same.words}"]
    is_same = case.phase & Phase.ENDED and not is_proven and is_like(case, same)
    own = (finds_itself, taken_for_yes) if is_same else ()
    over = next(filter(None, (search(engine, case, tried) for search in own)), None)
    if over or case.phase == Phase.RUNNING or (has_gone_well and is_like(case, same)):
        return over or Rerun(tried=tried)
    if not is_like(case, same):
        call = lacked_or_shared(case, same.trace) if same.trace else None
        take_in(case, replace(case.seen, lacked=call))
        left_out = isolate(case.config, is_remote=engine.is_remote).left_out
        without = f" and without {', '.join(left_out)}" if left_out else ""
        words = f"an isolated copy without changes{without} {same.words}"
        tried = [f"reruns: {words}: the cause is in its network, its data, or what it wrote"]
        has_port = call is None or call.name != "bind"  # else another one has it, and that is all
        over = with_left_over(engine, case, same, tried) if has_port else None
        return over or Rerun(tried=tried)
    # Over what only copies lack, all of them end, and one that does not proves nothing. Nor is more
    # to be tried of one that is killed because it writes elsewhere than is looked, or that asks for
    # a name that nobody has.
    killer = case.seen.watchdog
    is_apart = case.seen.lacked is not None or bool(killer and killer.elsewhere) or is_nowhere
    every = () if is_apart else chain(wanted(case), () if is_well else factors(case))
    left = (factor for factor in every if factor.cure or not is_proven)
    found = _each(engine, case, same, is_over, left)
    is_left = is_open(case, before) and not is_apart
    found = _in_other_words(engine, case, is_over, found) if is_left else found
    is_done = is_apart or is_proven or found.cured
    earlier = None if is_done else sought_before(engine, case, same, found, is_over)
    return (_cured(case, *earlier, found.tried) if earlier else None) or found


def _in_other_words(engine: Engine, case: Case, is_over: Callable[[], bool], found: Rerun) -> Rerun:
    """Try other spellings of the values, where nothing else has cured a copy."""
    # Another word for yes is no proof without the counter-check; a mount may hold settings.
    is_open_still = found.factor in (OTHER_VALUE.factor, MOUNT.factor) and not found.proves
    if (found.cured and not is_open_still) or is_over():
        return found
    other = reworded(engine, case, found.tried, is_over)
    return (_cured(case, *other, found.tried) if other else None) or found


def _each(
    engine: Engine,
    case: Case,
    same: Outcome,
    is_over: Callable[[], bool],
    changes: Iterable[Factor],
) -> Rerun:
    """Try one factor after another; a cure ends the search.

    But not that a copy runs without a mount: what its data lacks may still be told.
    """
    tried: list[str] = []
    lead: Rerun | None = None
    beyond: dict[str, str] = {}
    least = granted(engine, case, tried, beyond)
    if least and (rerun := _cured(case, *least, tried)):
        return rerun
    in_vain: dict[str, str] = {}
    settled = frozenset(beyond)  # which more of the same would only seem to refute
    changes = (each for each in changes if not (each.cure and each.cure.factor in settled))
    changes = (each for each in changes if lead is None or each.reveals)
    kept = Factor("only a log that is kept", case.config, reveals="log-discarded")
    said = Outcome(alive=False, exit_code=same.exit_code, text=case.text)
    hint = revealed(case, kept, same, said, tried) if case.is_silent else None
    with closing(outcomes(engine, case, changes)) as copies:
        for factor, copy in copies:
            found = noted(factor, copy.result, tried)
            if found:
                found = where_it_writes(engine, case, factor, found, tried)
                rerun = _cured(case, factor, found, tried) or _told(case, factor, found, tried[:-1])
                if rerun and not any(doubt(engine, case, factor, tried) for doubt in DOUBTS):
                    if rerun.proves or rerun.factor != MOUNT.factor:
                        return rerun
                    lead = lead or rerun
                gone_on = further(engine, case, factor, tried, is_over)
                if gone_on and gone_on.last:
                    return _all_cured(case, gone_on, gone_on.last, tried)
                if gone_on and factor.cure:
                    beyond.setdefault(factor.cure.factor, gone_on.words)
                hint = hint or revealed(case, factor, found, same, tried)
                if factor.cure and not found.is_refused:
                    in_vain[factor.cure.factor] = f"{factor.changed} a copy {found.words}"
            if is_over():
                tried.append("reruns: out of time")
                break
    return replace(hint or lead or Rerun(tried=tried), in_vain=in_vain, further=beyond)


def _cured(case: Case, factor: Factor, found: Outcome, tried: list[str]) -> Rerun | None:
    cure = factor.cure
    if not is_better(case, found) or cure is None:
        return None
    fared = f"{factor.changed} a copy {found.words}"
    shown = f"{fared}; without it, the copy exits with {case.exit_code}"
    return _proof(case, factor, cure, f"{cure.text}: {fared}", shown, tried[:-1])


def _all_cured(case: Case, gone_on: Further, found: Outcome, tried: list[str]) -> Rerun:
    """Read what it means that a copy runs which got one thing after another."""
    cure, factor = as_cure(gone_on.given), together(case, gone_on.given)
    fared = f"{factor.changed} a copy {found.words}"
    shown = f"{fared}; without any one of them, it ends"
    return _proof(
        case, factor, cure, f"{cure.text}; with all of them a copy {found.words}", shown, tried
    )


def _told(case: Case, factor: Factor, found: Outcome, tried: list[str]) -> Rerun | None:
    """Read what the exit code of a copy means."""
    cure = None if found.alive else factor.endings.get(found.exit_code)
    if cure is None:
        return None
    return _proof(case, factor, cure, cure.text, f"{factor.changed} a copy {found.words}", tried)


def _proof(  # noqa: PLR0913, PLR0917 - the parts of one answer
    case: Case, factor: Factor, cure: Cure, text: str, shown: str, tried: list[str]
) -> Rerun:
    return Rerun(
        cure.cause,
        cure.pattern,
        text,
        cure.fix,
        cured=True,
        proves=cure.proves,
        is_exact=cure.is_exact,
        factor=cure.factor,
        evidence=(Evidence("rerun", command(case, factor), shown),),
        tried=tried,
    )
