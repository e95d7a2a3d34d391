"""What becomes of a service when the team's template changes what a file is."""

import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import commit, files, git, state, viscaffold
from teams import Contents, MakeRepository, tag

LINES = "".join(f"line {number}\n" for number in range(1, 21)).encode()
CHANGED = LINES.replace(b"line 15\n", b"line 15, changed\n")
MINE = LINES.replace(b"line 3\n", b"line 3, mine\n")
BOTH = CHANGED.replace(b"line 3\n", b"line 3, mine\n")

Change = Callable[[Contents, Contents], Path]


def crlf(content: bytes) -> bytes:
    return content.replace(b"\n", b"\r\n")


@pytest.fixture
def change(repository: MakeRepository, monkeypatch: pytest.MonkeyPatch) -> Change:
    """Make a service of a template that has changed since from some files to others."""

    def make(before: Contents, after: Contents) -> Path:
        template = repository({}, "acme")
        git(template, "rm", "-rq", "template", "stages.yml")
        home = "template/python/"
        tag(template, "1.0", {"viscaffold.yml": "name: acme\n", **_below(home, before)})
        ran = viscaffold("new", "orders", "-t", f"file://{template}@1.0", "--trust")
        assert ran.code == 0, ran.err
        git(template, "rm", "-rq", "template")
        tag(template, "2.0", {"moved.yml": "old/a.txt: new/b.txt\n", **_below(home, after)})
        monkeypatch.chdir("orders")
        return Path.cwd()

    return make


def _below(home: str, contents: Contents) -> Contents:
    return {home + path: content for path, content in contents.items()}


def stored(root: Path, name: str) -> bytes:
    """Return a blob as it is: `git` would read CRLF as LF."""
    command = ["git", "cat-file", "blob", name]
    return subprocess.run(command, cwd=root, capture_output=True, check=True).stdout


def put(root: Path, path: str, content: bytes) -> None:
    (root / path).write_bytes(content)
    commit(root)


# --- Moved files ---


def test_a_file_that_the_template_moved_takes_edits_along(change: Change) -> None:
    root = change({"old/a.txt": LINES}, {"new/b.txt": b"# new\n" + CHANGED[:100], "x": ""})
    put(root, "old/a.txt", MINE)
    before = state(root)
    ran = viscaffold("update")
    after = files(root)
    back = viscaffold("undo")

    assert ran.code == 0, ran.err
    assert "old/a.txt" not in after
    assert after["new/b.txt"] == b"# new\n" + BOTH[: len(CHANGED[:100]) + len(", mine")]
    assert back.code == 0, back.err
    assert state(root) == before


# --- Files and directories ---

FILES = {"one": "1\n", "two/a": "a\n", "two/b/c": "c\n"}
TURNED = {"one/a": "1\n", "two": "2\n"}


def test_a_file_becomes_a_directory_and_a_directory_a_file(change: Change) -> None:
    root = change(FILES, TURNED)
    before = state(root)
    ran = viscaffold("update")
    after = files(root)
    clean = git(root, "diff", "--name-only"), git(root, "ls-files", "--others")
    back = viscaffold("undo")

    assert ran.code == 0, ran.err
    assert (after["one/a"], after["two"]) == (b"1\n", b"2\n")
    assert clean == ("", "")
    assert back.code == 0, back.err
    assert state(root) == before


@pytest.mark.parametrize("staged", [True, False])
def test_it_is_taken_back_after_a_reset_too(change: Change, *, staged: bool) -> None:
    root = change(FILES, TURNED)
    before = state(root)
    viscaffold("update")
    git(root, "reset", "--quiet")
    if staged:
        git(root, "add", "--all")
    assert viscaffold("undo").code == 0

    assert state(root) == before


@pytest.mark.parametrize("ignored", [True, False])
def test_what_git_does_not_have_in_such_a_directory_is_refused_by_name(
    change: Change, *, ignored: bool
) -> None:
    root = change(FILES, TURNED)
    if ignored:
        (root / ".git/info/exclude").write_text("*.secret\n", encoding="utf-8")
    (root / "two/b/my.secret").write_text("mine\n", encoding="utf-8")
    before = state(root)
    ran = viscaffold("update")

    assert ran.code == 5
    how = "ignored by git" if ignored else "not in the index"
    assert f"  two/b/my.secret (in the way, {how})\n" in ran.err
    assert ("git add" in ran.err) is not ignored
    assert state(root) == before


def test_an_undo_is_refused_while_a_directory_has_files_of_the_users(change: Change) -> None:
    root = change(FILES, TURNED)
    viscaffold("update")
    (root / "one/mine").write_text("mine\n", encoding="utf-8")
    before = state(root)
    ran = viscaffold("undo")

    assert ran.code == 5
    assert "  one/mine (in the way of the file one)\n" in ran.err
    assert state(root) == before


def test_an_edit_goes_along_to_where_the_template_moved_the_file(change: Change) -> None:
    root = change({"one": LINES}, {"one/a": CHANGED})
    put(root, "one", MINE)
    ran = viscaffold("update")

    assert ran.code == 0, ran.err
    assert (root / "one/a").read_bytes() == BOTH


