"""Copies in which a key of a file, or a variable, has the name that the program reads."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby, islice

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.silence.vocabulary import own_sources
from scaffolder.diagnose.causes.variables.called_otherwise import called_otherwise
from scaffolder.diagnose.causes.variables.misspelled import Misspelled, misspelled
from scaffolder.diagnose.evidence.keys import renamed
from scaffolder.diagnose.evidence.sections import in_other_sections, moved

from .cures import Cure
from .factor import Factor, mounted
from .read_settings import can_differ, files_read

MOST = 4
KEY = Cure("key", "key-misspelled", "environment", "", "", proves=True, is_exact=True)


def other_names(case: Case) -> Iterator[Factor]:
    """Give a variable that may be misspelled the name that the program reads."""
    for name, other in called_otherwise(case):
        env = {key: value for key, value in case.config.env.items() if key != name}
        cure = replace(
            KEY,
            cause="variable-misspelled",
            text=f"{name} is set, and the program reads {other}",
            fix=f"pass it under that name: -e {other}=... instead of {name}",
        )
        yield Factor(
            f"{other} instead of {name}",
            replace(case.config, env={**env, other: case.config.env[name]}),
            flags=f"-e {other}=...",
            cure=cure,
        )


def other_keys(case: Case) -> Iterator[Factor]:
    """Move a key into the section where it is read; rename what may be misspelled.

    Each key is renamed by itself, and then all of one file.
    """
    yield from _in_their_sections(case)
    found = [each for each in misspelled(case) if can_differ(case, each.path)]
    for each in found:
        yield with_names(case, [each])
    for _path, group in groupby(found, key=lambda each: each.path):
        first = list({each.key: each for each in reversed(list(group))}.values())
        if len(first) > 1:
            yield with_names(case, first[::-1])


def _in_their_sections(case: Case) -> Iterator[Factor]:
    sources = [source.decode("utf-8", "replace") for source in own_sources(case)]
    for path, content in files_read(case):
        for each in islice(in_other_sections(content, sources), MOST):
            yield Factor(
                f"{each.key} moved to [{each.wanted}] in {path}",
                case.config,
                files={path: moved(content, each).encode()},
                flags=mounted(path),
                cure=replace(
                    KEY,
                    text=f"{path} has `{each.key}` in [{each.section}], and the program reads it in"
                    f" [{each.wanted}]",
                    fix=f"move {each.key} to [{each.wanted}] in {path}",
                ),
            )


def with_names(case: Case, changes: list[Misspelled]) -> Factor:
    """Return a copy in which keys of one file have the names that the program reads."""
    text, path = changes[0].text, changes[0].path
    for each in changes:
        text = renamed(text, each.key, each.name)
    named = " and ".join(f"{each.key} renamed to {each.name}" for each in changes)
    cure = replace(
        KEY,
        text="; ".join(each.words for each in changes),
        fix=f"rename {'it' if len(changes) == 1 else 'them'} in {path}: "
        + ", ".join(f"{each.name} instead of {each.key}" for each in changes),
    )
    return Factor(
        f"{named} in {path}",
        case.config,
        files={path: text.encode()},
        flags=mounted(path),
        cure=cure,
    )
