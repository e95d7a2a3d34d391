"""Whatever a user does to the text of a service, adding stages loses no line of it."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from conftest import STAGES, files, git, viscaffold
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SHARED = ("pyproject.toml", "compose.yaml", "README.md", "src/orders/stages/__init__.py")
OTHERS = ("src/orders/app.py", "tests/test_health.py", "Dockerfile", "docs/runbook.md")

# What is done to a file: where (a fraction of its lines), how many lines go, how many come.
edits = st.lists(
    st.tuples(
        st.sampled_from(SHARED + OTHERS),
        st.floats(0, 1),
        st.integers(0, 4),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=6,
)


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


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(done=edits, stages=st.permutations(STAGES).map(lambda order: order[:2]))
def test_no_line_of_the_user_is_lost(
    pristine: Callable[[tuple[str, ...]], Path],
    done: list[Edit],
    stages: list[str],
) -> None:
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "orders"
        shutil.copytree(pristine(()), root, symlinks=True)
        mine: dict[str, list[str]] = {}
        for number, edit in enumerate(done):
            lines = apply(root, edit, f"mine {number}")
            mine[edit[0]] = [*mine.get(edit[0], []), *lines]
        git(root, "commit", "--all", "--quiet", "--message", "mine")
        written = files(root)
        os.chdir(root)
        ran = viscaffold("add-stage", *stages)
        os.chdir(before)
        after = files(root)

    assert ran.code in (0, 3), ran.err
    for path, lines in mine.items():
        # A later edit of the test's own may have replaced lines of an earlier one.
        for line in (line for line in lines if line.encode() in written[path]):
            assert after[path].count(line.encode()) >= 1, (path, line)
    for path in OTHERS:
        assert after[path] == written[path], path
    marked = [path for path in after if b"<<<<<<< yours" in after[path]]
    assert bool(marked) == (ran.code == 3)
