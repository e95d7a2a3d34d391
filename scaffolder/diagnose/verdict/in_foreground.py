"""Copies of a program that goes into the background, in which a setting has it stay."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.variables.misspelled import misspelled
from scaffolder.diagnose.causes.variables.usual import USUAL

from . import cures
from .factor import Factor
from .read_settings import can_differ, read_settings
from .renamed import with_names
from .rewording import Named, factor_of, key, shown, value_of
from .spellings import NO, YES, is_answer

MOST = 4
STAYS = re.compile(r"foreground|no_?-?daemon|no_?-?fork|no_?-?detach", re.IGNORECASE)
LEAVES = re.compile(r"daemon|background|detach|fork", re.IGNORECASE)
BACKGROUND = replace(cures.OTHER_VALUE, cause="daemonises", pattern="process", is_exact=True)


def in_foreground(case: Case) -> Iterator[Factor]:
    """Answer the settings that are about the background the other way; rename one that is meant."""
    env = [name for name in case.config.env if not USUAL.fullmatch(name)]
    named: tuple[Named, ...] = (*read_settings(case), *env)
    about = (each for each in named if STAYS.search(key(each)) or LEAVES.search(key(each)))
    for each in islice(about, MOST):
        value = value_of(case, each) or ""
        stays = bool(STAYS.search(key(each)))
        if is_answer(value) and (value.lower() in YES) != stays:
            other = _contrary(value)
            yield replace(
                factor_of(case, {each: other}),
                cure=replace(
                    BACKGROUND,
                    text=f"{shown(case, each)} sends the program into the background, so the"
                    " container stops, and the program with it",
                    fix=f"set it to {other}: the first process of a container has to stay",
                ),
            )
    for wrong in misspelled(case):
        factor = with_names(case, [wrong])
        if STAYS.search(wrong.name) and can_differ(case, wrong.path) and factor.cure:
            goes = "; so it goes into the background, and the container stops with it"
            text = f"{factor.cure.text}{goes}"
            yield replace(factor, cure=replace(factor.cure, text=text))


def _contrary(value: str) -> str:
    """Return the other answer, in the words of this one."""
    words, others = (YES, NO) if value.lower() in YES else (NO, YES)
    known = dict(zip(words, others, strict=True))
    return known.get(value) or known[value.lower()]
