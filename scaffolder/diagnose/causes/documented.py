"""A status that the program's own text documents, as the result of a job: `2 = drift found`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from posixpath import dirname, join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import (
    Evidence,
    content,
    ended,
    inspected,
    logged,
    nothing_logged,
)
from scaffolder.diagnose.causes.shells.meant import LARGEST_STATUS
from scaffolder.diagnose.causes.silence.packaged import is_packaged
from scaffolder.diagnose.causes.silence.readings import natives, sources
from scaffolder.diagnose.evidence import log_search
from scaffolder.diagnose.evidence.files import text
from scaffolder.diagnose.programs.native.binary import own_part

COMMENT = re.compile(r"\s*(?:#(?!!)|//|/?\*|--|;)\s?(?P<text>[^\n]*)")
HEAD = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*[rRuU]?(\"\"\"|''')(?P<text>.*?)\1", re.DOTALL)
"""The text at the head of a module in Python."""
MEANS = (
    r"(?<![\w.])(?:exit(?:s|ed)? {{1,4}})?(?:(?:code|status) {{1,4}})?{code} {{0,4}}"
    r"(?:=|:|->|means\b|if\b|when\b) {{0,4}}(?P<what>[^\s,;.()=][^\n,;.()=]{{2,80}}?)"
    r"(?=[\n,;.()]|\s+\d{{1,3}}\s*=|\Z)"
)
LISTS = re.compile(r"\bexit[ -]?(?:codes?|status(?:es)?)\b", re.IGNORECASE)
"""How a text begins that lists them, each with what it means and nothing in between."""
LISTED = r"(?<![\w.]){code} {{1,4}}(?P<what>[A-Za-z][^\n,;.()]{{2,80}})"
TABLE = re.compile(
    r"\b(?:exit[ -]?codes?|(?:exit[ -]?)?status(?:es)?)\b[ :]{0,4}"
    r"(?:[^\n]{0,200}\n){0,8}[^\n]{0,200}",
    re.IGNORECASE,
)
"""Where a usage lists them, in one line or in a few, and how much of that is read."""
RESULT = re.compile(
    r"\b(?:differ(?:s|ent|ences?)?|drift(?:ed)?|changes? (?:found|were|was)|changed)\b"
    r"|\bnothing\b|\bno (?:\w+ )?(?:differences?|changes?|drift|updates?|work)\b"
    r"|\b(?:same|identical|unchanged|up[- ]to[- ]date|already (?:done|applied))\b",
    re.IGNORECASE,
)
"""What a status means that asks for no words: what was compared, or that nothing was to be done."""
READMES = ("README.md", "README")
MOST_TABLES = 4


@dataclass(frozen=True)
class _Text:
    """A text that may say what a status means."""

    who: str
    words: str
    shown: Evidence
    is_for_others: bool = False
    """It is there to tell others what each status means, and nothing else."""


def documented_end(case: Case) -> tuple[str, tuple[Evidence, ...]] | None:
    """Return what the status of a job means by its own words, if that is no failure.

    The job has said what it found, and complains of nothing. Of one that says nothing, only a label
    counts that is about this, and a status that means a result of comparing, or nothing to do.
    """
    code, config = case.exit_code, case.config
    if case.pod or case.restarts or config.must_stay or not 0 < code <= LARGEST_STATUS:
        return None
    lines = [line.text for line in case.lines if line.text.strip()]
    if log_search.last_words(lines) or case.seen.failed_call:
        return None
    said = logged(case, lines[-1]) if lines else nothing_logged(case)
    for source in _texts(case, lines[-1] if lines else ""):
        what = _meaning(source.words, code)
        if what and (lines or source.is_for_others or RESULT.search(what)):
            found = f"{source.who} says that its exit code {code} means {what!r}"
            return f"it has finished its work: {found}", (source.shown, said, ended(case))
    return None


def _meaning(words: str, code: int) -> str:
    """Return what a text says that a status means; empty if it says nothing, or a failure."""
    listed = (LISTED,) if LISTS.search(words) or TABLE.match(words) else ()
    for pattern in (MEANS, *listed):
        match = re.search(pattern.format(code=code), words, re.IGNORECASE)
        if match and not log_search.FAILURE.search(match["what"]):
            return match["what"].strip()
    return ""


def _texts(case: Case, last: str) -> Iterator[_Text]:
    """Yield what may document it: labels, the last output, comments, a usage."""
    for name, value in case.config.labels.items():
        spelled = re.sub(r"[_.]", "-", name)
        of_one = re.search(r"-(\d{1,3})$", spelled)  # exit.status.3=nothing to do
        is_about = bool(LISTS.search(spelled))
        tables = [f"{of_one[1]} = {value}" if of_one else value] if is_about else _tables(value)
        shown = inspected(case, "Config.Labels", f"{name}={value}")
        yield from (_Text(f"the label {name}", words, shown, is_about) for words in tables)
    if LISTS.search(last):
        yield _Text("its last output", last, logged(case, last))
    for path, words in chain(_comments(case), _usages(case)):  # a usage may be in a large program
        yield _Text(path, words, content(case, path, words.strip()[:200]))


def _usages(case: Case) -> Iterator[tuple[str, str]]:
    """Yield what a usage, or a README beside the program, says of how it ends, with its path."""
    beside = (dirname(script.path) for script in sources(case) if script.path)
    for folder in dict.fromkeys((case.config.workdir, *beside)):
        for path in (join(folder, name) for name in READMES):
            yield from ((path, table) for table in _tables(text(case.files, path) or ""))
    for script in sources(case):
        yield from ((script.path or "its code", table) for table in _tables(script.text))
    command = case.program.path if case.program else ""
    for path, data, elf in natives(case):
        if path != command and is_packaged(case, path):
            continue  # how a tool ends that a script runs is not the result of the job
        words = own_part(data, elf).decode("ascii", "replace")
        yield from ((path, table) for table in _tables(words))


def _tables(words: str) -> Iterator[str]:
    yield from islice((match[0] for match in TABLE.finditer(words)), MOST_TABLES)


def _comments(case: Case) -> Iterator[tuple[str, str]]:
    """Yield the comments, and the text at the head, of what is run, with its path."""
    for script in sources(case):
        if not script.path:
            continue
        head = HEAD.match(script.text)
        if head:
            yield script.path, head["text"]
        for line in script.text.splitlines():
            if match := COMMENT.match(line):
                yield script.path, match["text"]
