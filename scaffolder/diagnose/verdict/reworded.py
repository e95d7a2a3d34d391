"""Values in other words: which one a program does not take, found with few copies.

A program that reads a value, and ends because it is no duration, no address or no yes to it, makes
no call that fails. So copies get other spellings of what it was given: of all its variables at
once, then of fewer, until one is left; and where no spelling helps, one variable less.
"""

import errno
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from itertools import chain, islice

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, causes
from scaffolder.diagnose.causes.silence.claims import is_meant_to_serve
from scaffolder.diagnose.causes.silence.readings import named_variables, natives
from scaffolder.diagnose.causes.silence.vocabulary import listed, words
from scaffolder.diagnose.causes.variables.quoted import quoted
from scaffolder.diagnose.causes.variables.usual import USUAL
from scaffolder.diagnose.evidence.arguments import arguments
from scaffolder.diagnose.evidence.log_search import last_words
from scaffolder.diagnose.programs import own_arguments
from scaffolder.diagnose.programs.built import other_schemes
from scaffolder.docker.client import Engine

from .copies import Outcome, noted, tried_with
from .cures import OTHER_VALUE
from .factor import Factor
from .further import is_better
from .judgement import PROVEN, Judgement
from .left_out import is_cure
from .read_settings import read_settings, respelled
from .rewording import Named, Values, factor_of, meant, place, value_of
from .side_by_side import outcomes
from .spellings import WORD, is_answer, sample
from .unset import MOST_UNSET

HOW = {
    "undetermined", "none", "config-malformed", "variable-missing", "script-guard", "rust-panic",
    "go-panic", "aborted", "segfault", "assertion", "mount-hides-files",
}  # fmt: skip
"""Answers that leave open which value a program did not take, as all do that nobody names."""
MOST_VARIABLES = 8
MOST_COPIES = 16
MANY = 16
"""How many unset variables are given at once."""
NONSENSE = "not-a-value"
"""What no program takes for a number, an address, a yes or one of its words."""


def is_open(case: Case, before: Judgement | None) -> bool:
    """Tell whether a program may have ended over the spelling of a value: nothing else is known."""
    named = {cause.id for cause in causes() if cause.basis < Basis.INFERRED} - HOW
    if before and (before.cause in named or before.verdict == PROVEN):
        return False
    if not case.exit_code and not is_meant_to_serve(case):
        return False
    call = case.seen.failed_call or case.seen.gave_up
    is_asked = call is not None and (call.is_network or call.error != errno.ENOENT)
    return not is_asked and not case.seen.reads_nothing


def reworded(
    engine: Engine, case: Case, tried: list[str], is_over: Callable[[], bool]
) -> tuple[Factor, Outcome] | None:
    """Return the fewest values that are to be written otherwise for a copy to run, and that copy.

    None if no copy runs.
    """
    asked: list[Values] = []

    def changes() -> Iterator[Factor]:
        for values in _changes(case, _taken(case)):
            asked.append(values)
            yield factor_of(case, values)

    with closing(outcomes(engine, case, changes())) as copies:
        for number, (factor, copy) in enumerate(copies):
            found = noted(factor, copy.result, tried)
            if found and is_cure(case, asked[number], found):
                best = asked[number], found
                break
            if is_over():
                return None
        else:
            return None
    weighed = _weighed(engine, case, *_fewest(engine, case, best, tried), tried)
    if weighed:  # its line comes last, as that of any cure
        tried.sort(key=lambda line: line.startswith(f"rerun {weighed[0].changed}: "))
    return weighed


def _taken(case: Case) -> dict[Named, str]:
    """Return the values that a program may read: first those that it names, and the container's.

    Its arguments come after its variables, and then the files that it read last.
    """
    theirs = case.image.env if case.image else {}
    set_ = {n: v for n, v in case.config.env.items() if v and not USUAL.fullmatch(n)}
    texts = [item.script.text.encode() for item in case.launched if item.script]
    texts += [data for _path, data, _elf in natives(case)]

    def rank(name: str) -> tuple[bool, bool]:
        return not any(name.encode() in text for text in texts), theirs.get(name) == set_[name]

    found: dict[Named, str] = {n: set_[n] for n in sorted(set_, key=rank)[:MOST_VARIABLES]}
    own = arguments(case.config.argv, own_arguments.begin(case.config.argv, case.config.env))
    found |= {other: other.value for other in own[:MOST_VARIABLES]}
    return found | {setting: setting.value for setting in read_settings(case)}


