"""docs/causes.md: the catalogue of causes as a page, generated from the code."""

from importlib import import_module
from itertools import groupby

from .catalogue import causes

HEAD = """\
# Causes

What `viscaffold diagnose` can find: {number} causes in {families} families, generated from the
code by `python -m scaffolder.diagnose.causes.page`. If it finds several, a proven cause comes
first, then the one that explains the others. A cause that no message names may be inferred from
files and settings; its verdict is `likely`. The runbook column names headings of the runbook that
every service has (`docs/runbook.md`); other containers have
[this one](../template/shared/runbook.md).
"""
FORMERLY = {
    "library-missing-silent": "library-missing",
    "variable-missing-silent": "variable-missing",
}
"""Former names → the cause that they were merged into."""
TABLE = "| cause | pattern | read | runbook | |\n|---|---|---|---|---|\n"


def render() -> str:
    """Return the page."""
    known = list(causes())
    parts = [HEAD.format(number=len(known), families=len({cause.family for cause in known}))]
    renamed = ", ".join(f"`{old}` is now `{new}`" for old, new in FORMERLY.items())
    parts.append(f"\nMerged names: {renamed}.\n")
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
