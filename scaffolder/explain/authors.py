"""Who wrote which lines of a file: the template, its stages, or the user.

A line is a stage's if the template does not give it without that stage.
"""

import os
from collections.abc import Sequence
from difflib import SequenceMatcher

from scaffolder.engine.git import Repository

from .answer import Line
from .subject import Subject

TEMPLATE = "template"
USER = "you"
MOST_LINES = 20_000


def of_file(subject: Subject, path: str, text: str) -> list[Line]:
    """Return the lines of a file as it is, each with its author."""
    mine = text.splitlines()[:MOST_LINES]
    made = subject.text(path).splitlines()
    by = of_render(subject, path)
    authors = [USER] * len(mine)
    for at, start, size in _same(made, mine):
        authors[start : start + size] = by[at : at + size]
    return [
        Line(n, author, line) for n, (author, line) in enumerate(zip(authors, mine, strict=True), 1)
    ]


def of_render(subject: Subject, path: str) -> list[str]:
    """Return who wrote each line of a file as the template gives it."""
    lines = subject.text(path).splitlines()
    stages: list[str] = subject.answers["stages"]
    if path in subject.stage_of:
        return [subject.stage_of[path]] * len(lines)
    lost = {stage: _lost(subject, path, lines, stage) for stage in stages}
    return [
        _author(subject, [stage for stage in stages if number in lost[stage]])
        for number in range(len(lines))
    ]


def _lost(subject: Subject, path: str, lines: Sequence[str], stage: str) -> set[int]:
    """Return the lines that go with a stage, and with those that require it."""
    gone = [stage, *subject.catalogue.dependents([stage], subject.answers["stages"])]
    _, content = subject.without(gone).get(path, ("", b""))
    left = content.decode("utf-8", "replace").splitlines()
    kept = {n for at, _, size in _same(lines, left) for n in range(at, at + size)}
    return set(range(len(lines))) - kept


def _author(subject: Subject, stages: Sequence[str]) -> str:
    """Return whose a line is that goes with each of `stages`: of a chain, the last one's."""
    own = [s for s in stages if not subject.catalogue.dependents([s], stages)]
    return " with ".join(own) or TEMPLATE


def _same(one: Sequence[str], other: Sequence[str]) -> list[tuple[int, int, int]]:
    """Return where two texts have the same lines: the place in each, and how many."""
    return [
        (m.a, m.b, m.size)
        for m in SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    ]


def commits(repository: Repository, path: str) -> dict[int, str]:
    """Return line → the commit that it is from, and its title, as `git blame` finds them."""
    asked = ("blame", "--line-porcelain", "--no-textconv", "--", repository.prefix + path)
    ran = repository.git(*asked, expect=(0, 128))
    found: dict[int, str] = {}
    commit, number = "", 0
    for line in os.fsdecode(ran.stdout).splitlines():
        words = line.split(" ")
        if len(words[0]) in (40, 64) and len(words) in (3, 4):
            commit, number = words[0][:8], int(words[2])
        elif line.startswith("summary "):
            new = not commit.strip("0")
            found[number] = "not committed" if new else f"{commit} {line.removeprefix('summary ')}"
    return found
