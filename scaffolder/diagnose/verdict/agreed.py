"""Copies in which two processes have the same path for what one makes and the other looks for."""

from collections.abc import Iterator
from dataclasses import replace

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.beside import place
from scaffolder.text import quoted

from .cures import Cure
from .factor import Factor

AGREED = Cure(
    "elsewhere",
    "file-elsewhere",
    "environment",
    "one process looks for what another one makes in another directory",
    "",
    proves=True,
    is_exact=True,
)


def agreed(case: Case) -> Iterator[Factor]:
    """Give the variable that has one of two paths the other one."""
    found = case.seen.beside
    if found is None:
        return
    sought, made = place(found[0]), found[1].made or place(found[1])
    for name, value in case.config.env.items():
        other = {made: sought, sought: made}.get(value)
        if other:
            given = f"{name}={other}"
            yield Factor(
                given,
                replace(case.config, env={**case.config.env, name: other}),
                flags=f"-e {quoted(given)}",
                cure=replace(AGREED, fix=f"set {given}, so that both have the same path"),
            )
