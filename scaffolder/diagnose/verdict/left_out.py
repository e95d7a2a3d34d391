"""Copies that lack an argument: whether one that ends with 0 has done its work."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.arguments import Argument
from scaffolder.diagnose.programs import own_arguments
from scaffolder.diagnose.programs.usage import BEGINS

from .copies import Outcome
from .further import is_better
from .rewording import Values, factor_of


def is_cure(case: Case, values: Values, found: Outcome) -> bool:
    """Tell whether a copy does better by other values, and not by having nothing to do.

    One that lacks all its arguments, or only prints how it is used, ends with 0 as well.
    """
    left_out = [
        each for each, value in values.items() if value is None and isinstance(each, Argument)
    ]
    if not is_better(case, found) or found.alive or not left_out:
        return is_better(case, found)
    argv = factor_of(case, values).config.argv
    has_arguments = len(argv) > own_arguments.begin(argv, case.config.env)
    return has_arguments and not any(map(BEGINS.match, found.text.splitlines()))
