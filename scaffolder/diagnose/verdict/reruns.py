"""Copies with one factor changed: a cure names the cause, new output is a lead."""

import re
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from itertools import chain

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence
from scaffolder.diagnose.docker.isolation import isolate
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.docker.client import Engine, EngineError

from . import telling
from .ahead import Ahead
from .copies import Outcome, noted
from .cures import Cure
from .factor import Factor
from .factors import factors
from .granted import granted
from .judgement import HEALTHY, PROVEN, Judgement
from .left_over import with_left_over
from .lifetimes import LONGEST_LIFE
from .rerun import Rerun
from .side_by_side import outcomes
from .unchanged import is_like, take_in, unchanged
from .wanted import wanted

BUDGET_SECONDS = 45.0
UNHEARD = 20
"""How many lines are read of what a script throws away."""
REVEALED = {
    "python-buffered": "ENV PYTHONUNBUFFERED=1; then fix what it reports",
    "errexit": "handle the failure of this command",
    "usage-printed": "pass the arguments that it requires, in CMD or after the image in docker run",
    "output-thrown-away": "let its output reach the log (no >/dev/null); then fix what it reports",
    "log-discarded": "use a log driver that keeps lines; then fix what it reports",
}
"""The cause that hid a program's output → the fix."""
USAGE = re.compile(r"\s*usage:?\s", re.IGNORECASE)
OPTIONAL = re.compile(r"\[[^\[\]]*\]")
REQUIRED = re.compile(r"<[\w|. -]+>|\b[A-Z][A-Z_]{2,}\b")
"""An argument, once those in brackets are left out."""
COMMANDS = re.compile(r"\s*(?:sub)?commands?:", re.IGNORECASE)


def try_factors(
    engine: Engine, case: Case, ahead: Ahead | None = None, before: Judgement | None = None
) -> Rerun:
    """Run copies of a container that ended, with one change at a time, until one cures it.

    The first one is not changed, but watched; `ahead`, if it was begun before. A container that
    runs, or was judged to be healthy `before`, is only watched.
    """
    if not case.phase & (Phase.ENDED | Phase.RUNNING):
        return Rerun(tried=["reruns: only a container that was started can be rerun"])
    if case.phase & Phase.ENDED and case.state.seconds > LONGEST_LIFE:
        lived = f"{case.state.seconds:.0f} s"
        return Rerun(tried=[f"reruns: it lived for {lived}, longer than a copy may run"])
    began = time.monotonic()
    try:
        same = unchanged(engine, case, ahead)
    except EngineError as error:
        return Rerun(tried=[f"reruns: {error.message}"])
    is_proven = before is not None and before.verdict == PROVEN
    if case.phase & Phase.ENDED and not is_proven and is_like(case, same):
        telling.ask(engine, case)
    is_well = before is not None and before.verdict == HEALTHY
    has_gone_well = is_well and not case.seen.reads_nothing and not case.seen.gave_up
    if case.phase == Phase.RUNNING or has_gone_well:
        return Rerun(tried=[f"a watched copy {same.words}"])
    if not is_like(case, same):
        left_out = isolate(case.config, is_remote=engine.is_remote).left_out
        without = f" and without {', '.join(left_out)}" if left_out else ""
        words = f"an isolated copy without changes{without} {same.words}"
        tried = [f"reruns: {words}: the cause is in its network, its data, or what it wrote"]
        return with_left_over(engine, case, same, tried) or Rerun(tried=tried)
    every = chain(wanted(case), () if is_well else factors(case))
    left = (factor for factor in every if factor.cure or not is_proven)
    return _each(engine, case, same, began, left)


