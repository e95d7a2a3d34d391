"""New files follow the directories that the user moved.

Git's own merge does that for a new file, but not for a new directory, and a stage brings both.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import PurePosixPath

from .git import Git
from .trees import Blob, Tree, write_tree


def follow(
    git: Git, base: Tree, mine: Mapping[str, Blob], ours: str, theirs: Tree
) -> tuple[Tree, list[str]]:
    """Return `theirs` with the files that are new in it moved along, and a note for each directory.

    `ours` is the tree of the files in `mine`.
    """
    before, now = _directories(base), _directories(mine)
    homes = {path: _home(path, before) for path in theirs.keys() - base.keys()}
    lost = {path: home for path, home in homes.items() if home not in now}
    if not lost:
        return theirs, []
    moves = directories(renames(git, write_tree(git, base), ours))
    moved = dict(theirs)
    for path, home in lost.items():
        if home in moves:
            moved[moves[home] + path.removeprefix(home)] = moved.pop(path)
    gone = sorted({home for home in lost.values() if home in moves})
    return moved, [f"you moved {home} to {moves[home]}: its new files go along" for home in gone]


def _directories(paths: Iterable[str]) -> set[str]:
    return {str(parent) for path in paths for parent in PurePosixPath(path).parents}


def _home(path: str, known: AbstractSet[str]) -> str:
    """Return the nearest directory above `path` that is among `known`."""
    parents = (str(parent) for parent in PurePosixPath(path).parents)
    return next((parent for parent in parents if parent in known), ".")


def renames(git: Git, old: str, new: str) -> dict[str, str]:
    """Return the renames between two trees that git detects."""
    command = ("diff-tree", "-r", "-z", "-M", "--diff-filter=R", "--name-status", old, new)
    fields = git.fields(*command)
    return dict(zip(fields[1::3], fields[2::3], strict=True))


def along(path: str, homes: Mapping[str, str]) -> str:
    """Return where `path` is after the moves of directories, `homes`."""
    home = _home(path, homes.keys())
    return homes[home] + path.removeprefix(home) if home in homes else path


def directories(renamed: Mapping[str, str]) -> dict[str, str]:
    """Return where most files of each directory went."""
    votes: dict[str, Counter[str]] = {}
    for source, target in renamed.items():
        here, there = PurePosixPath(source).parent, PurePosixPath(target).parent
        while here != there and here.name:
            votes.setdefault(str(here), Counter())[str(there)] += 1
            if here.name != there.name:
                break
            here, there = here.parent, there.parent
    return {home: counted.most_common(1)[0][0] for home, counted in votes.items()}
