"""One use of an engine: from what a person named to the answer, leaving nothing behind."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import click

from scaffolder import console
from scaffolder.errors import ExitCode, UsageError

from . import answer, engine, targets, throwaway
from .case import Case
from .engine import Engine
from .judge import HEALTHY, LIKELY, UNDETERMINED, Judgement, judge

HOW = "viscaffold diagnose NAME"
SHOWN = 20


class Session:
    """Diagnoses by one engine."""

    def __init__(self, found: Engine, stack: ExitStack) -> None:
        """Ask `found`; what has to be removed afterwards is put on `stack`."""
        self.engine = found
        self.stack = stack

    def choose(self, target: str | None, service: str | None) -> str:
        """Return the name of what is to be looked at; ask on a terminal if none was given."""
        if target and service:
            raise UsageError(
                "a target and --compose are one too many", f"{HOW}, or --compose SERVICE"
            )
        if service:
            return targets.compose_service(self.engine, service)
        return target or self._ask()

    def _ask(self) -> str:
        found = targets.unwell(self.engine)
        if not found:
            raise UsageError(
                "no container looks unwell, and none was named", f"{HOW}, or the name of an image"
            )
        listed = "\n".join(f"  {name}  {status}" for name, status in found[:SHOWN])
        listed += f"\n  and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        if not sys.stdin.isatty():
            raise UsageError(
                f"no container was named; these look unwell:\n{listed}",
                f"viscaffold diagnose {found[0][0]}",
            )
        console.say(f"These look unwell:\n{listed}")
        names = [name for name, _ in found]
        return str(click.prompt("Which", type=click.Choice(names), default=names[0], err=True))

    def examine(
        self, name: str, *, rerun: bool = False, ask: bool = False
    ) -> tuple[Case, Judgement]:
        """Gather the evidence and judge it."""
        with console.progress(f"looking at {name}"):
            case = targets.case_of(self.engine, name, self.stack)
            judgement = judge(case)
        if judgement.verdict in (LIKELY, UNDETERMINED) and case.kind == "container":
            if not rerun and ask and sys.stdin.isatty() and sys.stderr.isatty():
                rerun = click.confirm(
                    "Not proven. Run isolated copies of it, with one thing changed at a time?",
                    err=True,
                )
            if rerun:
                from .reruns import try_factors

                with console.progress("running copies with one thing changed"):
                    judgement = judge(case, try_factors(self.engine, case))
        return case, judgement

    def diagnose(self, name: str, *, rerun: bool = False, ask: bool = False) -> dict[str, Any]:
        """Return the answer for a container or image."""
        began = time.monotonic()
        case, judgement = self.examine(name, rerun=rerun, ask=ask)
        return answer.document(case, judgement, time.monotonic() - began)


@contextmanager
def opened() -> Iterator[Session]:
    """Find the engine, sweep what a killed process left, and remove in the end what was made."""
    found = engine.find()
    throwaway.sweep(found)
    with ExitStack() as stack:
        yield Session(found, stack)


def exit_code(found: dict[str, Any]) -> int:
    """Return how the command ends."""
    if found["verdict"] == HEALTHY:
        return ExitCode.DONE
    return ExitCode.UNDETERMINED if found["verdict"] == UNDETERMINED else ExitCode.FOUND
