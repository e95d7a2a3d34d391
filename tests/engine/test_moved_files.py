"""Files that the template moves take the user's edits along, however much it rewrote them."""

import itertools
from pathlib import Path

import pytest
from conftest import commit, git
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from teams import write

from scaffolder.engine import renders, trees
from scaffolder.engine.git import repository
from scaffolder.engine.merge import Merge
from scaffolder.engine.moved_files import Moved

OLD = "".join(f"line {number}\n" for number in range(20))
NEW = "# new\n" + "".join(f"line {number}\n" for number in range(4)) + "# another\n"
"""What comes of OLD when it moves: git sees no likeness."""

Texts = dict[str, str]


def tree(texts: Texts) -> trees.Tree:
    return {path: ("100644", text.encode()) for path, text in texts.items()}


def merge(root: Path, base: Texts, theirs: Texts, moved: Moved) -> tuple[Merge, Texts]:
    """Merge into the service in `root`; return what it comes to, with the texts of the result."""
    found = repository(root)
    assert found is not None
    with trees.scratch(found) as scratch:
        merged = renders.merge(scratch, found, tree(base), tree(theirs), label="new", moved=moved)
        result = trees.list_tree(scratch, merged.result)
        held = trees.contents(scratch, [blob.oid for blob in result.values()])
        assert merged.ours == git(root, "write-tree").strip()
        assert merged.changes == trees.changes(scratch, merged.ours, merged.result)
    return merged, {path: held[blob.oid].decode() for path, blob in result.items()}


def start(root: Path, base: Texts) -> Path:
    git(root, "init", "--quiet")
    write(root, base)
    commit(root)
    return root


def edit(root: Path, path: str, old: str, new: str) -> None:
    text = (root / path).read_text(encoding="utf-8")
    assert old in text
    (root / path).write_text(text.replace(old, new), encoding="utf-8")
    commit(root)


def problems(merged: Merge) -> Texts:
    return {conflict.path: conflict.reason for conflict in merged.conflicts}


ONE = {"old/a": ["new/b"]}
SAME_LINES = "you and the template changed the same lines"


def test_an_untouched_file_is_replaced(tmp_path: Path) -> None:
    merged, after = merge(start(tmp_path, {"old/a": OLD}), {"old/a": OLD}, {"new/b": NEW}, ONE)

    assert after == {"new/b": NEW}
    assert not merged.conflicts
    assert {(c.path, c.kind) for c in merged.changes} == {("old/a", "delete"), ("new/b", "add")}


def test_an_edit_that_the_new_file_has_room_for_is_in_it(tmp_path: Path) -> None:
    root = start(tmp_path, {"old/a": OLD})
    edit(root, "old/a", "line 2\n", "line 2, mine\n")
    merged, after = merge(root, {"old/a": OLD}, {"new/b": NEW}, ONE)

    assert after == {"new/b": NEW.replace("line 2\n", "line 2, mine\n")}
    assert not merged.conflicts


def test_an_edit_of_what_is_gone_is_a_conflict_at_the_new_path(tmp_path: Path) -> None:
    root = start(tmp_path, {"old/a": OLD})
    edit(root, "old/a", "line 12\n", "line 12, mine\n")
    merged, after = merge(root, {"old/a": OLD}, {"new/b": NEW}, ONE)

    assert after.keys() == {"new/b"}
    assert "line 12, mine\n" in after["new/b"]
    assert problems(merged) == {"new/b": SAME_LINES}
    assert merged.conflicts[0].stages.keys() == {1, 2, 3}


def test_a_file_that_the_user_deleted_stays_deleted(tmp_path: Path) -> None:
    root = start(tmp_path, {"old/a": OLD, "c": ""})
    git(root, "rm", "-q", "old/a")
    merged, after = merge(root, {"old/a": OLD, "c": ""}, {"new/b": NEW, "c": ""}, ONE)

    assert after == {"c": ""}
    assert merged.kept_deleted == ["new/b"]


def test_a_file_that_the_user_moved_on_its_own_stays_there_as_a_conflict(tmp_path: Path) -> None:
    root = start(tmp_path, {"old/a": OLD, "old/c": ""})
    (root / "mine").mkdir()
    git(root, "mv", "old/a", "mine/a2")
    edit(root, "mine/a2", "line 2\n", "line 2, mine\n")
    merged, after = merge(
        root, {"old/a": OLD, "old/c": ""}, {"new/b": NEW, "old/c": ""}, ONE
    )  # fmt: skip
    mine = OLD.replace("line 2\n", "line 2, mine\n")

    assert after == {"mine/a2": mine, "new/b": NEW, "old/c": ""}
    assert problems(merged) == {"mine/a2": "it would go, but you moved it here; it is in new/b now"}


