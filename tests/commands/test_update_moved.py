"""`update` of services whose modules the template has moved since: edits go along."""

import difflib
from pathlib import Path

import pytest
from conftest import MakeService, commit, files, git, state, viscaffold
from packaging.version import Version

from scaffolder.templates import moved, releases, template

MOVED = {old: new[0] for old, new in moved.load(template.builtin().root, "orders").items()}
LAST = "0.8.0"
"""The version in which files moved last."""
OLDER = [version for version in releases.digests() if Version(version) < Version(LAST)]
MINE, LOST = "# mine, where it stays\n", "# mine, where lines went\n"


def now() -> dict[str, str]:
    """Return the moved files as the template has them."""
    home = template.builtin().root / "template/python"
    places = {new: new.replace("orders", "{{package}}", 1) for new in MOVED.values()}
    paths = {
        new: next(path for path in (home / place, *home.glob(f"*/{place}")) if path.exists())
        for new, place in places.items()
    }
    return {new: path.read_text(encoding="utf-8") for new, path in paths.items()}


def there(root: Path) -> dict[str, str]:
    """Return old path → new path, of the modules that a service has."""
    return {old: new for old, new in MOVED.items() if (root / old).is_file()}


def common(old: list[str], new: list[str]) -> int | None:
    """Return a line with the same lines around it in both."""
    found = difflib.SequenceMatcher(None, old, new, autojunk=False)
    block = max(found.get_matching_blocks(), key=lambda block: block.size)
    return block.a + block.size // 2 if block.size > 5 else None


def edit(root: Path, *, stays: bool) -> dict[str, str]:
    """Add a line to every module that moves, where its lines stay or where they go."""
    coming, edited = now(), {}
    for old, new in there(root).items():
        lines = (root / old).read_text(encoding="utf-8").splitlines(keepends=True)
        after = coming[new].splitlines(keepends=True)
        gone = [at for at in range(1, len(lines)) if {*lines[at - 1 : at + 1]}.isdisjoint(after)]
        at = common(lines, after) if stays else next(iter(gone), None)
        if at is not None:
            (root / old).write_text(
                "".join([*lines[:at], MINE if stays else LOST, *lines[at:]]), encoding="utf-8"
            )
            edited[old] = new
    commit(root)
    return edited


def test_the_list_is_of_files_that_the_template_has() -> None:
    assert now().keys() == {*MOVED.values()}
    home = template.builtin().root / "template/python/src/{{package}}"
    assert not [old for old in MOVED if (home / Path(old).name).exists()]


@pytest.mark.parametrize("version", OLDER)
def test_edits_where_lines_stay_are_in_the_moved_module(old: MakeService, version: str) -> None:
    root = old(version, "api", "auth")
    edited = edit(root, stays=True)
    ran = viscaffold("update")
    after = files(root)
    unmerged = git(root, "diff", "--name-only", "--diff-filter=U").split()

    assert ran.code == 0 or unmerged, ran.err
    assert not after.keys() & edited.keys()
    for new in edited.values():
        assert MINE.encode() in after[new]
        assert new not in unmerged, (root / new).read_text(encoding="utf-8")


@pytest.mark.parametrize("version", OLDER)
def test_edits_where_lines_went_are_conflicts_in_the_moved_module(
    old: MakeService, version: str
) -> None:
    root = old(version, "api", "auth")
    edited = edit(root, stays=False)
    before = state(root)
    dry = viscaffold("update", "--dry-run", "--json").json()
    unchanged = state(root)
    ran = viscaffold("update")
    after = files(root)
    unmerged = set(git(root, "diff", "--name-only", "--diff-filter=U").split())
    status = viscaffold("status", "--json").json()
    viscaffold("update", "--abort")

    assert edited
    assert ran.code == 3, ran.err
    assert not after.keys() & edited.keys()
    assert {*edited.values()} <= unmerged
    assert all(LOST.encode() in after[new] for new in edited.values())
    assert unchanged == before
    assert unmerged == {conflict["path"] for conflict in dry["conflicts"]}
    assert unmerged == {*status["conflicts"]}
    assert state(root) == before


@pytest.mark.parametrize("version", OLDER)
def test_a_clean_update_with_edits_is_taken_back(old: MakeService, version: str) -> None:
    root = old(version)
    edit(root, stays=True)
    before = state(root)
    ran = viscaffold("update")

    assert ran.code == 0, ran.err
    assert viscaffold("undo").code == 0
    assert state(root) == before


def test_code_of_the_user_is_told_where_modules_are_now(old: MakeService) -> None:
    root = old("0.7.0")
    (root / "src/orders/mine.py").write_text(
        "from orders.signals import SIGNALS\nfrom . import output, watch\n", "utf-8"
    )
    commit(root)
    ran = viscaffold("update")

    assert ran.code == 3
    assert (
        "src/orders/mine.py: line 1 imports orders.signals, which is orders.runtime.sent_signals "
        "now, line 2 imports orders.output, which is orders.runtime.stdio now, orders.watch, which "
        "is orders.runtime.watchdog now"
    ) in ran.err
    ours = viscaffold("update", "--continue")
    assert "line 1 imports orders.signals, which is orders.runtime.sent_signals now" in ours.err
