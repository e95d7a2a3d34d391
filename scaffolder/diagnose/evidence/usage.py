"""What a program says of how it is to be called, and which arguments it needs."""

import re
from collections.abc import Sequence
from itertools import takewhile

USAGE = re.compile(r"\s*usage:?\s", re.IGNORECASE)
OPTIONAL = re.compile(r"\[[^\[\]]*\]")
REQUIRED = re.compile(r"<[\w|. -]+>|\b[A-Z][A-Z_]{2,}\b")
"""An argument, once those in brackets are left out."""
HEADING = re.compile(r"\s*(?:(?:sub)?commands?|where \w+ is):?\s*$", re.IGNORECASE)
COMMANDS = re.compile(r"\s*(?:sub)?commands?:", re.IGNORECASE)
COMMAND = re.compile(r"\s+([a-z][\w:-]*)(?:,? {2,}|\t+|\s*$)")
"""A command in a list, in front of what it does."""
MOST = 6


def required(lines: Sequence[str]) -> str:
    """Return the line by which a usage names an argument that is no option; empty if none does."""
    usage = next((line.strip() for line in lines if USAGE.match(line)), "")
    asks = REQUIRED.search(OPTIONAL.sub("", usage)) or next(filter(COMMANDS.match, lines), "")
    return usage if asks else ""


def commands(lines: Sequence[str]) -> list[str]:
    """Return the commands that are listed below a usage."""
    begins = (at for at, line in enumerate(lines) if USAGE.match(line))
    below = lines[next(begins, len(lines)) + 1 :]
    listed = [line for line in below if line.strip() and not HEADING.match(line)]
    return [m[1] for m in takewhile(bool, map(COMMAND.match, listed)) if m][:MOST]