def test_a_file_that_the_user_moved_to_its_new_path_is_merged_there(tmp_path: Path) -> None:
    root = start(tmp_path, {"old/a": OLD, "old/c": ""})
    (root / "new").mkdir()
    git(root, "mv", "old/a", "new/b")
    edit(root, "new/b", "line 2\n", "line 2, mine\n")
    merged, after = merge(
        root, {"old/a": OLD, "old/c": ""}, {"new/b": NEW, "old/c": ""}, ONE
    )  # fmt: skip

    assert after == {"new/b": NEW.replace("line 2\n", "line 2, mine\n"), "old/c": ""}
    assert not merged.conflicts


def test_in_a_directory_that_the_user_moved_files_move_too(tmp_path: Path) -> None:
    base = {"src/p/a": OLD, "src/p/c": "c\n" * 9, "src/p/d": "d\n" * 9}
    root = start(tmp_path, base)
    git(root, "mv", "src/p", "src/q")
    edit(root, "src/q/a", "line 2\n", "line 2, mine\n")
    theirs = {"src/p/r/b": NEW, "src/p/c": base["src/p/c"], "src/p/d": base["src/p/d"]}
    merged, after = merge(root, base, theirs, {"src/p/a": ["src/p/r/b"]})

    assert after.keys() == {"src/q/r/b", "src/q/c", "src/q/d"}
    assert after["src/q/r/b"] == NEW.replace("line 2\n", "line 2, mine\n")
    assert not merged.conflicts


def test_several_moves_are_one(tmp_path: Path) -> None:
    root = start(tmp_path, {"a": OLD})
    edit(root, "a", "line 2\n", "line 2, mine\n")
    moved = {"a": ["b"], "b": ["c"], "c": ["a", "d"]}
    merged, after = merge(root, {"a": OLD}, {"d": NEW}, moved)

    assert after == {"d": NEW.replace("line 2\n", "line 2, mine\n")}
    assert not merged.conflicts


SPLIT = {"a": ["b", "c"]}
JOINED = {"a": ["c"], "b": ["c"]}


@pytest.mark.parametrize(
    ("moved", "base", "theirs", "words"),
    [
        (SPLIT, {"a": OLD}, {"b": NEW, "c": NEW}, "it is in b and c now"),
        (JOINED, {"a": OLD, "b": OLD}, {"c": NEW}, "it is in c now"),
        ({"a": ["c"]}, {"a": OLD, "c": ""}, {"c": NEW}, "it is in c now"),
    ],
    ids=["split", "joined", "into one that was there"],
)
def test_what_has_no_successor_of_its_own_is_kept_if_it_was_edited(
    tmp_path: Path, moved: Moved, base: Texts, theirs: Texts, words: str
) -> None:
    root = start(tmp_path, base)
    untouched, plain = merge(root, base, theirs, moved)
    edit(root, "a", "line 2\n", "line 2, mine\n")
    merged, after = merge(root, base, theirs, moved)

    assert plain == theirs
    assert not untouched.conflicts
    assert after == {**theirs, "a": OLD.replace("line 2\n", "line 2, mine\n")}
    assert problems(merged) == {"a": f"it would go, but you changed it; {words}"}


def test_a_file_of_the_user_at_the_new_path_is_never_replaced(tmp_path: Path) -> None:
    root = start(tmp_path, {"old/a": OLD})
    edit(root, "old/a", "line 2\n", "line 2, mine\n")
    write(root, {"new/b": "all mine\n"})
    commit(root)
    merged, after = merge(root, {"old/a": OLD}, {"new/b": NEW}, ONE)

    assert "all mine\n" in after["new/b"]
    assert after["old/a"] == OLD.replace("line 2\n", "line 2, mine\n")
    assert problems(merged).keys() == {"new/b", "old/a"}


def test_a_link_stays_where_it_leads_from(tmp_path: Path) -> None:
    root = start(tmp_path, {"old/a": OLD, "target": ""})
    (root / "old/a").unlink()
    (root / "old/a").symlink_to("../target")
    commit(root)
    base = {"old/a": OLD, "target": ""}
    merged, after = merge(root, base, {"new/b": NEW, "target": ""}, ONE)

    assert after["old/a"] == "../target"
    assert "old/a" in problems(merged)


def test_line_endings_of_the_user_go_along(tmp_path: Path) -> None:
    root = start(tmp_path, {"old/a": OLD})
    (root / "old/a").write_bytes(OLD.replace("\n", "\r\n").encode())
    commit(root)
    merged, after = merge(root, {"old/a": OLD}, {"new/b": NEW}, ONE)

    assert after == {"new/b": NEW.replace("\n", "\r\n")}
    assert not merged.conflicts


