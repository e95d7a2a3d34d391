"""Keys in the sections of a file of settings (INI, TOML), and where a program reads them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

SECTION = re.compile(r"^\s*\[([\w.-]{1,80})\]\s*(?:[#;].*)?$")
KEY = re.compile(r"^\s*([A-Za-z_][\w.-]{0,80})\s*[=:]\s*(\S.*)$")
MOST_LINES, MOST_KEYS = 2000, 40
ASKED = r"[\"']([\w.-]{{1,80}})[\"']\s*(?:,|\]\s*\[|[)\]]\s*\.\s*get\s*\()\s*[\"']{key}[\"']"
"""How a source asks for a key of a section: `get("queue", "spool")`, `conf["queue"]["spool"]`."""


@dataclass(frozen=True)
class OtherSection:
    """A key that stands in another section than the one in which a program reads it."""

    key: str
    section: str
    """Where it is."""
    wanted: str
    """Where it is read."""
    line: str


def in_other_sections(content: str, sources: Iterable[str]) -> Iterator[OtherSection]:
    """Yield the keys of a file that a source reads in another section, and not in their own."""
    lines = _keys(content)
    headers = map(SECTION.match, content.splitlines()[:MOST_LINES])
    sections = {header[1] for header in headers if header}
    has = {(section, key) for section, key, _ in lines}
    texts = list(sources)
    for section, key, line in lines[:MOST_KEYS]:
        asked = re.compile(ASKED.format(key=re.escape(key)))
        wanted = {match[1] for text in texts for match in asked.finditer(text)}
        others = [each for each in wanted if each in sections and (each, key) not in has]
        if section not in wanted and len(others) == 1:
            yield OtherSection(key, section, others[0], line)


def moved(content: str, found: OtherSection) -> str:
    """Return the file with the key in the section where it is read, and nowhere else."""
    lines: list[str] = []
    section = ""
    for line in content.split("\n"):
        match = SECTION.match(line)
        section = match[1] if match else section
        if section == found.section and line == found.line:
            continue
        lines.append(line)
        if match and section == found.wanted:
            lines.append(found.line)
    return "\n".join(lines)


def _keys(content: str) -> list[tuple[str, str, str]]:
    """Return the keys of a file that has sections: section, name and line."""
    found, section = [], ""
    for line in content.splitlines()[:MOST_LINES]:
        if match := SECTION.match(line):
            section = match[1]
        elif section and (match := KEY.match(line)):
            found.append((section, match[1], line))
    return found
