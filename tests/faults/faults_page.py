"""The page of faults: a table for each language and group, read and written."""

from collections.abc import Iterator
from pathlib import Path

from fault import CONTAINER, PLACES

PAGE = Path(__file__).parents[2] / "docs/faults.md"
HEAD = """# Faults

`scripts/faults` injects these faults from outside, and records whether the log names the cause, and the exit status.

- "silent": the log does not name it within 4 to 10 s.
- "-": the fault does not exist there, or only a supervisor could report it.
- A status without either word: nobody is left who could be told.
- "goes on": the process still runs. That of viscaffold still answers, and ends with 0 when asked to stop.

The columns after "without supervisor" show what the same faults do to other services in a container.
"""
WORDS = ("named", "silent")
NOT_RUN = "not run"

Row = dict[str, str]
"""Title of a column → what it says."""
Tables = dict[str, dict[str, Row]]
"""Group → fault → its row."""


def read(text: str) -> dict[str, Tables]:
    """Return the tables that a page has, by language."""
    _, *sections = text.split("\n## ")
    return {section.partition("\n")[0].lower(): _tables(section) for section in sections}


def write(page: dict[str, Tables]) -> str:
    """Return the text of a page."""
    return HEAD + "".join(_section(language, tables) for language, tables in page.items())


def count(tables: Tables) -> str:
    """Return a sentence on how many faults each service names."""
    rows = [row for faults in tables.values() for row in faults.values()]
    titles = [title for title in rows[0] if title == CONTAINER or title not in PLACES]
    met = [
        row for row in rows if all(row[title].startswith(("named", "silent")) for title in titles)
    ]
    named = {title: sum(row[title].startswith("named") for row in met) for title in titles}
    others = "; ".join(f"{title}: {named[title]}" for title in titles[1:])
    return (
        f"All of these services met {len(met)} of the faults in a container. "
        f"The service of viscaffold named {named[CONTAINER]} of them; {others}."
    )


def _tables(section: str) -> Tables:
    _, *groups = section.split("\n### ")
    return {group.partition("\n")[0].lower(): _rows(group) for group in groups}


def _rows(group: str) -> dict[str, Row]:
    head, _, *lines = [
        line.strip("| ").split(" | ") for line in group.splitlines() if line.startswith("|")
    ]
    return {name: dict(zip(head[1:], cells, strict=True)) for name, *cells in lines}


def _section(language: str, tables: Tables) -> str:
    groups = "".join("\n".join(_group(name, rows)) for name, rows in tables.items())
    return f"\n## {language.capitalize()}\n\n{count(tables)}\n{groups}"


def _group(name: str, rows: dict[str, Row]) -> Iterator[str]:
    titles = ["fault", *next(iter(rows.values()))]
    yield f"\n### {name.capitalize()}\n"
    yield _line(titles)
    yield f"|{' --- |' * len(titles)}"
    for fault, row in rows.items():
        yield _line([fault, *row.values()])
    yield ""


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
