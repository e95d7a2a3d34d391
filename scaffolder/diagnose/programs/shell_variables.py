"""The variables that a script takes, and that nobody sets."""

import re
from collections.abc import Mapping

from .shell import lines, sets

NOUNSET = re.compile(
    r"^#!.*\s-[a-z]*u[a-z]*\b.*$|^[^#\n]*\bset\s+(?:-[a-z]*\s+)*(?:-[a-z]*u|-o\s+nounset)",
    re.MULTILINE,
)
SOURCES = re.compile(r"^\s*(?:\.|source)\s", re.MULTILINE)
QUOTED = re.compile(r"'[^']*'|\\\$")
TAKEN = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})")
USED = re.compile(rf"{TAKEN.pattern}|\$\{{([A-Za-z_]\w*):?[-+=]")
"""Also with a default, or with another text where it is set."""
NAMES = r"((?:\s+[A-Z][A-Z0-9_]{2,}\b){1,40})"
TESTED = re.compile(r"-[zn]\s+[\"']?\$\{!(\w+)")
TESTS = re.compile(r"(?:^|[\s;(|&])(?:\[\[?|test|case|if|while|until)\s")
LOOP = re.compile(rf"^\s*for\s+(\w+)\s+in\b{NAMES}\s*(?:;|$)")
DEMANDS = re.compile(
    rf"^\s*(?:need|require|check|assert|ensure|must|mandatory|validate|expect)\w*{NAMES}\s*$"
)
"""How a function is called that wants variables to be set."""
GIVEN = {
    "PWD", "OLDPWD", "PPID", "IFS", "OPTIND", "OPTARG", "HOME", "HOSTNAME", "PATH", "UID", "EUID",
    "RANDOM", "SECONDS", "LINENO", "SHELL", "TERM", "SHLVL", "_", "PS1", "PS2", "PS4",
}  # fmt: skip
"""What a shell sets by itself, or the runtime."""


def unset(script: str, env: Mapping[str, str]) -> list[str]:
    """Return the variables that a script with `set -u` takes without a default, and nobody sets."""
    begins = NOUNSET.search(script)
    return lacking(script, env, begins.end()) if begins else []


def lacking(script: str, env: Mapping[str, str], begin: int = 0) -> list[str]:
    """Return the variables that a script takes without a default, and nobody sets.

    One that it first asks for with a default (`[ -n "${NAME:-}" ] && ...`) is optional.
    """
    if SOURCES.search(script):
        return []
    taken: dict[str, bool] = {}
    for line in lines(script[begin:]):
        for match in USED.finditer(QUOTED.sub("", line)):
            taken.setdefault(match[1] or match[2] or match[3], not match[3])
    lacks = [name for name, is_bare in taken.items() if is_bare]
    return [name for name in lacks if not (name in env or name in GIVEN or sets(script, name))]


def used(script: str, env: Mapping[str, str]) -> list[str]:
    """Return the variables without which a script may go wrong: it uses them, and tests none."""
    asked = "\n".join(line for line in lines(script) if TESTS.search(line))
    return [name for name in lacking(script, env) if not re.search(rf"\b{name}\b", asked)]


def asked_by_name(script: str, env: Mapping[str, str]) -> list[str]:
    """Return the variables that a script tests by their names in a loop, and nobody sets.

    Such as `for name in HOST USER; do [ -n "${!name}" ] || ...`, or `require HOST USER`.
    """
    named: list[str] = []
    tested = {match[1] for match in TESTED.finditer(script)}
    for line in lines(script):
        loop = LOOP.search(line)
        demand = DEMANDS.match(line)
        if loop and loop[1] in tested:
            named += loop[2].split()
        elif demand:
            named += demand[1].split()
    own = {name for name in named if re.search(rf"\b{name}:?=", script)}
    return [name for name in dict.fromkeys(named) if not (env.get(name) or name in own)]
