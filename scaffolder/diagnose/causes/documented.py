"""A status that the program's own text documents, as the result of a job: `2 = drift found`."""

import re
from collections.abc import Iterator

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
from scaffolder.diagnose.causes.silence.readings import sources
from scaffolder.diagnose.evidence import log_search

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


def documented_end(case: Case) -> tuple[str, tuple[Evidence, ...]] | None:
    """Return what the status of a job means by its own words, if that is no failure.

    The job has said what it found, and complains of nothing. Of one that says nothing, only a label
    of its image counts.
    """
    code, config = case.exit_code, case.config
    if case.pod or case.restarts or config.must_stay or not 0 < code <= LARGEST_STATUS:
        return None
    lines = [line.text for line in case.lines if line.text.strip()]
    if log_search.last_words(lines) or case.seen.failed_call:
        return None
    said = logged(case, lines[-1]) if lines else nothing_logged(case)
    for who, words, shown in _texts(case, lines[-1] if lines else ""):
        what = _meaning(words, code) if lines or shown.source == "inspect" else ""
        if what:
            text = f"it has finished its work: {who} says that its exit code {code} means {what!r}"
            return text, (shown, said, ended(case))
    return None


def _meaning(words: str, code: int) -> str:
    """Return what a text says that a status means; empty if it says nothing, or a failure."""
    listed = (LISTED,) if LISTS.search(words) else ()
    for pattern in (MEANS, *listed):
        match = re.search(pattern.format(code=code), words, re.IGNORECASE)
        if match and not log_search.FAILURE.search(match["what"]):
            return match["what"].strip()
    return ""


def _texts(case: Case, last: str) -> Iterator[tuple[str, str, Evidence]]:
    """Yield who may document it, in which words: labels, the last output, comments."""
    for name, value in case.config.labels.items():
        spelled = re.sub(r"[_.]", "-", name)
        of_one = re.search(r"-(\d{1,3})$", spelled)  # exit.status.3=nothing to do
        means = f"{of_one[1]} = {value}" if of_one else value
        if LISTS.search(spelled):
            yield f"the label {name}", means, inspected(case, "Config.Labels", f"{name}={value}")
    if LISTS.search(last):
        yield "its last output", last, logged(case, last)
    for path, comment in _comments(case):
        yield path, comment, content(case, path, comment.strip()[:200])


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
