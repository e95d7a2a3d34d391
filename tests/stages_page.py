"""docs/stages.md: which stages may be combined, generated from the catalogue."""

from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

from scaffolder.languages.all import LANGUAGES
from scaffolder.templates import catalogue, template

ROOT = template.builtin().root
PAGE = Path(__file__).parent.parent / "docs/stages.md"
HEAD = """\
# Stages

What may be combined, generated from `template/stages.yml` by `scripts/stages`. No stage excludes
another: a service may have any of those in its language, along with what they require. That makes
{counts}.

- "requires": `add-stage` adds these, too, and they cannot be removed before it.
- "after": these come first where both are there; it does not need them.
- "optional": it does more where these are there.

"""


def render() -> str:
    """Return the page."""
    titles = [language.TITLE for language in LANGUAGES.values()]
    counts = [f"{combined(name)} combinations in {LANGUAGES[name].TITLE}" for name in LANGUAGES]
    rows = [["stage", *titles, "requires", "after", "optional"]]
    rows.append(["---"] * len(rows[0]))
    for name, stage in catalogue.read(ROOT).items():
        there = ["yes" if stage.is_in(language) else "no" for language in LANGUAGES]
        others = [listed(names) for names in (stage.requires, stage.after, stage.optional)]
        rows.append([f"`{name}`", *there, *others])
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    return HEAD.format(counts=" and ".join(counts)) + table


def listed(names: Iterable[str]) -> str:
    """Return names as a cell shows them."""
    return ", ".join(f"`{name}`" for name in names)


def combined(language: str) -> int:
    """Return how many sets of stages a service in `language` may have, the empty one included."""
    known = catalogue.load(ROOT, language)
    sizes = range(len(known.stages) + 1)
    return sum(
        len(known.closure(names)) == size
        for size in sizes
        for names in combinations(known.stages, size)
    )
