"""Questions on a terminal, one after the other, with a way back to the one before.

They are written to stderr, and everything in them is made printable. What draws them takes a
quarter of a second to import, and few commands ask.
"""

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from . import console
from .text import printable

if TYPE_CHECKING:
    from questionary import Question
    from questionary.prompts.common import InquirerControl

BACK = object()
"""What a question answers when somebody wants the one before."""

Answers = dict[str, Any]
Ask = Callable[[Mapping[str, Any]], Any]

ESCAPE_SECONDS = 0.1
"""How long the key Escape waits for more: arrows begin with the same byte."""
WAY_BACK = "Esc: back to the question before. Ctrl-C: leave, nothing is made."
UNCHOSEN = "is not chosen: space chooses it, Backspace forgets it"
"""Why Enter after a search does not go on with nothing."""
MARGIN = 8
"""Columns of a list that are not its words."""


@dataclass(frozen=True)
class Step:
    """A question: `ask` gets what was answered so far, and returns an answer or BACK."""

    key: str
    ask: Ask


def possible() -> bool:
    """Tell whether somebody is there to answer, on a terminal that can draw lists."""
    return console.interactive() and os.environ.get("TERM", "dumb") != "dumb"


def walk(steps: Sequence[Step], answers: Answers) -> None:
    """Ask everything, and put the answers into `answers`; what is asked again has the old one.

    Raise click.Abort where somebody gives up; then nothing else has happened.
    """
    at = 0
    while at < len(steps):
        answer = steps[at].ask(answers)
        if answer is BACK:
            at = max(at - 1, 0)
        else:
            answers[steps[at].key] = answer
            at += 1


def text(question: str, default: str, problem: Callable[[str], str]) -> object:
    """Ask for a line of text; `problem` says why it cannot be taken, or "" if it can."""
    import questionary

    return _asked(
        questionary.text(
            printable(question),
            default=default,
            validate=lambda said: printable(problem(said)) or True,
            **_drawing(),
        ),
        question,
    )


def one(question: str, choices: Sequence[str], default: str) -> object:
    """Ask for one of some choices."""
    import questionary

    listed = [questionary.Choice(_line(choice), choice) for choice in choices]
    first = default if default in choices else None
    asked = questionary.select(printable(question), listed, default=first, **_drawing())
    return _asked(asked, question)


def several(question: str, choices: Mapping[str, str], default: Sequence[str]) -> object:
    """Ask for any of some choices, which have words each; typing leaves those that contain it."""
    import questionary

    asked = questionary.checkbox(
        printable(question),
        [
            questionary.Choice(_line(words), name, checked=name in default)
            for name, words in choices.items()
        ],
        use_jk_keys=False,
        use_search_filter=True,
        instruction="(type to search, space to choose, enter to go on)",
        validate=lambda chosen: bool(chosen or not control.search_filter),
        **_drawing(),
    )
    control = _with_search(asked)
    return _asked(asked, question)


def _with_search(question: "Question") -> "InquirerControl":
    """Have a search list choices whose name contains it before those whose words do.

    Who presses Enter after a search that chose nothing meant what it found, and is told beside it:
    questionary's own line for errors waits for a terminal that tells where its cursor is.
    """
    from questionary.prompts.common import Choice, InquirerControl

    class Search(InquirerControl):
        """The list of a question, which questionary makes itself."""

        error_message = property(lambda _: None, lambda _, __: None)

        @property
        def filtered_choices(self) -> list[Choice]:
            wanted = (self.search_filter or "").lower()
            found: list[Choice] = super().filtered_choices
            return sorted(found, key=lambda choice: wanted not in str(choice.value))

    controls = [*question.application.layout.find_all_controls()]
    control = next(found for found in controls if isinstance(found, InquirerControl))
    control.__class__ = Search
    drawn: Callable[[], list[tuple[str, str]] | None] = control.get_search_string_tokens

    def searched() -> list[tuple[str, str]] | None:
        shown = drawn()
        if shown and control.submission_attempted and not control.selected_options:
            return [*shown, ("class:validation-toolbar", f"  {UNCHOSEN}")]
        return shown

    line = next(found for found in controls if getattr(found, "text", None) == drawn)
    line.text = searched  # type: ignore[attr-defined]
    return control


def agreed(question: str) -> object:
    """Ask for yes, which is the default, or no."""
    import questionary

    return _asked(questionary.confirm(printable(question), **_drawing()), question)


def _drawing() -> dict[str, Any]:
    """Return how all of them are drawn: on stderr, for stdout is for data."""
    from prompt_toolkit.output import ColorDepth, create_output

    plain = console.wants_color() is False
    return {
        "output": create_output(sys.stderr),
        "color_depth": ColorDepth.DEPTH_1_BIT if plain else None,
        "erase_when_done": True,  # a long choice would be repeated with all its words
    }


def _asked(question: "Question", words: str) -> object:
    """Return the answer, of which a line stays, or BACK for Escape.

    Raise click.Abort for Ctrl-C and Ctrl-D.
    """
    from prompt_toolkit.filters import Condition
    from prompt_toolkit.key_binding import KeyBindings, merge_key_bindings
    from prompt_toolkit.keys import Keys

    bindings, app = KeyBindings(), question.application
    bindings.add("escape", eager=True)(lambda event: event.app.exit(result=BACK))
    # In a text that is not empty, Ctrl-D deletes a letter.
    is_empty = Condition(lambda: not app.current_buffer.text)
    leaves = bindings.add("c-d", eager=True, filter=is_empty)
    leaves(lambda event: event.app.exit(exception=EOFError))
    # A color that is pasted, ESC [31m, is taken for the mouse, which nothing here needs.
    bindings.add(Keys.Vt100MouseEvent, eager=True)(lambda _: None)
    app.key_bindings = merge_key_bindings([*filter(None, [app.key_bindings]), bindings])
    app.ttimeoutlen = ESCAPE_SECONDS
    console.stop_progress()
    try:
        answer = question.unsafe_ask()
    except (KeyboardInterrupt, EOFError) as error:
        raise click.Abort from error
    if answer is not BACK:
        console.say(
            f"{words} " if words.endswith("?") else f"{words}: ", console.bold(_said(answer))
        )
    return answer


def _said(answer: object) -> str:
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    return (", ".join(answer) or "none") if isinstance(answer, list) else str(answer)


def _line(words: str) -> str:
    """Return words as one line of a list, however narrow the terminal is."""
    room = max(shutil.get_terminal_size().columns - MARGIN, MARGIN)
    plain = printable(words)
    return plain if len(plain) <= room else f"{plain[: room - 3]}..."
