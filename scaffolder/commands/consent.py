"""`--trust`, and a question on the terminal without it: who decides about templates of others."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from scaffolder import console

Command = TypeVar("Command", bound=Callable[..., Any])


class Consent:
    """The trust policy of a command: `--trust` agrees; otherwise a person is asked, if any."""

    def __init__(self, *, given: bool) -> None:
        """Start with whether `--trust` was typed."""
        self.given = given
        self._contacted: set[str] = set()
        self._warned: set[str] = set()

    def may_agree(self) -> bool:
        """Tell whether somebody has agreed, or is there to."""
        return self.given or console.interactive()

    def contact(self, place: str) -> bool:
        """Ask before a server is contacted, once for each."""
        if self.given or place in self._contacted:
            return True
        if not console.interactive():
            return False
        console.say(f"This fetches a template from {place} for the first time.")
        if not console.confirm("Contact that server?"):
            return False
        self._contacted.add(place)
        return True

    def agree(self, place: str, about: Sequence[str]) -> bool:  # noqa: ARG002 - `about` has it
        """Show what a template holds, and ask."""
        for line in about:
            console.say(line)
        return self.given or (
            console.interactive() and console.confirm("Trust it, in this version and later ones?")
        )

    def warn(self, text: str) -> None:
        """Say it once."""
        if text not in self._warned:
            console.warn(text)
        self._warned.add(text)


def trust_option(command: Command) -> Command:
    """Add `--trust`, for commands that may meet a template of others for the first time.

    The command gets a `Consent` as `trust`.
    """
    return click.option(
        "--trust", is_flag=True, callback=_consent,
        help="Trust the templates that are used here for the first time.",
    )(command)  # fmt: skip


def _consent(_context: click.Context, _option: click.Parameter, given: bool) -> Consent:  # noqa: FBT001 - click's signature
    return Consent(given=given)
