"""The turns of a shell's loop: whether the program that it runs also ends well."""

import re
from collections.abc import Iterator, Sequence

from scaffolder.diagnose.causes.shells.meant import SAYS, is_of
from scaffolder.diagnose.programs import shell, shell_variables
from scaffolder.diagnose.programs.launched import BUILTINS

AROUND = re.compile(r"(?:^|(?<=[\s;&|(]))(do|done)(?=$|[\s;&|)<>])", re.MULTILINE)
CHANGED = re.compile(r"\bfor\s+(\w+)\s+in\b|\bread\s(?:[^\n;|&]*\s)?(\w+)")
ASSIGNED = re.compile(r"^\s*(?:local\s+)?(\w+)=", re.MULTILINE)
COMMENT = re.compile(r"(?:^|(?<=\s))#[^\n]*")
BESIDE = BUILTINS | {
    "sleep", "date", "mv", "cp", "rm", "mkdir", "rmdir", "touch", "ls", "find", "cat", "basename",
    "dirname", "chmod", "chown", "ln", "seq", "logger", "tee", "((", "))",
}  # fmt: skip
"""Commands that are not what a loop is for."""


def goes_on(script: str, lines: Sequence[str], deaths: int) -> bool:
    """Tell whether what a loop runs has ended more often than it has died.

    The loop says something in each turn, or after those that ended well: then its lines count
    them. One that says nothing, and gives its program something else each time, does one job after
    another: that each of them dies is not shown.
    """
    named = {name for match in CHANGED.finditer(script) for name in match.groups() if name}
    for body in _bodies(script):
        found = shell.commands(body)
        programs = [c for c in found if c.name not in BESIDE]
        said = [sum(is_of(c, line) for line in lines) for c in found if c.name in SAYS]
        changed = named | set(ASSIGNED.findall(body))
        if programs and max(said, default=0) > deaths + 1:
            return True
        if programs and not any(said) and all(_is_given(c, changed) for c in programs):
            return True
    return False


def _bodies(script: str) -> Iterator[str]:
    """Yield what stands in each loop, without the loops in it."""
    stack: list[list[str]] = [[]]
    for part in AROUND.split(COMMENT.sub("", script)):
        if part == "do":
            stack.append([])
        elif part == "done" and len(stack) > 1:
            yield "\n".join(stack.pop())
        else:
            stack[-1].append(part)


def _is_given(command: shell.Command, names: set[str]) -> bool:
    """Tell whether a command has one of some variables among its arguments."""
    used = (match for word in command.words[1:] for match in shell_variables.TAKEN.finditer(word))
    return any((match[1] or match[2]) in names for match in used)