@pytest.mark.parametrize(
    ("before", "after", "mine", "words"),
    [
        (
            {"one": "1\n"},
            {"one/a": "else\n"},
            "one",
            "a file stands where a directory has to be: one",
        ),
        ({}, {"one": "1\n"}, "one/b", "a directory stands where a file has to be: one"),
        ({}, {"one/a": "1\n"}, "one", "a file stands where a directory has to be: one"),
    ],
)
def test_where_the_user_has_the_other_kind_it_is_refused_by_its_own_name(
    change: Change, before: Contents, after: Contents, mine: str, words: str
) -> None:
    root = change({"other": "x\n", **before}, {"other": "x\n", **after})
    (root / mine).parent.mkdir(exist_ok=True)
    put(root, mine, b"mine\n")
    unchanged = state(root)
    ran = viscaffold("update")

    assert ran.code == 5
    assert words in ran.err
    assert "~" not in ran.err
    assert state(root) == unchanged


# --- Line endings ---


@pytest.mark.parametrize("mine", ["lf", "crlf"])
@pytest.mark.parametrize("after", ["lf", "crlf"])
@pytest.mark.parametrize("before", ["lf", "crlf"])
def test_line_endings_are_merged_by_themselves(
    change: Change, before: str, after: str, mine: str
) -> None:
    ending = {"lf": lambda content: content, "crlf": crlf}
    root = change({"text": ending[before](LINES)}, {"text": ending[after](CHANGED)})
    put(root, "text", ending[mine](MINE))
    ran = viscaffold("update")

    # Whoever changed them decides.
    wanted = after if mine == before else mine
    assert ran.code == 0, ran.err
    assert (root / "text").read_bytes() == ending[wanted](BOTH)
    assert git(root, "diff", "--name-only") == ""


def test_a_conflict_in_a_file_with_crlf_is_about_the_lines_in_conflict(change: Change) -> None:
    root = change({"text": crlf(LINES)}, {"text": CHANGED})
    mine = crlf(LINES.replace(b"line 15\n", b"line 15, mine\n"))
    put(root, "text", mine)
    ran = viscaffold("update")

    conflicted = (root / "text").read_bytes()
    assert ran.code == 3
    assert conflicted.count(b"line 14") == 1
    assert b"<<<<<<< yours\nline 15, mine\n=======\nline 15, changed\n" in conflicted
    assert viscaffold("update", "--abort").code == 0
    assert (root / "text").read_bytes() == mine


@pytest.mark.parametrize("attribute", ["", "data -merge", "data binary"])
def test_a_binary_keeps_its_bytes_on_every_side(change: Change, attribute: str) -> None:
    nul = b"" if attribute else b"\0"
    old, new, mine = (nul + b"\n1\n%d\n" % number for number in (1, 2, 3))
    root = change({"data": old}, {"data": new})
    put(root, ".gitattributes", attribute.encode())
    put(root, "data", crlf(mine))
    ran = viscaffold("update")

    sides = [stored(root, f":{stage}:data") for stage in (1, 2, 3)]
    assert ran.code == 3
    assert sides == [old, crlf(mine), new]
    assert (root / "data").read_bytes() == crlf(mine)
    assert viscaffold("update", "--abort").code == 0
    assert stored(root, ":data") == crlf(mine)


@pytest.mark.parametrize("setting", ["* text=auto\n", "* text\n", "* eol=lf\n", "autocrlf"])
def test_crlf_of_the_template_is_stored_as_the_users_git_stores_it(
    change: Change, setting: str
) -> None:
    root = change({"old": crlf(LINES)}, {"old": crlf(CHANGED), "new": crlf(LINES)})
    if setting == "autocrlf":
        git(root, "config", "core.autocrlf", "input")
    else:
        (root / ".gitattributes").write_text(setting, encoding="utf-8")
    git(root, "rm", "--cached", "-rq", ".")
    commit(root)
    put(root, "old", crlf(MINE))
    assert stored(root, ":old") == MINE
    ran = viscaffold("update")

    assert ran.code == 0, ran.err
    assert stored(root, ":old") == BOTH
    assert stored(root, ":new") == LINES
    git(root, "add", "--renormalize", ".")
    assert stored(root, ":new") == LINES
    assert git(root, "status", "--porcelain", "new").startswith("A ")


KINDS = ("lf", "crlf", "binary")
ENDINGS: dict[str, Callable[[bytes], bytes]] = {
    "lf": lambda content: content,
    "crlf": crlf,
    "binary": lambda content: b"\0" + content,
}


@pytest.mark.parametrize("before", KINDS)
def test_kinds_of_content_and_modes_come_together(change: Change, before: str) -> None:
    """Every kind of content becomes any other, with the user's edit and mode, all in one update."""
    cases = {
        f"{after}-{mine}-{mode:o}": (after, mine, mode)
        for after in KINDS
        for mine in KINDS
        for mode in (0o600, 0o640, 0o755)
    }
    root = change(
        {name: ENDINGS[before](LINES) for name in cases},
        {name: ENDINGS[after](CHANGED) for name, (after, _, _) in cases.items()},
    )
    for name, (_, mine, mode) in cases.items():
        (root / name).write_bytes(ENDINGS[mine](MINE))
        (root / name).chmod(mode)
    commit(root)
    unchanged, written = state(root), files(root)
    ran = viscaffold("update")
    unmerged = set(git(root, "diff", "--name-only", "--diff-filter=U").split())

    assert ran.code == 3, ran.err
    for name, (after, mine, mode) in cases.items():
        assert stat.S_IMODE((root / name).stat().st_mode) == mode, name
        if "binary" in (before, after, mine):
            assert name in unmerged
            assert (root / name).read_bytes() == written[name], name
        else:
            wanted = after if mine == before else mine
            assert name not in unmerged
            assert (root / name).read_bytes() == ENDINGS[wanted](BOTH), name
    assert viscaffold("update", "--abort").code == 0
    assert state(root) == unchanged
    assert all(
        stat.S_IMODE((root / name).stat().st_mode) == mode for name, (_, _, mode) in cases.items()
    )
