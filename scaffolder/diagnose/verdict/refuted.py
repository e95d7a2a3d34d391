"""What copies show of one variable, key or text that is to blame: of this one, and of no other."""

import re
from dataclasses import replace

from scaffolder.diagnose.causes.catalogue import Basis, Cause, Found

from .rerun import Rerun

GIVEN = {
    "variable": re.compile(r"rerun with the variable (?P<name>\w+): (?P<how>.+)"),
    "key": re.compile(r"rerun with \S+ renamed to (?P<name>\S+) in \S+: (?P<how>.+)"),
    "utf-8": re.compile(r"rerun with (?P<name>\S+) in UTF-8: (?P<how>.+)"),
}
"""What is told of a copy that got one, by its factor."""


def refuted_last(found: list[tuple[Cause, Found]], rerun: Rerun) -> list[tuple[Cause, Found]]:
    """Put a variable that is said to be missing last, if a copy that has it ends all the same.

    So is a key that is said to be misspelled, and a text that is said to be in no UTF-8. Where the
    copy gets further with it, and ends over something else, that is missing as well.
    """
    cause, hit = found[0]
    further = {name for name, words in rerun.further.items() if _names(hit.text, _given(words))}
    forms = [form for name, form in GIVEN.items() if name in cause.cured_by and name not in further]
    fared = (form.match(line) for form in forms for line in rerun.tried)
    vain = next((m for m in fared if m and _names(hit.text, m["name"])), None)
    if vain is None or hit.proven:
        return found
    text = f"{hit.text}; but a copy with it {vain['how']} all the same"
    doubted = replace(hit, text=text, basis=Basis.HINT)
    return [*found[1:], (cause, doubted)]


def _given(words: str) -> str:
    """Return which variable a copy was given, as that is told."""
    match = re.match(r"with the variable (\w+)", words)
    return match[1] if match else "\n"


def _names(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def is_of(rerun: Rerun, pair: tuple[Cause, Found]) -> bool:
    """Tell whether a cure is that of a cause: of one variable it says nothing about another."""
    given = re.search(r"\bthe variable (\w+)", rerun.text) if rerun.factor == "variable" else None
    is_other = given is not None and not _names(pair[1].text, given[1])
    return rerun.factor in pair[0].cured_by and not is_other
