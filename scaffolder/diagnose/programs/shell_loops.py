"""Loops in which a shell script waits until something succeeds."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

LOOP = re.compile(
    r"^[^\S\n]*(?P<head>(?P<kind>until|while)[^\S\n]+(?P<test>[^\n]*?))\s*[;\n]\s*do\b"
    r"(?P<body>.*?)(?:^[^\S\n]*|;[^\S\n]*)done\b",
    re.MULTILINE | re.DOTALL,
)
ALWAYS = re.compile(r":|true|\[ 1 \]|\(\( ?1 ?\)\)")
LEAVES = re.compile(
    r"^[^\S\n]*(?:if[^\S\n]+(?P<if>[^\n]*?)\s*[;\n]\s*then|(?P<and>[^\n]*?)\s*&&)\s+(?:break|exec)\b",
    re.MULTILINE,
)
"""How a loop without a test of its own is left: upon the success of a command."""
NAP = re.compile(r"\bsleep[^\S\n]+[\w.${}\"]+")
FUNCTION = (
    r"^[^\S\n]*(?:function\s+)?{name}\s*(?:\(\))?\s*"
    r"(?:\{{[^\S\n]*(?:#[^\n]*)?\n(?P<lines>.*?)^[^\S\n]*\}}|[{{(](?P<line>[^\n]*))"
)


@dataclass(frozen=True)
class Loop:
    """A loop that goes on until a test succeeds."""

    line: str
    test: str
    """What it tests, with the text of the functions that it calls for that."""
    naps: tuple[str, ...]
    """How it sleeps in between."""


def waits(script: str) -> Iterator[Loop]:
    """Yield the loops of a script that end with a success, and not with a failure as most do."""
    for match in LOOP.finditer(script):
        test, body = match["test"], match["body"]
        if match["kind"] == "while" and not test.startswith("!"):
            left = LEAVES.search(body) if ALWAYS.fullmatch(test) else None
            if left is None:
                continue
            test = left["if"] or left["and"] or ""
        called = (body_of(script, name) for name in dict.fromkeys(re.findall(r"\b\w+\b", test)))
        yield Loop(match["head"].strip(), "\n".join((test, *called)), tuple(NAP.findall(body)))


def body_of(script: str, name: str) -> str:
    """Return the text of a function; empty if there is none of that name."""
    found = re.search(FUNCTION.format(name=re.escape(name)), script, re.MULTILINE | re.DOTALL)
    return (found["lines"] or found["line"] or "") if found else ""
