"""docs/causes.md: the catalogue of causes as a page, made from the code."""

from importlib import import_module
from itertools import groupby

from .catalogue import causes

HEAD = """\
# Causes

What `viscaffold diagnose` can find: {number} causes in {families} families, made from the code by
`python -m scaffolder.diagnose.page`. Of those that it finds, one that is proven comes first,
then what explains most. The pages are headings of the runbook that every service has
(`docs/runbook.md`); for other containers, of [this one](../template/shared/runbook.md).
"""
TABLE = "| cause | pattern | read | runbook | |\n|---|---|---|---|---|\n"


def render() -> str:
    """Return the page."""
    known = list(causes())
    parts = [HEAD.format(number=len(known), families=len({cause.family for cause in known}))]
    for family, members in groupby(known, key=lambda cause: cause.family):
        module = import_module(f"scaffolder.diagnose.causes.{family}")
        parts.append(f"\n## {family}\n\n{module.__doc__}\n\n{TABLE}")
        parts += [
            f"| `{c.id}` | {c.pattern} | {', '.join(c.reads)} | {c.page} | {c.title} |\n"
            for c in members
        ]
    return "".join(parts)


if __name__ == "__main__":
    from pathlib import Path

    Path("docs/causes.md").write_text(render(), encoding="utf-8")
