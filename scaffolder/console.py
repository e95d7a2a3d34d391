"""The one way to print: messages on stderr, data on stdout, color and questions on a terminal.

Whatever is written passes `text`: what others wrote cannot move a terminal, or hide in it.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import click

from . import streams, text
from .errors import ScaffoldError
from .spinner import progress, stop_progress

__all__ = ["progress", "stop_progress"]

YES = "viscaffold.yes"
"""Where click keeps, for the time of a command, that `--yes` was typed."""

UNATTENDED = (
    *("CI", "BUILDKITE", "CODEBUILD_BUILD_ID", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL"),
    *("TEAMCITY_VERSION", "TF_BUILD"),
)
"""Variables that tell of a machine where nobody types, although it may have a terminal."""


@dataclass(frozen=True)
class Styled:
    """A part of a line with a style of its own."""

    text: str
    color: str | None = None
    bold: bool = False
    dim: bool = False

    def __str__(self) -> str:
        """Return it with the codes of its style, which are stripped where no terminal is."""
        plain = text.printable_lines(self.text)
        return click.style(plain, fg=self.color, bold=self.bold or None, dim=self.dim or None)


Part = str | Styled


def bold(words: str) -> Styled:
    """Return a part in bold."""
    return Styled(words, bold=True)


def say(*parts: Part) -> None:
    """Write a message for the person to stderr; nothing depends on its being read."""
    stop_progress()
    try:
        click.echo(_joined(parts), err=True)
    except OSError:  # closed or full: the exit code tells
        streams.discard(sys.stderr)


def warn(text: str) -> None:
    """Write a warning for the person to stderr."""
    say(Styled("!", "yellow"), f" {text}")


def failure(error: ScaffoldError) -> None:
    """Write what went wrong to stderr, and what to type next."""
    say(Styled("Error: ", "red", bold=True), error.message)
    if error.hint:
        say(f"Try: {error.hint}")


class Terminal:
    """The reporter of commands: notes on stderr, progress on a terminal."""

    def note(self, text: str) -> None:
        """Write it to stderr."""
        say(text)

    def progress(self, label: str) -> AbstractContextManager[None]:
        """Turn a spinner."""
        return progress(label)


TERMINAL = Terminal()


def out(*parts: Part) -> None:
    """Write a line of what was asked for to stdout; raise OSError if it cannot be."""
    stop_progress()
    click.echo(_joined(parts))


def data(value: object) -> None:
    """Write a JSON document to stdout; raise as `out`."""
    stop_progress()
    click.echo(text.as_json(value))


def patch(diff: bytes) -> None:
    """Write a patch to stdout: byte by byte, but to a terminal printable and in color."""
    stop_progress()
    if sys.stdout.isatty():
        for line in diff.decode(errors="surrogateescape").splitlines():
            click.echo(_colored(text.printable_patch(line)))
        return
    try:
        click.echo(diff.decode(), nl=False)
    except UnicodeDecodeError:
        click.echo(diff, nl=False)


def next_steps(steps: Sequence[str]) -> None:
    """Write numbered next steps."""
    say("\nNext:")
    for number, step in enumerate(steps, start=1):
        say(f"  {number}. {step}")


@contextmanager
def reporting(outcome: str = "It is done") -> Iterator[None]:
    """Report an outcome: a report that cannot be written does not make it another."""
    try:
        yield
    except OSError as error:
        if not streams.is_lost(error):
            raise
        streams.discard(sys.stdout)
        say(f"{outcome}, but stdout cannot be written to: {error.strerror}")


def wants_color() -> bool | None:
    """Return False where color is unwanted, None where a terminal decides (no-color.org)."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def interactive() -> bool:
    """Tell whether somebody is there to answer, and wants to be asked."""
    terminal = streams.is_terminal(sys.stdin) and streams.is_terminal(sys.stderr)
    unattended = any(os.environ.get(name, "").lower() not in ("", "0", "false")
                     for name in UNATTENDED)  # fmt: skip
    context = click.get_current_context(silent=True)
    asks_nothing = context is not None and context.find_root().meta.get(YES)
    return terminal and not unattended and not asks_nothing


def ask(question: str, choices: Sequence[str] = (), default: str | None = None) -> str:
    """Ask for a text, or for one of some choices; only where it is `interactive`."""
    stop_progress()
    words = text.printable(question)
    if choices:
        words += f" ({', '.join(map(text.printable, choices))})"
    kind = click.Choice([*map(str, choices)]) if choices else None
    return str(click.prompt(words, type=kind, default=default, show_choices=False, err=True))


def confirm(question: str) -> bool:
    """Ask for yes or no, which is the default; only where it is `interactive`."""
    stop_progress()
    return click.confirm(text.printable(question), err=True)


def _joined(parts: Sequence[Part]) -> str:
    return "".join(
        str(part) if isinstance(part, Styled) else text.printable_lines(part) for part in parts
    )


def _colored(line: str) -> str:
    if line.startswith(("diff ", "index ", "--- ", "+++ ")):
        return click.style(line, bold=True)
    colors = {"@": "cyan", "+": "green", "-": "red"}
    return click.style(line, fg=colors[line[0]]) if line[:1] in colors else line
