"""The test over which a traced script ended itself, and where the values in it come from."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

from scaffolder.diagnose.programs.shell import ASSIGNMENT

from .within import split_words

Shown = Sequence[tuple[int, str]]
"""The lines of a traced shell: how deep in substitutions, and what was run."""

LEAVES = re.compile(r"(?:exit|return)(?: \d+)?")
TEST = re.compile(r"'?\[\[?'? |\(\(|test ")
OPERATOR = re.compile(r"(?<!\S)(?:-[a-z]{1,2}|==?|!=|=~|[<>]=?)(?!\S)")
SAYS = re.compile(
    r"(?:\w*_)?(?:say|log|die|fail|err|error|fatal|warn|info|debug|msg|note|notice|abort"
    r"|panic|usage|echo|printf|logger)(?:_\w+)?",
    re.IGNORECASE,
)
"""How the commands and functions of scripts are called that say something."""
ENDS_ITSELF = re.compile(r"\bexit\b|(?<!\S)(?:\{|\w+)[ \t]*$")
"""What a script does if a command fails: end, a block, or a function such as `die`."""
DECLARES = re.compile(r"(?:local|declare|typeset|readonly|export) (?:-\w+ )*(?=\w+=)")
OF_SECRETS = re.compile(r"secret|passw|token|credential|\bkeys?\b|private", re.IGNORECASE)
"""What is in a command that prints a secret: `cat /run/secrets/db`."""
SHORT, MOST = 120, 3
BODY = 8
"""How many lines a function that says something, and ends the script, has at the most."""


@dataclass(frozen=True)
class Decided:
    """How a script came to its end."""

    test: str = ""
    values: str = ""
    said: str = ""

    @property
    def words(self) -> str:
        """All of it, for a sentence; empty if nothing is known."""
        of = f" ({self.values})" if self.values else ""
        test = f"`{self.test}` is what decides{of}" if self.test else ""
        said = f"`{self.said}` is what it says, to nobody" if self.said else ""
        return "; ".join(filter(None, (test, said)))


def decided(script: str, shown: Shown) -> Decided:
    """Return over which test a traced script ended itself, and what it said to nobody.

    After the test come only `exit` and `return`, or a function that may say why.
    """
    said = _said(shown)
    at = said[0] if said else _left(shown)
    test = next((n for n in (at - 1, at - 2) if n >= 0 and TEST.match(shown[n][1])), -1)
    test = at - 1 if test < 0 and at and _is_alternative(script, shown[at - 1][1]) else test
    values = islice(_values(script, shown[test][1], shown[:test]), MOST) if test >= 0 else ()
    return Decided(
        _typed(shown[test][1])[:SHORT] if test >= 0 else "",
        ", ".join(values),
        said[1][:SHORT] if said else "",
    )


def _is_alternative(script: str, command: str) -> bool:
    """Tell whether a script ends itself where a command fails: `read -r line <file || exit 1`."""
    name = next(iter(split_words(command)), "")
    for line in script.splitlines() if name else ():
        does, mark, otherwise = line.partition("||")
        is_of = mark and not line.lstrip().startswith("#") and name in split_words(does)
        if is_of and ENDS_ITSELF.search(otherwise):
            return True
    return False


def hidden(shown: Shown) -> list[str]:
    """Return the values that come from secrets, each as if it had the name of one."""
    told = []
    for at, (depth, line) in enumerate(shown):
        inner = shown[at - 1] if at else (0, "")
        if ASSIGNMENT.match(line) and inner[0] > depth and OF_SECRETS.search(inner[1]):
            told.append(f"SECRET={line.partition('=')[2]}")
    return told


def _left(shown: Shown) -> int:
    """Return where the lines begin in which a script only leaves."""
    before = [*takewhile(lambda each: LEAVES.fullmatch(each[1]), reversed(shown))]
    return len(shown) - len(before)


def _said(shown: Shown) -> tuple[int, str] | None:
    """Return where a script says something at its end, and what."""
    for at in range(len(shown) - 1, max(len(shown) - 2 - BODY, -1), -1):
        depth, line = shown[at]
        words = split_words(line)
        if depth == shown[-1][0] and len(words) > 1 and SAYS.fullmatch(words[0]):
            return at, " ".join(words[1:])
    return None


def _typed(test: str) -> str:
    """Return a test as it is written: a shell shows `[` in quotes."""
    return re.sub(r"'(\[|\])'", r"\1", test)


def _values(script: str, test: str, before: Shown) -> Iterator[str]:
    """Yield what the variables of a test are, and which commands printed that."""
    known: dict[str, tuple[str, str]] = {}
    for at, (depth, shown) in enumerate(before):
        line = DECLARES.sub("", shown)
        if ASSIGNMENT.match(line):
            name, _, value = line.partition("=")
            inner = before[at - 1] if at and before[at - 1][0] > depth else None
            known[name] = (value.strip("'"), inner[1] if inner else "")
    named = _names(script, test)
    for name, (value, source) in known.items():
        if name in named:
            by = f" (from `{source[:SHORT]}`)" if source else ""
            yield f"{name} is {value[:SHORT] or 'empty'}{by}"


def _names(script: str, test: str) -> set[str]:
    """Return the variables of a test, which is shown with their values, or without."""
    if test.startswith("(("):
        return set(re.findall(r"[A-Za-z_]\w*", test))
    operators = set(OPERATOR.findall(test))
    lines = [line for line in script.splitlines() if "$" in line and "[" in line]
    same = [line for line in lines if operators and operators <= set(OPERATOR.findall(line))]
    values = set(split_words(test))
    fixed = [
        line for line in same if {*split_words(_plain(line))} & values - {"[", "]", "[[", "]]"}
    ]
    return {name for line in fixed or same for name in re.findall(r"\$\{?(\w+)", line)}


def _plain(line: str) -> str:
    return re.sub(r"\S*\$\S*", "", line)
