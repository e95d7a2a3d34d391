"""Write the tables of docs/verification.md: run it by hand; a test tells when they are stale."""

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests/faults")]

import python_mutations
import rust_mutations
from mutation import Mutation

from scaffolder.languages import toolchain
from scaffolder.languages.all import LANGUAGES
from scaffolder.templates import catalogue, template
from scaffolder.verify.drills.drill import LIVES, Drill, of_language, of_stage
from scaffolder.verify.drills.faults import DRILLS

PAGE = ROOT / "docs/verification.md"
MARK = "<!-- Below: written by tests/verify/verification_page.py -->\n"
TABLES = {"python": python_mutations, "rust": rust_mutations}


def page() -> str:
    """Return the page with its tables as they have to be."""
    text = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    return f"{text}{MARK}\n" + "\n".join([*_drills(), *_mutations()])


def _drills() -> Iterator[str]:
    yield "## Drills\n"
    yield "| drill | in | the log says | then |\n| --- | --- | --- | --- |"
    for drill in DRILLS:
        yield _drill(drill, "every service")
    root = template.builtin().root
    for name, language in LANGUAGES.items():
        for entry in toolchain.load(root, name).drills:
            yield _drill(of_language(entry, "orders"), language.TITLE)
    for name, stage in catalogue.read(root).items():
        for fault in stage.drills:
            yield _drill(of_stage(name, fault), f"stage {name}")
    yield ""


def _drill(drill: Drill, where: str) -> str:
    cause = drill.cause.replace("\\ ", " ").replace("|", "\\|")
    said = f"`{cause}`" if drill.cause else "nothing: nobody is left to say it"
    end = "goes on" if drill.status is LIVES else f"status {drill.status}"
    return f"| {drill.name} | {where} | {said} | {end}{_after(drill)} |"


def _after(drill: Drill) -> str:
    if drill.recovers:
        return ", healthy when it is started again"
    return ", healthy when the fault is over" if drill.cure else ""


def _mutations() -> Iterator[str]:
    for name, language in LANGUAGES.items():
        table = TABLES[name]
        yield f"## Broken services in {language.TITLE}\n"
        yield "| fault | found in the step |\n| --- | --- |"
        yield from (_row(one) for one in table.FAULTS)
        yield f"\n## Healthy changes in {language.TITLE}\n"
        yield f"No step fails: {', '.join(sorted(table.HEALTHY))}.\n"


def _row(mutation: Mutation) -> str:
    return f"| {mutation.name} | {mutation.step} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