def test_code_that_imports_what_moved_is_told_where_it_is(tmp_path: Path) -> None:
    base = {"src/p/a.py": "A = 1\n" * 9, "src/p/b.py": "B = 1\n" * 9, "run.sh": "python -m p.a\n"}
    root = start(tmp_path, base)
    write(root, {"src/p/mine.py": "import os\nfrom p.a import A\nfrom . import b\n"})
    edit(root, "run.sh", "p.a", "p.a --mine")
    theirs = {
        "src/p/r/a.py": "A = 2\n", "src/p/r/b1.py": "", "src/p/r/b2.py": "", "run.sh": "true\n"
    }  # fmt: skip
    moved = {"src/p/a.py": ["src/p/r/a.py"], "src/p/b.py": ["src/p/r/b1.py", "src/p/r/b2.py"]}
    merged, _ = merge(root, base, {**theirs, "run.sh": base["run.sh"]}, moved)

    assert problems(merged) == {
        "src/p/mine.py": "line 2 imports p.a, which is p.r.a now, "
        "line 3 imports p.b, which is p.r.b1 and p.r.b2 now"
    }
    assert merged.notes == ["run.sh: line 1 names p.a, which is p.r.a now"]


def test_code_that_moved_is_looked_at_too(tmp_path: Path) -> None:
    base = {"src/p/a.py": "A = 1\n" * 9, "src/p/b.py": "B = 1\n" * 9}
    root = start(tmp_path, base)
    write(root, {"src/p/a.py": base["src/p/a.py"] + "from p import b\nb.B = 2\n"})
    commit(root)
    theirs = {"src/p/r/a.py": "A = 1\n" * 9, "src/p/r/b.py": "B = 3\n"}
    moved = {f"src/p/{name}.py": [f"src/p/r/{name}.py"] for name in "ab"}
    merged, _ = merge(root, base, theirs, moved)

    assert "line 10 imports p.b, which is p.r.b now" in problems(merged)["src/p/r/a.py"]


NAMES = ("a", "b", "c", "d")
SHAPES: list[dict[str, list[str]]] = [
    {"a": ["x/a"], "b": ["x/b"], "c": ["x/c"], "d": ["x/d"]},
    {"a": ["b"], "b": ["c"], "c": ["x"]},
    {"a": ["x", "y"], "b": ["z"], "c": ["z"]},
    {"a": ["d"], "b": ["x"]},
]
TEXTS = {name: "".join(f"{name} {number}\n" for number in range(20)) for name in NAMES}


def do(root: Path, name: str, doing: str, at: int) -> None:
    """Do to a file what a user may."""
    lines = TEXTS[name].splitlines(keepends=True)
    if doing == "edit":
        lines[at] = f"mine in {name}\n"
        (root / name).write_text("".join(lines), encoding="utf-8")
    elif doing == "replace":
        (root / name).write_text(f"mine in {name}\n", encoding="utf-8")
    elif doing == "delete":
        (root / name).unlink()
    elif doing == "move":
        (root / name).rename(root / f"mine-{name}")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moved=st.sampled_from(SHAPES),
    done=st.fixed_dictionaries(
        {
            name: st.tuples(
                st.sampled_from(("nothing", "edit", "delete", "move", "replace")),
                st.integers(0, 19),
            )
            for name in NAMES
        }
    ),
    kept=st.sets(st.integers(0, 19)),
    stays=st.sets(st.sampled_from(NAMES)),
)
def test_no_line_of_the_user_is_lost_and_what_is_untouched_is_replaced(
    tmp_path_factory: pytest.TempPathFactory,
    moved: dict[str, list[str]],
    done: dict[str, tuple[str, int]],
    kept: set[int],
    stays: set[str],
) -> None:
    targets = set(itertools.chain.from_iterable(moved.values()))
    theirs = {
        path: f"new {path}\n" + "".join(f"{path[-1]} {number}\n" for number in sorted(kept))
        for path in targets | ({*NAMES} - moved.keys()) | stays
    }
    root = start(tmp_path_factory.mktemp("service"), TEXTS)
    for name, (doing, at) in done.items():
        do(root, name, doing, at)
    git(root, "add", "--all")
    merged, after = merge(root, TEXTS, theirs, moved)

    unsettled = problems(merged).keys()
    everything = "".join(after.values())
    for name, (doing, _) in done.items():
        assert doing not in {"edit", "replace"} or f"mine in {name}\n" in everything
        assert doing != "move" or f"mine-{name}" in after
    if all(doing == "nothing" for doing, _ in done.values()):
        assert after == theirs
        assert not unsettled
    assert {path for path, text in after.items() if "<<<<<<<" in text} <= unsettled
