"""The arguments that a container's program is started with, and that have values."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

CODE = {"-c", "-e", "-lc", "-ec", "-m", "--eval"}
"""Options after which code stands, or a module: what is started is in them."""
OPTION = re.compile(r"(?P<name>--?[A-Za-z][\w-]*)(?:=(?P<value>.+))?")
PLAIN = re.compile(r"[A-Za-z0-9][\w:-]*")
"""What stands alone and is no path: a subcommand, a mode, an address."""


@dataclass(frozen=True)
class Argument:
    """An argument, or what stands after the equals sign of an option."""

    at: int
    """Its number in argv."""
    name: str
    """The option that it belongs to; empty for one that stands alone."""
    value: str
    is_joined: bool = False
    """It is one word with its option: `--level=info`."""

    @property
    def where(self) -> str:
        """What it is called, for a sentence."""
        return f"the option {self.name}" if self.name else f"argument {self.at}"

    @property
    def key(self) -> str:
        """The name of its option, as a variable would have it."""
        return self.name.lstrip("-").replace("-", "_")


def arguments(argv: Sequence[str], begin: int = 1) -> list[Argument]:
    """Return the arguments of a command that may be written otherwise; none of code.

    They begin at a word: in front of it are a runtime, its options, and the file that it runs.
    """
    return [] if CODE & set(argv) else list(_arguments(argv, begin))


def _arguments(argv: Sequence[str], begin: int) -> Iterator[Argument]:
    before = ""
    for at, word in enumerate(argv[begin:], begin):
        option = OPTION.fullmatch(word)
        if option and option["value"]:
            yield Argument(at, option["name"], option["value"], is_joined=True)
        elif not option and (before or PLAIN.fullmatch(word)):
            yield Argument(at, before, word)
        before = option["name"] if option and not option["value"] else ""


def rewritten(argv: Sequence[str], changes: Mapping[Argument, str | None]) -> tuple[str, ...]:
    """Return a command with other values; None leaves an argument out, with its option."""
    words: dict[int, str] = dict(enumerate(argv))
    for argument, value in changes.items():
        if value is not None:
            words[argument.at] = f"{argument.name}={value}" if argument.is_joined else value
            continue
        del words[argument.at]
        if argument.name and not argument.is_joined:
            words.pop(argument.at - 1, None)
    return tuple(words.values())
