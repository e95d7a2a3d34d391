"""Flags of a program in Go that take no separate value: what follows them is not read."""

import re
from itertools import pairwise
from shlex import join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, ended, inspected
from scaffolder.diagnose.evidence.phase import Phase

from .readings import natives

PACKAGE = b"flag provided but not defined"
"""What the package `flag` has among its texts."""
OTHERS = (b"github.com/spf13/pflag", b"urfave/cli", b"alecthomas/kingpin")
"""Packages that read command lines in ways of their own."""
FLAG = re.compile(r"--?[A-Za-z][\w.-]*")
WORDS = {"true", "false"}


@cause(
    "go-flag-value",
    "a yes or no is given to a flag of a Go program as a word of its own, which ends its flags",
    pattern="process",
    reads=["inspect", "files"],
    page="check-program-by-itself",
    when=Phase.ENDED,
    basis=Basis.INFERRED,
    # What is not read leaves the program with its defaults, such as files that are not there.
    explains=[
        "file-missing", "file-closed", "said-why", "ends-itself", "last-call", "reads-last",
        "nothing-keeps-it",
    ],
)  # fmt: skip
def go_flag_value(case: Case) -> Found | None:
    """Find `-once false -interval 15s`: to Go, `-once` is a yes, and `false` the first argument.

    Parsing stops at the first word that is no flag (package flag, "Command line flag syntax").
    """
    argv = case.config.argv
    for path, data, program in natives(case):
        if program.language != "go" or PACKAGE not in data or any(o in data for o in OTHERS):
            continue
        pairs = (at for at, (one, word) in enumerate(pairwise(argv)) if at and _is_given(one, word))
        at = next(pairs, 0)
        if not at:
            continue
        flag, word, rest = argv[at], argv[at + 1], argv[at + 2 :]
        ignored = [each for each in rest if FLAG.match(each)]
        is_on = f"{flag} is on" if word == "false" else f"{word} is its first argument"
        lost = f", and {', '.join(ignored[:4])} {_are(ignored)} not read" if ignored else ""
        return Found(
            f"`{flag} {word}` gives {path} no {word}: a flag of Go for a yes or no takes its value"
            f" only after a `=`, so that {is_on}, the flags end there{lost}",
            f"write {flag}={word}",
            (
                inspected(case, "Config.Cmd", join(argv)),
                content(case, path, "reads its flags with Go's package flag"),
                ended(case),
            ),
        )
    return None


def _is_given(flag: str, word: str) -> bool:
    return word in WORDS and FLAG.fullmatch(flag) is not None


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