def _each(
    engine: Engine, case: Case, same: Outcome, began: float, changes: Iterable[Factor]
) -> Rerun:
    """Try one factor after another; a cure that is a proof ends the search."""
    tried: list[str] = []
    least = granted(engine, case, tried)
    if least and (rerun := _cured(case, *least, tried)):
        return rerun
    in_vain: dict[str, str] = {}
    kept = Factor("only a log that is kept", case.config, reveals="log-discarded")
    said = Outcome(alive=False, exit_code=same.exit_code, text=case.text)
    hint = _revealed(case, kept, same, said, tried) if case.is_silent else None
    with closing(outcomes(engine, case, changes)) as copies:
        for factor, copy in copies:
            found = noted(factor, copy.result, tried)
            if found:
                rerun = _cured(case, factor, found, tried) or _told(case, factor, found, tried[:-1])
                if rerun:
                    return rerun
                hint = hint or _revealed(case, factor, found, same, tried)
                if factor.cure and not found.is_refused:
                    in_vain[factor.cure.factor] = f"with {factor.name} a copy {found.words}"
            if time.monotonic() - began > BUDGET_SECONDS:
                tried.append("reruns: out of time")
                break
    return replace(hint or Rerun(tried=tried), in_vain=in_vain)


def _command(case: Case, factor: Factor) -> str:
    if factor.without:
        return f"docker run --rm ... {case.config.image}  # without {factor.without}"
    if "IMAGE" in factor.flags:
        return f"docker run --rm {factor.flags.replace('IMAGE', case.config.image)}"
    return f"docker run --rm {factor.flags} {case.config.image}"


def _cured(case: Case, factor: Factor, found: Outcome, tried: list[str]) -> Rerun | None:
    better = found.alive or (found.exit_code == 0 and case.exit_code != 0)
    cure = factor.cure
    if not better or cure is None:
        return None
    fared = f"with {factor.name} a copy {found.words}"
    shown = f"{fared}; without it, the copy exits with {case.exit_code}"
    return _proof(case, factor, cure, f"{cure.text}: {fared}", shown, tried[:-1])


def _told(case: Case, factor: Factor, found: Outcome, tried: list[str]) -> Rerun | None:
    """Read what the exit code of a copy means."""
    cure = None if found.alive else factor.endings.get(found.exit_code)
    if cure is None:
        return None
    return _proof(case, factor, cure, cure.text, f"with {factor.name} a copy {found.words}", tried)


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
        evidence=(Evidence("rerun", _command(case, factor), shown),),
        tried=tried,
    )


def _revealed(
    case: Case, factor: Factor, found: Outcome, same: Outcome, tried: list[str]
) -> Rerun | None:
    """Return what a copy printed that the container did not."""
    new = [line for line in found.text.splitlines() if line.strip() and line not in same.text]
    if factor.reveals == "usage-printed":
        return _usage(case, factor, new, tried)
    if not factor.reveals or not new or found.alive:
        return None
    words = new[-1].strip()
    if factor.reveals == "output-thrown-away":
        take_in(case, replace(case.seen, unheard=tuple(new[-UNHEARD:])))  # causes may know it
    text = (
        f"a script exits with {found.exit_code} at: {words.lstrip('+ ')}"
        if factor.reveals == "errexit"
        else f"its output was lost; with {factor.name} it prints: {words[:300]}"
    )
    return Rerun(
        factor.reveals,
        "process",
        text,
        REVEALED[factor.reveals],
        commands=(_command(case, factor),),
        evidence=(Evidence("rerun", _command(case, factor), "\n".join(new[-5:])),),
        tried=tried,
    )


def _usage(case: Case, factor: Factor, lines: list[str], tried: list[str]) -> Rerun | None:
    """Return what a program requires by its own `--help`; None if that names no argument."""
    usage = next((line.strip() for line in lines if USAGE.match(line)), "")
    asks = REQUIRED.search(OPTIONAL.sub("", usage)) or next(filter(COMMANDS.match, lines), "")
    if not usage or not asks:
        return None
    return Rerun(
        factor.reveals,
        "process",
        f"it is started without arguments, and ends without a word; its --help says: {usage[:200]}",
        REVEALED[factor.reveals],
        commands=(_command(case, factor),),
        evidence=(Evidence("rerun", _command(case, factor), "\n".join(lines[:5])),),
        tried=tried,
    )
