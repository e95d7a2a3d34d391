"""Copies that get several values in other words, and how that is told."""

import shlex
from collections.abc import Mapping
from dataclasses import replace

from scaffolder.diagnose.case import Case
from scaffolder.redaction_rules import is_secret

from . import cures
from .factor import Factor
from .spellings import FORMS, JSON
from .unset import missing

Values = Mapping[str, str | None]
"""What variables are set to; None for one that is left out."""


def factor_of(case: Case, values: Values) -> Factor:
    """Return the change of several values at once."""
    env = {n: v for n, v in {**case.config.env, **values}.items() if v is not None}
    own = case.config.env
    told = [_told(n, v) if n in own else f"the variable {n}" for n, v in values.items()]
    return Factor(
        " and ".join(told),
        replace(case.config, env=env),
        flags=" ".join(
            f"-e {n}={'...' if is_secret(n) or n not in own else shlex.quote(v)}"
            for n, v in values.items()
            if v is not None
        ),
        without=" and ".join(f"-e {n}" for n, v in values.items() if v is None),
        cure=_cure(case, values),
    )


def _told(name: str, value: str | None) -> str:
    """Return what a copy gets, without what would be redacted after the name of a secret."""
    if value is None:
        return f"no {name}"
    return f"another value of {name}" if is_secret(name) else f"{name}={value}"


def _cure(case: Case, values: Values) -> cures.Cure:
    names = " and ".join(values)
    if values.keys() - case.config.env.keys():
        return missing(list(values))
    said = " and ".join(shown(case, name) for name in values)
    if None in values.values():  # a program may do without what is behind a value
        text = f"the program ends over {said}"
        fix = f"correct the value of {names}, or leave it out"
        return replace(cures.OTHER_VALUE, text=text, fix=fix, proves=False)
    given = " and ".join(FORMS.get(value or "", str(value)) for value in values.values())
    idle = ", and then has nothing to do" if not case.exit_code else ""
    return replace(
        cures.OTHER_VALUE,
        text=f"the program does not take {said}{idle}",
        fix=f"give {names} a value that it can read, such as {given}",
        is_exact=True,
    )


def shown(case: Case, name: str) -> str:
    """Return a value for a sentence; what is to be JSON may hold secrets."""
    value = case.config.env[name]
    is_hidden = is_secret(name) or value[:1] in JSON
    return f"the value that {name} has" if is_hidden else f"the value {value!r} of {name}"
