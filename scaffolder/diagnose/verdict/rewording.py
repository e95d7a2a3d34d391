"""Copies that get several values in other words, and how that is told."""

import shlex
from collections.abc import Mapping
from dataclasses import replace
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.config import Mount
from scaffolder.diagnose.evidence.files import mount_around, text
from scaffolder.diagnose.evidence.settings import Setting, written
from scaffolder.redaction_rules import is_secret

from . import cures
from .factor import Factor
from .spellings import FORMS, JSON
from .unset import missing

MOST_NAMED = 2
"""How many values are told one by one."""
Named = str | Setting
"""What has a value: a variable, by its name, or a setting in a file."""
Values = Mapping[Named, str | None]
"""What they are set to; None for one that is left out."""


def factor_of(case: Case, values: Values) -> Factor:
    """Return the change of several values at once."""
    own = case.config.env
    variables = {named: value for named, value in values.items() if isinstance(named, str)}
    env = {n: v for n, v in {**own, **variables}.items() if v is not None}
    files = _files(case, values)
    given = (
        f"-e {n}={'...' if is_secret(n) or n not in own else shlex.quote(v)}"
        for n, v in variables.items()
        if v is not None
    )
    mounted = (f"-v ./{basename(path)}:{shlex.quote(path)}" for path in files)
    return Factor(
        _name(case, values),
        replace(case.config, env=env, mounts=_mounts(case, files)),
        files=files,
        flags=" ".join((*given, *mounted)),
        without=" and ".join(f"-e {n}" for n, v in variables.items() if v is None),
        cure=_cure(case, values),
    )


def _name(case: Case, values: Values) -> str:
    if len(values) <= MOST_NAMED:
        return " and ".join(_told(case, named, value) for named, value in values.items())
    verb = "other values" if all(value_of(case, n) is not None for n in values) else "values"
    return f"{verb} of {', '.join(map(place, values))}"


def value_of(case: Case, named: Named) -> str | None:
    """Return the value that something has; None for a variable that nothing sets."""
    return named.value if isinstance(named, Setting) else case.config.env.get(named)


def _files(case: Case, values: Values) -> dict[str, bytes]:
    """Return the files whose settings are changed, as a copy gets them."""
    changes: dict[str, dict[Setting, str | None]] = {}
    for named, value in values.items():
        if isinstance(named, Setting):
            changes.setdefault(named.path, {})[named] = value
    return {
        path: written(text(case.files, path) or "", new).encode() for path, new in changes.items()
    }


def _mounts(case: Case, files: Mapping[str, bytes]) -> tuple[Mount, ...]:
    """Return the mounts of a copy that gets files, and what these are in for itself."""
    around = {mount_around(path, case.config.mounts): path for path in files}
    return tuple(
        replace(mount, is_own=True) if mount in around else mount
        for mount in case.config.mounts
        if mount.destination not in files
    )


def _told(case: Case, named: Named, value: str | None) -> str:
    """Return what a copy gets, without what would be redacted after the name of a secret."""
    name = place(named)
    if value_of(case, named) is None:
        return f"the variable {name}"
    if value is None:
        return f"no {name}"
    if isinstance(named, Setting):
        if value == named.value:
            return f"{name} {'without' if named.is_quoted else 'in'} quotes"
        return f"another value of {name}" if is_secret(named.name) else f"{value} as {name}"
    return f"another value of {name}" if is_secret(name) else f"{name}={value}"


def place(named: Named) -> str:
    """Return what it is called, for a sentence."""
    return named.where if isinstance(named, Setting) else named


def _cure(case: Case, values: Values) -> cures.Cure:
    names = " and ".join(map(place, values))
    unset = [n for n in values if isinstance(n, str) and n not in case.config.env]
    if unset:
        return missing(unset)
    said = " and ".join(shown(case, named) for named in values)
    if None in values.values():  # a program may do without what is behind a value
        text = f"the program ends over {said}"
        fix = f"correct the value of {names}, or leave it out"
        return replace(cures.OTHER_VALUE, text=text, fix=fix, proves=False)
    given = " and ".join(_advised(named, value or "") for named, value in values.items())
    idle = ", and then has nothing to do" if not case.exit_code else ""
    return replace(
        cures.OTHER_VALUE,
        text=f"the program does not take {said}{idle}",
        fix=f"give {names} a value that it can read, such as {given}",
        is_exact=True,
    )


def _advised(named: Named, value: str) -> str:
    if isinstance(named, Setting) and value == named.value:
        return f"{value} without quotes" if named.is_quoted else f'"{value}", in quotes'
    return FORMS.get(value, value)


def shown(case: Case, named: Named) -> str:
    """Return a value for a sentence; what is to be JSON may hold secrets."""
    value, name = value_of(case, named) or "", named.name if isinstance(named, Setting) else named
    is_hidden = is_secret(name) or value[:1] in JSON
    where = place(named)
    return f"the value that {where} has" if is_hidden else f"the value {value!r} of {where}"
