"""Copies that get several values in other words, and how that is told."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.built import not_built
from scaffolder.diagnose.causes.silence.readings import natives
from scaffolder.diagnose.causes.variables.quoted import quoted
from scaffolder.diagnose.evidence.arguments import Argument, rewritten
from scaffolder.diagnose.evidence.config import Config
from scaffolder.diagnose.evidence.files import text
from scaffolder.diagnose.evidence.settings import Setting, written
from scaffolder.diagnose.programs.built import form_without, other_schemes
from scaffolder.redaction_rules import is_secret

from . import cures
from .factor import WITHOUT, Factor, mounted
from .spellings import FORMS, JSON
from .unset import missing

LINE = ("\n", "\r")
END = ", with the line break at its end"
STRIPPED = "the same without the line break at its end (printf %s VALUE >FILE)"
MOST_NAMED, MOST_LISTED = 2, 8
"""How many values are told one by one, and of how many the names are told."""
Named = str | Setting | Argument
"""What has a value: a variable, by its name, a setting in a file, or an argument."""
Values = Mapping[Named, str | None]
"""What they are set to; None for one that is left out."""


def factor_of(case: Case, values: Values) -> Factor:
    """Return the change of several values at once."""
    own = case.config.env
    variables = {named: value for named, value in values.items() if isinstance(named, str)}
    env = {n: v for n, v in {**own, **variables}.items() if v is not None}
    files = _files(case, values)
    arguments = {named: value for named, value in values.items() if isinstance(named, Argument)}
    argv = rewritten(case.config.argv, arguments)
    config = replace(case.config, env=env)
    given = (
        f"-e {n}={'...' if is_secret(n) or n not in own else shlex.quote(v)}"
        for n, v in variables.items()
        if v is not None
    )
    return Factor(
        _name(case, values),
        replace(config, entrypoint=(), command=argv) if arguments else config,
        files=files,
        flags=" ".join((*given, *map(mounted, files), *_typed(case.config, argv))),
        without=" and ".join(f"-e {n}" for n, v in variables.items() if v is None),
        cure=_cure(case, values),
    )


def _typed(config: Config, argv: tuple[str, ...]) -> Iterator[str]:
    """Return the command as it stands after the image, if it is another one."""
    if argv != config.argv:
        kept = len(config.entrypoint) if argv[: len(config.entrypoint)] == config.entrypoint else 0
        yield from () if kept or not config.entrypoint else ("--entrypoint", shlex.quote(argv[0]))
        yield f"IMAGE {shlex.join(argv[kept or bool(config.entrypoint) :])}"


def _name(case: Case, values: Values) -> str:
    if len(values) <= MOST_NAMED:
        return " and ".join(_told(case, named, value) for named, value in values.items())
    verb = "other values" if all(value_of(case, n) is not None for n in values) else "values"
    listed = ", ".join(map(place, list(values)[:MOST_LISTED]))
    more = len(values) - MOST_LISTED
    return f"{verb} of {listed}" + (f" and {more} more" if more > 0 else "")


def value_of(case: Case, named: Named) -> str | None:
    """Return the value that something has; None for a variable that nothing sets."""
    return case.config.env.get(named) if isinstance(named, str) else named.value


def _files(case: Case, values: Values) -> dict[str, bytes]:
    """Return the files whose settings are changed, as a copy gets them."""
    changes: dict[str, dict[Setting, str | None]] = {}
    for named, value in values.items():
        if isinstance(named, Setting):
            changes.setdefault(named.path, {})[named] = value
    return {
        path: written(text(case.files, path) or "", new).encode() for path, new in changes.items()
    }


def _told(case: Case, named: Named, value: str | None) -> str:
    """Return what a copy gets, without what would be redacted after the name of a secret."""
    name = place(named)
    if value_of(case, named) is None:
        return f"the variable {name}"
    if value is None:
        return f"{WITHOUT}{name}"
    if isinstance(named, Setting) and value == named.value and not named.is_whole:
        return f"{name} {'without' if named.is_quoted else 'in'} quotes"
    if isinstance(named, Setting) and named.is_whole:
        is_stripped = value == named.value.strip()
        return f"{name} without a line break" if is_stripped else f"another content of {name}"
    if is_secret(key(named)):
        return f"another value of {name}"
    return f"{name}={value}" if isinstance(named, str) else f"{value} as {name}"


def place(named: Named) -> str:
    """Return what it is called, for a sentence."""
    return named if isinstance(named, str) else named.where


def key(named: Named) -> str:
    """Return its name as a variable would have it, which tells what its value is about."""
    if isinstance(named, str):
        return named
    return named.key if isinstance(named, Argument) else named.name.rpartition(".")[2]


def _cure(case: Case, values: Values) -> cures.Cure:
    names = " and ".join(map(place, values))
    unset = [n for n in values if isinstance(n, str) and n not in case.config.env]
    if unset:
        return missing(unset)
    said = " and ".join(shown(case, named) for named in values)
    if None in values.values():  # a program may do without what is behind a value
        text = f"the program ends over {said}{_says(case, values)}"
        fix = f"correct the value of {names}, or leave it out"
        given = " ".join(value_of(case, named) or "" for named in values)
        word, told, where = not_built(case, given)
        if word:
            text += f", and was built without {word}: `{told[:120]}` is in {where}"
            by = (
                "--features, ./configure" if where == "its texts" else "as its build switches it on"
            )
            fix = f"build it with {word} ({by}), or give {names} another value"
        return replace(cures.OTHER_VALUE, text=text, fix=fix, proves=False)
    given = " and ".join(_advised(named, value or "") for named, value in values.items())
    says = _says(case, values)
    idle = ", and then has nothing to do" if not case.exit_code else ""
    fix = f"give {names} a value that it can read, such as {given}"
    word = _as_built(case, values)
    if word:
        fix = f"build it with {word} (a feature, ./configure, a define), or {fix}"
    return replace(
        cures.AS_BUILT if word else cures.OTHER_VALUE,
        text=f"the program does not take {said}{idle}{says}",
        fix=fix,
        is_exact=True,
    )


def _says(case: Case, values: Values) -> str:
    """Return what a program says of these values where nobody hears it; empty if nothing."""
    own = {named: value_of(case, named) or "" for named in values}
    told = next((line for line in reversed(case.seen.unheard) if quoted(own, line)), "").strip()
    return f", which it tells nobody (`{told[:200]}`)" if told else ""


def _as_built(case: Case, values: Values) -> str:
    """Return what a program was built without, if one value asks for it, and a copy no longer."""
    for named, value in values.items() if len(values) == 1 else ():
        own = value_of(case, named) or ""
        for _path, data, _program in natives(case):
            if value in other_schemes(data, own):
                return form_without(data, own)[0]
    return ""


def _advised(named: Named, value: str) -> str:
    if isinstance(named, Setting) and named.is_whole:
        return STRIPPED if value == named.value.strip() else FORMS.get(value, "another one")
    if isinstance(named, Setting) and value == named.value:
        return f"{value} without quotes" if named.is_quoted else f'"{value}", in quotes'
    return FORMS.get(value, value)


def shown(case: Case, named: Named) -> str:
    """Return a value for a sentence; what is to be JSON may hold secrets."""
    value = value_of(case, named) or ""
    if isinstance(named, Setting) and named.is_whole:
        return f"what {named.path} has{END if value.endswith(LINE) else ''}"
    is_hidden = is_secret(key(named)) or value[:1] in JSON
    where = place(named)
    return f"the value that {where} has" if is_hidden else f"the value {value!r} of {where}"


def meant(case: Case, values: Values) -> str:
    """Return what a program ends over that has read these values, and takes them."""
    whole = [named.path for named in values if isinstance(named, Setting) and named.is_whole]
    others = [n for n in values if not (isinstance(n, Setting) and n.is_whole)]
    stand = "stands for" if len(others) == 1 else "stand for"
    said = " and ".join(shown(case, named) for named in others)
    found = [*([f"what {said} {stand}"] if others else []), *(f"what is in {p}" for p in whole)]
    return " and ".join(found)
