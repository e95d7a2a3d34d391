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
DEPENDENCIES = "dependencies"
DEPENDENCIES_HEAD = """
`scripts/faults dependencies` does this to what a service depends on, while requests come. The service has all stages, and is a plain
process. A cell has, in this order:

- "named" or "silent": whether the log names the cause. Neither, where nothing is lost.
- What the route that needs the dependency answers meanwhile: "goes on" if it does its work, a status, or "no answer" within 6 s. At a
  restart, it is the worst answer.
- What `/health/ready` says then: "ready"; "degraded", which is ready and tells why; "not ready". Services of others are not asked.
- "lives": `/health/live` and a route without the dependency answered within 2 s all the time; "hangs": they did not.
- "recovers": once the fault had ended, all was as before, without a restart.
- "ends with N": the process has ended, with this exit status.

"FastAPI, SQLAlchemy, Alembic" is a small service like FastAPI's full-stack template: it waits for the database, migrates, and serves. "loco,
SeaORM" is what `loco new --db postgres` makes, with its settings for production, a table and a route.

"-": the dependency does not have this fault. "unknown host", "newer schema", "TLS refused" of PostgreSQL and Redis, "unreachable" and
"read-only" of SQLite are there when the service starts; the others come while it runs. "too many connections" is a limit of the role, or of
Redis; "disk full" is that of the tables, or of the file that Redis saves to; "read-only" is a server that takes no writes, or a disk.
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
    return {key(group.partition("\n")[0]): _rows(group) for group in groups}


def key(heading: str) -> str:
    """Return what a table is called in Tables."""
    return heading[:1].lower() + heading[1:]


def _rows(group: str) -> dict[str, Row]:
    head, _, *lines = [
        line.strip("| ").split(" | ") for line in group.splitlines() if line.startswith("|")
    ]
    return {name: dict(zip(head[1:], cells, strict=True)) for name, *cells in lines}


def _section(language: str, tables: Tables) -> str:
    groups = "".join("\n".join(_group(name, rows)) for name, rows in tables.items())
    head = DEPENDENCIES_HEAD if language == DEPENDENCIES else f"\n{count(tables)}\n"
    return f"\n## {language.capitalize()}\n{head}{groups}"


def _group(name: str, rows: dict[str, Row]) -> Iterator[str]:
    titles = ["fault", *next(iter(rows.values()))]
    yield f"\n### {name[:1].upper()}{name[1:]}\n"
    yield _line(titles)
    yield f"|{' --- |' * len(titles)}"
    for fault, row in rows.items():
        yield _line([fault, *row.values()])
    yield ""


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
