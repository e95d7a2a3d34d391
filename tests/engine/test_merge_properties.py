"""Whatever a user does to the text of a service, adding stages loses no line of it."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from conftest import Pristine, files, git, viscaffold
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import FULL

from scaffolder.templates import catalogue, template

pytestmark = pytest.mark.slow

TEXTS = ("compose.yaml", "README.md", "Dockerfile", "docs/runbook.md")
SHARED = {
    "python": ("pyproject.toml", "src/orders/stages/__init__.py"),
    "rust": ("Cargo.toml", "src/stages/mod.rs"),
}
OTHERS = {
    "python": ("src/orders/app.py", "tests/test_health.py"),
    "rust": ("src/app.rs", "src/lib.rs", "tests/health.rs"),
}


def edits(language: str) -> st.SearchStrategy[list["Edit"]]:
    """Return what is done to files: where (a fraction of its lines), how many lines go and come."""
    paths = (*SHARED[language], *OTHERS[language], *TEXTS)
    edit = st.tuples(st.sampled_from(paths), st.floats(0, 1), st.integers(0, 4), st.integers(1, 3))
    return st.lists(edit, min_size=1, max_size=6)


Edit = tuple[str, float, int, int]


def apply(root: Path, edit: Edit, mark: str) -> list[str]:
    """Replace some lines by new ones, which are returned."""
    path, where, gone, come = edit
    lines = (root / path).read_text(encoding="utf-8").splitlines(keepends=True)
    at = int(where * len(lines))
    mine = [f"# {mark} {number}\n" for number in range(come)]
    lines[at : at + gone] = mine
    (root / path).write_text("".join(lines), encoding="utf-8")
    return mine


def stages(language: str) -> list[str]:
    return sorted(catalogue.load(template.builtin().root, language).stages)


@pytest.mark.parametrize("language", SHARED)
@settings(
    max_examples=40 if FULL else 15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_line_of_the_user_is_lost(
    pristine: Pristine, language: str, data: st.DataObject
) -> None:
    done = data.draw(edits(language))
    chosen = data.draw(st.permutations(stages(language)))[:2]
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "orders"
        shutil.copytree(pristine((), language), root, symlinks=True)
        mine: dict[str, list[str]] = {}
        for number, edit in enumerate(done):
            lines = apply(root, edit, f"mine {number}")
            mine[edit[0]] = [*mine.get(edit[0], []), *lines]
        git(root, "commit", "--all", "--quiet", "--message", "mine")
        written = files(root)
        os.chdir(root)
        ran = viscaffold("add-stage", *chosen)
        os.chdir(before)
        after = files(root)

    assert ran.code in (0, 3), ran.err
    for path, lines in mine.items():
        # A later edit of the test's own may have replaced lines of an earlier one.
        for line in (line for line in lines if line.encode() in written[path]):
            assert after[path].count(line.encode()) >= 1, (path, line)
    bare, grown = (files(pristine(those, language)) for those in ((), tuple(sorted(chosen))))
    for path in (path for path, text in bare.items() if grown[path] == text):
        assert after[path] == written[path], path
    marked = [path for path in after if b"<<<<<<< yours" in after[path]]
    assert bool(marked) == (ran.code == 3)
