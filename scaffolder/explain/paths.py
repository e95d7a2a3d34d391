"""Whose a file is: the user's, or the template's, and then which stages wrote which lines."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from scaffolder import regular_files

from . import authors
from .answer import Explanation, Fact, Kind, Line, facts
from .subject import Subject


def explained(subject: Subject, word: str, *, lines: bool = False) -> Iterator[Explanation]:
    """Explain the file or directory `word`, relative to where one is or to the service."""
    path = _inside(subject, word)
    if path is None:
        return
    if (subject.start / word).is_dir() and path not in subject.rendered:
        yield from _directory(subject, path)
    elif path in subject.rendered:
        yield from _templates(subject, path, lines=lines)
    elif path in subject.stage_of:
        stage = subject.stage_of[path]
        yield Explanation(Kind.PATH, path, f"comes with the stage {stage}, which is not here",
                          facts(to_have_it=f"viscaffold add-stage {stage}"))  # fmt: skip
    elif subject.service and os.path.lexists(subject.service.root / path):
        said = "yours: the template has no such file, and no stage changes it"
        found = Explanation(Kind.PATH, path, said, _committed(subject, path))
        yield replace(found, lines=_lines(subject, path) if lines else ())


def _inside(subject: Subject, word: str) -> str | None:
    """Return the path below the service that is meant; None for one that is elsewhere."""
    if "\n" in word or "\0" in word or not word:
        return None
    root = subject.service.root if subject.service else subject.start
    # Not `Path.resolve`, which would follow links.
    for base in (subject.start, root):
        full = Path(os.path.abspath(base / word))  # noqa: PTH100
        if full.is_relative_to(root):
            path = full.relative_to(root).as_posix()
            if path in subject.rendered or path in subject.stage_of or os.path.lexists(full):
                return path if path != "." else None
    return None


def _directory(subject: Subject, path: str) -> Iterator[Explanation]:
    inside = [p for p in subject.rendered if p.startswith(f"{path}/")]
    stages = sorted({subject.stage_of[p] for p in inside if p in subject.stage_of})
    says = f"a directory with {len(inside)} files of the template" if inside else (
        "a directory of yours: the template has nothing in it")  # fmt: skip
    yield Explanation(Kind.PATH, path, says, facts(stages=stages, files=sorted(inside)))


def _templates(subject: Subject, path: str, *, lines: bool) -> Iterator[Explanation]:
    stage = subject.stage_of.get(path, "")
    says = f"of the template, brought by the stage {stage}" if stage else "of the template"
    told = facts(
        says_of_itself=_first_line(subject.text(path)),
        state=_state(subject, path),
        update="merges what the template changes with what you changed",
    )
    found = _lines(subject, path)
    if not stage:
        told.append(Fact("lines", _ranges(found)))
    yield Explanation(Kind.PATH, path, says, [*told, *_committed(subject, path)],
                      found if lines else ())  # fmt: skip


def _first_line(text: str) -> str:
    """Return the first sentence of a file, if it is a comment."""
    first = text.partition("\n")[0]
    return first.strip('#/!"<>- ').strip() if first[:1] in ("#", "/", '"', "<") else ""


def _content(subject: Subject, path: str) -> str | None:
    """Return the text of a file of the service; None if there is no regular file."""
    if subject.service is None:
        return None
    return regular_files.text(subject.service.root / path)


def _state(subject: Subject, path: str) -> str:
    if subject.service is None:
        return ""
    mine = _content(subject, path)
    if mine is None:
        return "missing: you deleted it, and it stays deleted"
    return "as the template gives it" if mine == subject.text(path) else "changed by you"


def _lines(subject: Subject, path: str) -> list[Line]:
    text = _content(subject, path)
    if text is None or "\0" in text:  # so git tells what is binary
        return []
    found = authors.of_file(subject, path, text)
    if not subject.repository or all(line.author != authors.USER for line in found):
        return found
    commits = authors.commits(subject.repository, path)
    return [
        replace(line, author=f"{authors.USER}, {commits[line.number]}")
        if line.author == authors.USER and line.number in commits else line
        for line in found
    ]  # fmt: skip


def _ranges(lines: Sequence[Line]) -> list[str]:
    """Return who wrote what, with runs of lines of one author as `3-7`."""
    found = []
    for author, run in groupby(lines, key=lambda line: line.author):
        numbers = [line.number for line in run]
        first, last = numbers[0], numbers[-1]
        found.append(f"{first if first == last else f'{first}-{last}'} {author}")
    return found


def _committed(subject: Subject, path: str) -> list[Fact]:
    if subject.repository is None:
        return []
    asked = ("log", "-1", "--no-show-signature", "--format=%h %s", "--",
             subject.repository.prefix + path)  # fmt: skip
    last = subject.repository.git(*asked, expect=(0, 128)).stdout
    return facts(last_commit=last.decode("utf-8", "replace").strip() or "none")