def _changes(case: Case, values: Mapping[Named, str]) -> Iterator[Values]:
    """Return what copies get: other spellings of all, then of each, then one value less.

    What ended with 0 may have been told to do one job: then a word, or a yes, is all there is.
    """
    may_be_job = not case.exit_code
    known = words(case) | (listed(case) - set(values.values()))  # which it names as well
    others = {
        named: [*_as_built(case, value), *respelled(named, value, known)]
        for named, value in values.items()
        if not may_be_job or is_answer(value) or WORD.fullmatch(value)
    }
    rounds = max((len(found) for found in others.values()), default=0)
    at_once: list[Values] = [
        {n: found[k] for n, found in others.items() if len(found) > k} for k in range(rounds)
    ]
    each = (part for group in at_once if len(group) > 1 for part in _parts(group))
    theirs = case.image.env if case.image else {}  # docker run cannot unset these
    is_known = may_be_job or case.seen.failed_call or case.seen.gave_up
    without: list[Values] = [{n: None} for n in values if n not in theirs and not is_known]
    without = without[:MOST_VARIABLES]
    sets = islice(chain(at_once, each), MOST_COPIES - len(without))
    unset: list[Values] = [] if may_be_job else [{name: sample(name) for name in _unset(case)}]
    first = list(_named(case, values, others))
    rest = (changed for changed in chain(unset, sets) if changed and changed not in first)
    return chain(first, rest, without)


def _named(
    case: Case, values: Mapping[Named, str], others: Mapping[Named, list[str]]
) -> Iterator[Values]:
    """Yield other spellings of what a program names in its last words, which nobody hears."""
    told = [*filter(str.strip, case.seen.unheard)]
    words = last_words(told) or next(reversed(told), "")
    for named in quoted(values, words):
        yield from ({named: other} for other in others.get(named, ()))


def _as_built(case: Case, value: str) -> Iterator[str]:
    """Return what a value may be for a program that was built without what it asks for."""
    for _path, data, _elf in natives(case):
        yield from other_schemes(data, value)


def _parts(group: Values) -> Iterator[Values]:
    """Return a quarter after the other, where there are many, and then one after the other.

    Another spelling may break what had a good one; a part has fewer of those.
    """
    changed = list(group.items())
    quarter = -(-len(changed) // 4)
    for size in sorted({1, quarter}, reverse=True):
        yield from (dict(changed[at : at + size]) for at in range(0, len(changed), size))


def _unset(case: Case) -> list[str]:
    """Return what programs name and nothing sets, where that is more than is tried one by one."""
    names = [name for name, _by, _required in named_variables(case, MANY)]
    return [n for n in names if not USUAL.fullmatch(n)] if len(names) > MOST_UNSET else []


def _fewest(
    engine: Engine, case: Case, best: tuple[Values, Outcome], tried: list[str]
) -> tuple[Values, Outcome]:
    """Halve what was changed as long as a copy runs with a half of it."""
    changed = list(best[0].items())
    half = len(changed) // 2
    for part in (changed[:half], changed[half:]) if half else ():
        found = tried_with(engine, case, factor_of(case, dict(part)), tried)
        if found and is_better(case, found):
            return _fewest(engine, case, (dict(part), found), tried)
    return best


def _weighed(
    engine: Engine, case: Case, changed: Values, found: Outcome, tried: list[str]
) -> tuple[Factor, Outcome] | None:
    """Ask whether the spelling is to blame, or what the value means.

    A copy also runs with what no program can read where the program takes the value, and ends over
    what it stands for; a job that has ended with 0 was told so.
    """
    factor = factor_of(case, changed)
    is_given = all(value_of(case, named) is not None for named in changed)
    if None in changed.values() or factor.cure is None or not is_given:
        return factor, found
    control = factor_of(case, dict.fromkeys(changed, NONSENSE))
    ran = tried_with(engine, case, control, tried)
    if ran and not is_better(case, ran):
        return factor, found
    if not case.exit_code:
        return None
    text = f"the program ends over {meant(case, changed)}"
    fix = f"check what {' and '.join(map(place, changed))} leads it to"
    cure = replace(OTHER_VALUE, text=text, fix=fix, proves=False)
    return (replace(control, cure=cure), ran) if ran else (replace(factor, cure=cure), found)
