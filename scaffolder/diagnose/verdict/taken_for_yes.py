"""A variable that says no, and that a program takes for a yes because it is set at all."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence, ended, inspected
from scaffolder.diagnose.causes.variables.usual import USUAL
from scaffolder.docker.client import Engine

from .copies import tried_with
from .cures import OTHER_VALUE
from .factor import WITHOUT
from .rerun import Rerun
from .revealed import command
from .rewording import factor_of
from .spellings import NO, NUMBERED

MOST = 3
NOES = {word.lower() for word in NO}
OPPOSITE = "true"


def taken_for_yes(engine: Engine, case: Case, tried: list[str]) -> Rerun | None:
    """Return the variable that says no without which a copy of a silent program keeps running.

    Where another copy that is told yes ends with 0 as well, both words mean the same to the
    program. Otherwise it does what it was told: `LOOP=false` ends a job after its first round. And
    with another status, it may refuse both.
    """
    if case.exit_code or not case.is_silent:
        return None
    theirs = case.image.env if case.image else {}
    own = ((n, v) for n, v in case.config.env.items() if theirs.get(n) != v)
    noes = [n for n, v in own if v.lower() in NOES and not _means_another(n)]
    for name in noes[:MOST]:
        without, yes = factor_of(case, {name: None}), factor_of(case, {name: OPPOSITE})
        found = tried_with(engine, case, without, tried)
        if not found or not found.alive:
            continue
        same = tried_with(engine, case, yes, tried)
        if same and not same.alive and not same.exit_code:
            value = case.config.env[name]
            fared = f"{WITHOUT}{name} a copy {found.words}; with {name}={OPPOSITE} it {same.words}"
            return Rerun(
                OTHER_VALUE.cause,
                OTHER_VALUE.pattern,
                f"{name}={value} does not mean no to the program, which only asks whether {name}"
                f" is set: it does the same with {name}={OPPOSITE} ({fared})",
                f"leave {name} out, or compare its value in the program (to true, 1, yes)",
                cured=True,
                proves=True,
                is_exact=True,
                factor=OTHER_VALUE.factor,
                evidence=(
                    inspected(case, "Config.Env", f"{name}={value}"),
                    Evidence("rerun", command(case, without), fared),
                    ended(case),
                ),
                tried=tried[:-2],
            )
    return None


def _means_another(name: str) -> bool:
    return bool(USUAL.fullmatch(name) or NUMBERED.search(name))
