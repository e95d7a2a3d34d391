"""What the documents of a service say of lines in its log, and of exit statuses.

They are read as the template gives them: a table whose first column is the sentence or the status,
or a paragraph or an item of a list that begins with sentences in backticks and a colon.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

RUNBOOK = "docs/runbook.md"
SENTENCES, STATUSES = "The line contains", "Status"
"""How the first columns of the two tables are headed."""

_HEADING = re.compile(r"#{1,6} (.*)")
_SPAN = re.compile(r"`([^`]+)`")
_LEADING = re.compile(r"(?:- )?((?:`[^`]+`(?:, | or )?)+): (.+)", re.DOTALL)
_LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")


@dataclass(frozen=True)
class Entry:
    """What is said of a sentence or a status, and where."""

    key: str
    meaning: str
    advice: str
    place: str
    """The path with the heading, as a link has it."""


def sentences(documents: Mapping[str, str]) -> Iterator[Entry]:
    """Return what documents, by path, say of sentences in the log."""
    for path, text in documents.items():
        for heading, block in _blocks(text):
            place = f"{path}#{_anchor(heading)}"
            for cells in _rows(block, SENTENCES):
                for span in _SPAN.findall(cells[0]):
                    meaning, advice = (_plain(cell, path) for cell in cells[1:3])
                    yield Entry(span, meaning, advice, place)
            yield from _leading(block, path, place)


def statuses(runbook: str) -> Iterator[Entry]:
    """Return what the runbook says of exit statuses."""
    for heading, block in _blocks(runbook):
        for key, *cells in _rows(block, STATUSES):
            meaning, advice = (_plain(cell, RUNBOOK) for cell in cells[:2])
            yield Entry(key, meaning, advice, f"{RUNBOOK}#{_anchor(heading)}")


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Return the paragraphs, tables and items of lists, each with the heading above it."""
    heading, fenced = "", False
    for block in re.split(r"\n\s*\n|\n(?=- )", text):
        found = _HEADING.match(block)
        heading = found[1] if found and not fenced else heading
        fenced ^= block.count("```") % 2 == 1
        if not fenced:
            yield heading, block


def _rows(block: str, first: str) -> Iterator[list[str]]:
    lines = [line.strip("| ").split(" | ") for line in block.splitlines() if line[:1] == "|"]
    if lines and lines[0][0] == first:
        yield from (cells for cells in lines[2:] if len(cells) == len(lines[0]))


def _leading(block: str, path: str, place: str) -> Iterator[Entry]:
    found = _LEADING.fullmatch(" ".join(block.split()))
    for span in _SPAN.findall(found[1]) if found else ():
        if " " in span:
            yield Entry(span, _plain(found[2], path) if found else "", "", place)


def _anchor(heading: str) -> str:
    """Return what a link to a heading is called, as forges make it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _plain(cell: str, path: str) -> str:
    """Return a text with links as a person types them: words, and where they lead."""
    folder = path.rpartition("/")[0]

    def shown(link: "re.Match[str]") -> str:
        words, target = link[1], link[2]
        if "://" in target:
            return f"{words} ({target})"
        return f"{words} ({path}{target})" if target[:1] == "#" else f"{words} ({folder}/{target})"

    return _LINK.sub(shown, cell)
