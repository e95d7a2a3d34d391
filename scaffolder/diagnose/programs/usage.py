"""What a program requires by its own help: options and arguments that are not in brackets."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from posixpath import basename

USAGE_CODES = (1, 2, 64)
"""How programs exit that miss an argument (sysexits.h: EX_USAGE is 64)."""
USAGE = re.compile(r"[ \t]*usage:?[ \t]*(?P<first>[^\n]*)", re.IGNORECASE)
BEGINS = re.compile(r"\s*usage:?\s", re.IGNORECASE)
OPTION = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")
OPTIONAL = re.compile(r"\[[^\[\]]*\]")
CHOICE = re.compile(r"[({][^(){}|]*\|[^(){}]*[)}]")
"""One of several is enough: `(--all | --name NAME)`."""
HEAD = re.compile(r"[ \t]{1,12}(?P<names>--?[A-Za-z][^\n]*?)(?:[ \t]{2,}|\t|$)")
"""The line of a list that begins with an option; two spaces end its names."""
REQUIRED = re.compile(r"[\[(](?:required|mandatory)[\])]", re.IGNORECASE)
FROM_ENV = re.compile(r"[\[(]\s*env(?:ironment)?(?:\s+variable)?:?\s*\$?([A-Z][A-Z0-9_]*)")
ARGUMENT = re.compile(r"<[\w|. -]+>|\b[A-Z][A-Z_]{2,}\b")
HEADING = re.compile(r"\s*(?:(?:sub)?commands?|where \w+ is):?\s*$", re.IGNORECASE)
COMMANDS = re.compile(r"\s*(?:sub)?commands?:", re.IGNORECASE)
COMMAND = re.compile(r"\s+([a-z][\w:-]*)(?:,? {2,}|\t+|\s*$)")
"""A command in a list, in front of what it does."""
MOST = 6
LONGEST, DEEPEST = 16_000, 8
"""How much of a help is read, and how deep the brackets in its usage are."""
PLACEHOLDER = re.compile(r"[<\[({A-Z]|--?\w|\.\.\.")


@dataclass(frozen=True)
class Required:
    """An option that a program requires, with its other names."""

    names: tuple[str, ...]
    shown: str
    """The line that says so."""


WITHIN = re.compile(rb"usage:[\t\n -~]{10,4000}", re.IGNORECASE)
"""A text in a program; nothing separates its end from the next one."""


def usage_in(data: bytes, path: str) -> str:
    """Return the text of a help that a native program has; empty if it has none of its own."""
    name = re.compile(rf"usage:\s+(?:\S*/)?{re.escape(basename(path))}\b", re.IGNORECASE)
    texts = (match[0].decode("ascii") for match in WITHIN.finditer(data))
    return next((text for text in texts if name.match(text)), "")


def required(lines: Sequence[str]) -> str:
    """Return the line by which a usage names an argument that is no option; empty if none does."""
    usage = next((line.strip() for line in lines if BEGINS.match(line)), "")
    asks = ARGUMENT.search(OPTIONAL.sub("", usage)) or next(filter(COMMANDS.match, lines), "")
    return usage if asks else ""


def commands(lines: Sequence[str]) -> list[str]:
    """Return the commands that are listed below a usage."""
    begins = (at for at, line in enumerate(lines) if BEGINS.match(line))
    below = lines[next(begins, len(lines)) + 1 :]
    listed = [line for line in below if line.strip() and not HEADING.match(line)]
    return [m[1] for m in takewhile(bool, map(COMMAND.match, listed)) if m][:MOST]


def lacking(text: str, argv: Sequence[str], env: Mapping[str, str]) -> list[Required]:
    """Return the options that a help requires, and that neither a command nor a variable gives."""
    text = text[:LONGEST]
    listed = list(_listed(text))
    given = {word.partition("=")[0].lstrip("-") for word in argv if word.startswith("-")}
    short = {word[1] for word in argv if re.match(r"-[A-Za-z]", word)}
    found: dict[str, Required] = {}
    for name, shown in [*_of_usage(text, argv), *_marked(listed)]:
        names, about = next(((n, t) for n, t in listed if name in n), ((name,), ""))
        bare = {each.lstrip("-") for each in names}
        variable = FROM_ENV.search(about)
        is_given = bare & given or {b for b in bare if len(b) == 1} & short
        if not is_given and not (variable and variable[1] in env):
            found.setdefault(names[-1], Required(names, shown))
    return list(found.values())


def positional(text: str, argv: Sequence[str]) -> Required | None:
    """Return the first argument without an option that a usage requires, and a command lacks.

    What stands behind an option counts as given: it may be no value of that.
    """
    form, left = _form(text[:LONGEST], argv)
    if "|" in left:
        return None
    names = [
        word
        for before, word in pairwise(["", *left.split()[1:]])
        if ARGUMENT.fullmatch(word.removesuffix("...")) and not OPTION.fullmatch(before)
    ]
    given = sum(not word.startswith("-") for word in argv[1:])
    return Required((names[given],), f"usage: {form}") if given < len(names) else None


def _of_usage(text: str, argv: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the options of the usage that is not in brackets; nothing where it has several."""
    form, left = _form(text, argv)
    if "|" not in left:
        for option in OPTION.findall(left):
            yield option, f"usage: {form}"


def _form(text: str, argv: Sequence[str]) -> tuple[str, str]:
    """Return how a usage says that a program is called, and what of it is not in brackets.

    Both are empty where it has several forms.
    """
    lines = text.splitlines()
    at = next((i for i, line in enumerate(lines) if USAGE.match(line)), None)
    if at is None:
        return "", ""
    match = USAGE.match(lines[at])
    told = [match["first"]] if match and match["first"].strip() else []
    for line in lines[at + 1 :]:
        if not line.strip() or not line[:1].isspace() or HEAD.match(line):
            break
        told.append(line.strip())
    name = basename(argv[0]) if argv else ""
    starts = [i for i, line in enumerate(told) if line.split()[:1] == [name]] or [0]
    forms = [" ".join(told[a:b]) for a, b in zip(starts, [*starts[1:], None], strict=True)]
    forms = [form for form in forms if form and _is_of(form, argv)]
    if len(forms) != 1 or re.search(r"^\s*or:?\s", "\n".join(told), re.MULTILINE):
        return "", ""
    left = forms[0]
    for _ in range(DEEPEST):
        left = CHOICE.sub(" ", OPTIONAL.sub(" ", left))
    return forms[0], left


def _is_of(form: str, argv: Sequence[str]) -> bool:
    """Tell whether a usage is that of the subcommand which was called."""
    words = form.split()[1:]
    plain = [w for i, w in enumerate(words) if not any(map(PLACEHOLDER.match, words[: i + 1]))]
    return all(word in argv for word in plain)


def _listed(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the options of a list: their names, and what is said of them."""
    about: list[str] = []
    names: tuple[str, ...] = ()
    for line in [*text.splitlines(), ""]:
        head = HEAD.match(line)
        if names and (head or not line.strip()):
            yield names, "\n".join(about)
            names = ()
        if head:
            names, about = tuple(OPTION.findall(head["names"])), [line.strip()]
        elif names:
            about.append(line.strip())


def _marked(listed: Sequence[tuple[tuple[str, ...], str]]) -> Iterator[tuple[str, str]]:
    """Yield the options of which the list says that they are required."""
    for names, about in listed:
        if names and REQUIRED.search(about):
            yield names[-1], about.partition("\n")[0]
