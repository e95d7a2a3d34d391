"""Texts of the user's that name code which went: a command in a compose file, a job, a manual.

They are not conflicts: only the user knows what such a line is for, so each is reported.
"""

import os
import re
from collections.abc import Collection, Iterator, Mapping

from scaffolder.languages.all import LANGUAGES
from scaffolder.languages.base import is_within

from .merge import Merge
from .trees import Tree

MOST = 20
"""Lines that are said; there is no more than a number of the others."""


def notes(merged: Merge, missing: Mapping[str, str], theirs: Tree) -> list[str]:
    """Return a note for each line that names one of the modules, unless the template has it too.

    Code is not looked at here (references.py), nor are files in conflict.
    """
    words = {
        os.fsencode(form): missing[name]
        for name in _outermost(missing)
        for language in LANGUAGES.values()
        for form in language.spellings(name)
    }
    if not words:
        return []
    one = re.compile(rb"(?<!\w)(%s)(?!\w)" % b"|".join(map(re.escape, words)))
    unsettled = {conflict.path for conflict in merged.conflicts}
    found = [
        f"{path}: line {line} names {os.fsdecode(named)}, which {words[named]}"
        for path, line, text in _lines(merged, [os.fsdecode(word) for word in words])
        if path not in unsettled
        for named in dict.fromkeys(one.findall(text))
        if path not in theirs or text.strip() not in map(bytes.strip, theirs[path][1].split(b"\n"))
    ]
    more = len(found) - MOST
    return [*found[:MOST], *([f"{more} more lines name what is gone"] if more > 0 else [])]


def _outermost(missing: Collection[str]) -> list[str]:
    """Return the modules that are in no other one; a script's own, "", is around none."""
    return [
        name
        for name in sorted(missing)
        if not any(other and name != other and is_within(name, other) for other in missing)
    ]


def _lines(merged: Merge, words: list[str]) -> Iterator[tuple[str, int, bytes]]:
    """Return the lines of texts in the result, code aside, that have one of the words."""
    patterns = [part for word in words for part in ("-e", word)]
    command = (
        "grep",
        "-nzIwF",
        *patterns,
        merged.result,
        "--",
        *(f":(exclude)*{found.SUFFIX}" for found in LANGUAGES.values()),
    )
    listed = merged.scratch(*command, expect=(0, 1)).stdout
    for name, line, text in re.findall(rb"([^\0]*)\0(\d+)[:\0](.*\n)", listed):
        yield os.fsdecode(name.partition(b":")[2]), int(line), text
