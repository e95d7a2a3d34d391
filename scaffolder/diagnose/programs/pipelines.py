"""Pipelines of a script that lose data: the last command stops early, or they empty their input."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from posixpath import basename

from .shell import SHELLS, Command, assigned, commands, expand, sets_errexit

QUOTED = re.compile(r'"(\$\([^()]*\))"')
"""A substitution in quotes: to the parser of scripts that is one word."""
DECLARES = re.compile(r"^(?:export|local|readonly|declare|typeset)\s")
"""What assigns and succeeds, also where the command fails whose output it takes."""
TAKEN = re.compile(r"^\w+=[\"']?\$?\(")
GREPS = frozenset({"grep", "egrep", "fgrep", "zgrep", "rg"})
ONLY_FIRST = re.compile(r"-[A-Za-z]*[qm]\d*|--(?:quiet|silent|max-count\S*)")
ALL_BUT = re.compile(r"(?:^|\s)(?:-[nc]\s*|--(?:lines|bytes)[=\s])-\d")
"""`head -n -1`: it reads to the end to know which line is the last one."""
SED_ENDS = re.compile(r"(?:^|[;{}\d$/\s])[qQ]\s*\d*\s*(?:[;}\n]|$)")
SPLIT = re.compile(r"(?<!\S)(?:\d?)(>>?|<)(?!\()")
"""A redirection, which may stand before its file without a space."""
NAMES_ONLY = frozenset({"echo", "printf", "test", "[", "[[", ":", "rm", "touch", "mkdir"})
"""Commands that do not read the files which they name."""
AWK_ENDS = re.compile(r"\bexit\b")


@dataclass(frozen=True)
class Pipeline:
    """A pipeline whose status is that of what writes into it (pipefail)."""

    line: str
    writers: tuple[str, ...]
    """The names of the commands before the one that stops reading."""
    reader: str
    """That one, as written."""


def broken(script: str, argv: Sequence[str] = ()) -> list[Pipeline]:
    """Return the pipelines that can end a script with SIGPIPE, as `argv` starts it."""
    flags = argv[1:] if argv and basename(argv[0]) in SHELLS else ()
    pipefail = "pipefail" in flags
    errexit = sets_errexit(script.partition("\n")[0]) or any(
        re.fullmatch(r"-[a-z]*e[a-z]*", flag) for flag in flags[:3]
    )
    found: list[Pipeline] = []
    pipelines = [*_pipelines(commands(QUOTED.sub(r"\1", script)))]
    for one in pipelines:
        if one[0].name == "set":
            pipefail = _switched(one[0], "pipefail", default=pipefail)
            errexit = _switched(one[0], "errexit", default=errexit)
        elif pipefail and (errexit or one is pipelines[-1]) and (broken_by := _broken(one)):
            found.append(broken_by)
    return found


def emptied(script: str, env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the files that a pipeline both reads and is redirected to, each with its line.

    The shell empties such a file before any command reads it (POSIX, 2.7.2).
    """
    known = assigned(script, env)
    for one in _pipelines(commands(script)):
        if one[0].name in NAMES_ONLY:
            continue
        words = [expand(word, known) for command in one for word in command.words]
        joined = SPLIT.sub(r" \1 ", " ".join(words)).split()
        written = {to for by, to in pairwise(joined) if by == ">" and not to.startswith("/dev/")}
        read = {word for by, word in pairwise(joined) if by not in (">", ">>")}
        yield from ((path, one[0].line) for path in written & read)


def _pipelines(found: Sequence[Command]) -> Iterator[list[Command]]:
    """Yield the commands that are connected by pipes; most are alone."""
    one: list[Command] = []
    for command in found:
        one.append(command)
        if command.end not in ("|", "|&"):
            yield one
            one = []


def _switched(command: Command, option: str, *, default: bool) -> bool:
    """Return whether an option is on after a `set`."""
    before = ""
    for word in command.words[1:]:
        is_short = option == "errexit" and re.fullmatch(r"[-+][a-z]*e[a-z]*", word)
        if is_short or (word == option and before[:1] in ("-", "+") and before.endswith("o")):
            default = (word if is_short else before).startswith("-")
        before = word
    return default


def _broken(one: Sequence[Command]) -> Pipeline | None:
    """Return a pipeline as one that may be broken; None where its failure is looked at, or lost."""
    line = one[0].line
    is_lost = one[0].before == "(" and not (TAKEN.match(line) or line.startswith("("))
    if is_lost or any(c.tested or "||" in c.line or DECLARES.match(c.line) for c in one):
        return None
    writers = [*takewhile(lambda command: not _stops(command), one)]
    if not writers or len(writers) == len(one):
        return None
    reader = " ".join(one[len(writers)].words)
    names = tuple(command.name for command in writers)
    lines = dict.fromkeys(command.line for command in one)
    return Pipeline(" ".join(lines), names, reader)


def _stops(command: Command) -> bool:
    """Tell whether a command ends before it has read all of its input."""
    name, words = basename(command.name), command.words[1:]
    if name == "head":
        return not ALL_BUT.search(" ".join(words))
    if name in GREPS:
        return any(ONLY_FIRST.fullmatch(word) for word in words)
    if name == "sed":
        return any(SED_ENDS.search(word) for word in words)
    if name in ("awk", "gawk", "mawk"):
        return any(AWK_ENDS.search(word) and "END" not in word for word in words)
    return name == "read" and not re.search(r"\|\s*[{(]", command.line)
