"""Copies that run because a file was put into them at all, and not because of what was changed.

It is newer than the container's file, and what is around it in a mount is a copy, too. So another
copy gets the container's own file in the same way: if that one runs as well, nothing is shown.
"""

from dataclasses import replace

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.files import resolved
from scaffolder.docker.client import Engine, EngineError

from .copies import run
from .factor import Factor
from .further import is_better


def runs_as_it_was(engine: Engine, case: Case, factor: Factor, tried: list[str]) -> bool:
    """Tell whether a copy also runs with the container's own files in the place of changed ones.

    That is added to what is told of the copy with the changed ones, the last that was `tried`.
    """
    control = _as_it_was(case, factor)
    if control is None:
        return False
    try:
        found = run(engine, case, control)
    except EngineError:
        return False
    if not is_better(case, found):
        return False
    tried[-1] += f", but another one with {' and '.join(factor.files)} as it was, too: no proof"
    return True


def _as_it_was(case: Case, factor: Factor) -> Factor | None:
    """Return the factor without its change; None if it adds a file, or is about something else."""
    if not factor.files or factor.folder != "/":
        return None
    entries = [resolved(case.files, path) for path in factor.files]
    known = [entry for entry in entries if entry and entry.kind == "file"]
    contents = [case.files.content(entry.path, entry.size + 1) for entry in known]
    if len(known) < len(entries) or None in contents:
        return None
    first = known[0]
    return replace(
        factor,
        files=dict(zip(factor.files, contents, strict=True)),
        mode=first.mode & 0o7777,
        owner=(first.uid, first.gid),
    )
