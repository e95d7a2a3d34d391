"""Whatever git makes of a file or calls it: filters, merge drivers, obstacles, names, conflicts."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from conftest import MakeService, commit, git, state, viscaffold
from test_git_facts import (
    BACK,
    GROWTH,
    NOTES,
    SEAM,
    Arrange,
    all_of,
    append,
    arranged_fixture,  # noqa: F401 - a fixture
    refused,
    run,
    script,
    submodule,
    there_and_back,
    tree,
    used,  # noqa: F401 - a fixture
    whole,
    write,
)

pytestmark = pytest.mark.slow

# --- What git makes of a file on its way between the index and the work tree ---


@dataclass(frozen=True)
class Conversion:
    """Lines for `.gitattributes`, settings, and how the work tree gets to be like them."""

    attributes: str = ""
    settings: tuple[tuple[str, str], ...] = ()
    renormalize: bool = False  # the files in the index were not stored like that
    rewrite: bool = True  # else the work tree holds what it held before
    crlf: bool = False


POINTERS = """\
case $1 in
clean)
    cat >"$0.$$"
    name=$(git hash-object --no-filters "$0.$$")
    mv "$0.$$" "$0.$name"
    echo "pointer $name" ;;
smudge)
    read -r pointer name && test "$pointer" = pointer && cat "$0.$name" ;;
esac"""


def filtered(clean: str, smudge: str) -> tuple[tuple[str, str], ...]:
    settings = {"clean": clean, "smudge": smudge, "required": "true"}
    return tuple((f"filter.mine.{key}", value) for key, value in settings.items())


ROT13 = "tr A-Za-z N-ZA-Mn-za-m"
CONVERSIONS = {
    "eol-crlf": Conversion("* text=auto eol=crlf", crlf=True),
    "autocrlf": Conversion(settings=(("core.autocrlf", "true"),), rewrite=False, crlf=True),
    "autocrlf-input": Conversion(settings=(("core.autocrlf", "input"),)),
    "rot13": Conversion("*.md filter=mine", filtered(ROT13, ROT13), renormalize=True),
    "pointers": Conversion(
        "*.md filter=mine diff=mine merge=mine -text",
        filtered("../filter clean", "../filter smudge"),
        renormalize=True,
    ),
    "filter-of-nobody": Conversion("*.md filter=nobody"),
    "ident": Conversion("*.py ident"),
    "utf-16": Conversion("*.md working-tree-encoding=UTF-16LE"),
}


def convert(root: Path, how: Conversion) -> None:
    """Make the service one in which git converts files."""
    script(root.with_name("filter"), POINTERS)
    append(root / SEAM, "# $Id$\n")
    commit(root)
    for name, value in how.settings:
        git(root, "config", name, value)
    write(root / ".gitattributes", f"{how.attributes}\n.gitattributes -text -filter\n")
    git(root, "add", ".gitattributes")
    if how.renormalize:
        git(root, "add", "--renormalize", ".")
    git(root, "commit", "--quiet", "--message", "attributes")
    if how.rewrite:
        git(root, "rm", "-r", "--quiet", "--force", ".")
        git(root, "reset", "--quiet", "--hard")
    assert git(root, "status", "--porcelain") == ""


def as_checked_out(root: Path, paths: list[str]) -> dict[str, bytes]:
    """Return what git would write for files of the index."""
    place = root.with_name("checked-out")
    git(root, "checkout-index", f"--prefix={place}/", "--force", "--", *paths)
    return {path: (place / path).read_bytes() for path in paths}


@pytest.mark.parametrize("name", CONVERSIONS)
def test_files_are_written_as_git_would_write_them_and_put_back_as_they_were(
    arranged: Arrange, name: str
) -> None:
    how = CONVERSIONS[name]

    def look(written: list[str]) -> None:
        found = {path: (root / path).read_bytes() for path in written}
        assert found == as_checked_out(root, written)
        assert found["docs/stages/logging.md"].lstrip(b"\xff\xfe")[:1] == b"#"
        if how.crlf:
            assert all(text.count(b"\n") == text.count(b"\r\n") > 0 for text in found.values())
        assert viscaffold("status", "--json").json()["modified"] == [NOTES, SEAM]

    root = arranged(lambda root: convert(root, how))
    assert viscaffold("status", "--json").json()["modified"] == [NOTES, SEAM]
    there_and_back(root, look)


def test_crlf_where_git_would_store_lf_is_put_back(arranged: Arrange) -> None:
    def to_crlf(root: Path) -> None:
        git(root, "config", "core.autocrlf", "input")
        for path in (SEAM, "compose.yaml"):
            (root / path).write_bytes((root / path).read_bytes().replace(b"\n", b"\r\n"))
        git(root, "add", "--all")
        assert git(root, "diff", "HEAD", "--name-only") == ""

    there_and_back(arranged(to_crlf))


def test_conflicts_have_the_line_endings_of_the_work_tree(service: MakeService) -> None:
    root = service()
    mine_in_the_seam(root)
    convert(root, CONVERSIONS["eol-crlf"])
    ran = viscaffold("add-stage", "api")

    content = (root / SEAM).read_bytes()
    assert ran.code == 3, ran.err
    assert b"<<<<<<< yours\r\n" in content
    assert content.count(b"\n") == content.count(b"\r\n")


@pytest.mark.parametrize("driver", ["", "merge=mine"])
def test_pointers_are_not_merged_as_text(service: MakeService, driver: str) -> None:
    root = service()
    convert(root, replace(CONVERSIONS["pointers"], attributes=f"*.md filter=mine {driver}"))
    append(root / "README.md", "mine\n")
    commit(root)
    mine = (root / "README.md").read_bytes()
    before = all_of(root)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 3, ran.err
    assert "README.md: " in ran.err
    assert (root / "README.md").read_bytes() == mine
    git(root, "checkout", "--theirs", "README.md")
    assert b"`API_DOCS`" in (root / "README.md").read_bytes()
    git(root, "checkout", "--ours", "README.md")
    assert (root / "README.md").read_bytes() == mine
    aborted = viscaffold("add-stage", "--abort")
    assert aborted.code == 0, aborted.err
    assert all_of(root) == before


def test_what_the_user_wrote_survives_a_filter(service: MakeService) -> None:
    root = service()
    convert(root, CONVERSIONS["rot13"])
    append(root / "README.md", "mine\n")
    commit(root)
    ran = viscaffold("add-stage", "api")

    assert ran.code in (0, 3), ran.err
    assert (root / "README.md").read_text(encoding="utf-8").endswith("\nmine\n")


@pytest.mark.parametrize("broken", [("false", "false"), ("cat", "false"), ("false", "cat")])
def test_a_required_filter_that_fails_stops_everything(
    service: MakeService, broken: tuple[str, str]
) -> None:
    root = service("logging")
    for page in root.rglob("*.md"):
        os.utime(page, (1, 1))  # so old that git need not compare it, and run the filter
    git(root, "update-index", "--refresh")
    write(root / ".git/info/attributes", "*.md filter=mine\n")
    for name, value in filtered(*broken):
        git(root, "config", name, value)

    for args in GROWTH:
        refused(root, *args, because="filter", codes=(1, 5))


@pytest.mark.parametrize("back", BACK, ids=" ".join)
def test_with_a_required_filter_that_fails_the_way_back_is_taken_wholly_or_not_at_all(
    service: MakeService, back: tuple[str, ...]
) -> None:
    root = service()
    write(root / NOTES, "My notes\n")
    commit(root)
    original = all_of(root)
    viscaffold("add-stage", "api" if "--abort" in back else "logging")
    before = state(root)
    write(root / ".git/info/attributes", "*.md filter=mine\n")
    for name, value in filtered("false", "false"):
        git(root, "config", name, value)
    ran = viscaffold(*back)

    if ran.code:
        assert ran.code in (1, 5)
        assert "filter" in ran.err
        assert state(root) == before
    else:
        (root / ".git/info/attributes").unlink()
        assert all_of(root) == original


# --- Merge drivers ---

Check = Callable[[str, str], bool]
"""Whether a merged file is right, given the user's."""


@dataclass(frozen=True)
class Driver:
    """What stands in `.gitattributes`, the command of the driver, and what has to come of it."""

    attribute: str
    command: str
    code: int
    right: Check


def same(merged: str, mine: str) -> bool:
    return merged == mine


DRIVERS = {
    "union": Driver(
        "merge=union",
        "",
        0,
        lambda merged, _: (
            "= MINE\n" in merged and "    api,\n]\n" in merged and "<<<" not in merged
        ),
    ),
    "none": Driver("-merge", "", 3, same),
    "binary": Driver("merge=binary", "", 3, same),
    "ours": Driver("merge=mine", "true", 0, same),
    "theirs": Driver("merge=mine", "cp %B %A", 0, lambda merged, _: "MINE" not in merged),
    "of-the-repository": Driver(
        "merge=mine",
        "./merge %P %A %B",
        0,
        lambda merged, _: merged.startswith(f"# merged {SEAM}\n"),
    ),
    "of-git": Driver(
        "merge=mine",
        "git merge-file --theirs %A %O %B",
        0,
        lambda merged, _: "MINE" not in merged,
    ),
    "with-settings": Driver("merge=mine", 'test "$(git config mine.key)" = value', 0, same),
    "fails": Driver("merge=mine", "false", 3, same),
    "is-missing": Driver("merge=mine", "/nowhere/driver %A", 3, same),
    "not-configured": Driver("merge=mine", "", 3, lambda merged, _: "\n<<<<<<< yours\n" in merged),
    "longer-markers": Driver(
        "conflict-marker-size=32",
        "",
        3,
        lambda merged, _: f"\n{'<' * 32} yours\n" in merged and f"\n{'>' * 32} stage/api" in merged,
    ),
}


def mine_in_the_seam(root: Path) -> str:
    """Change the line that every stage changes; return what the file is then."""
    mine = (
        (root / SEAM).read_text(encoding="utf-8").replace("list[Stage] = []", "list[Stage] = MINE")
    )
    write(root / SEAM, mine)
    commit(root)
    return mine


def drive(root: Path, driver: Driver) -> None:
    write(root / ".gitattributes", f"{SEAM} {driver.attribute}\n")
    script(root / "merge", '(echo "# merged $1"; cat "$3") >"$2"')
    git(root, "config", "mine.key", "value")
    if driver.command:
        git(root, "config", "merge.mine.driver", driver.command)
    commit(root)


@pytest.mark.parametrize("name", DRIVERS)
def test_merge_drivers_decide_as_in_a_merge_of_git(service: MakeService, name: str) -> None:
    root, driver = service(), DRIVERS[name]
    mine = mine_in_the_seam(root)
    drive(root, driver)
    before = all_of(root)
    ran = viscaffold("add-stage", "api", "--json")

    assert ran.code == driver.code, ran.err
    assert driver.right((root / SEAM).read_text(encoding="utf-8"), mine)
    assert [found["path"] for found in ran.json()["conflicts"]] == [SEAM] * (driver.code == 3)
    assert bool(git(root, "ls-files", "--unmerged")) == (driver.code == 3)
    back = viscaffold("undo", "--yes") if driver.code == 0 else viscaffold("add-stage", "--abort")
    assert back.code == 0, back.err
    assert all_of(root) == before


@pytest.mark.parametrize("name", ["none", "ours", "of-the-repository", "fails"])
def test_merge_drivers_decide_on_removals_too(service: MakeService, name: str) -> None:
    root, driver = service("api"), DRIVERS[name]
    mine = (root / SEAM).read_text(encoding="utf-8").replace("    api,\n]", "    api,  # mine\n]")
    write(root / SEAM, mine)
    drive(root, driver)
    ran = viscaffold("remove-stage", "api", "--yes")

    # A driver that keeps the import of what is gone leaves code that cannot start.
    assert ran.code == (3 if name == "ours" else driver.code), ran.err
    assert driver.right((root / SEAM).read_text(encoding="utf-8"), mine)


# --- What is in the way ---


@pytest.mark.parametrize("ignored", ["docs/stages/", "docs/stages/api.md", "*"])
def test_a_file_of_the_template_is_staged_even_if_the_user_ignores_it(
    service: MakeService, ignored: str
) -> None:
    root = service()
    append(root / ".git/info/exclude", f"{ignored}\n")
    ran = viscaffold("add-stage", "api", "--json")

    assert ran.code == 0, ran.err
    assert ran.json()["tree"] == tree(root)
    assert git(root, "diff", "--staged", "--name-only", "--", "docs") == "docs/stages/api.md\n"


@pytest.mark.parametrize("there", [True, False])
def test_a_path_that_is_only_intended_to_be_added_is_in_the_way(
    service: MakeService, *, there: bool
) -> None:
    root = service()
    path = write(root / "docs/stages/api.md", "mine\n")
    git(root, "add", "--intent-to-add", "docs/stages/api.md")
    if not there:
        path.unlink()

    refused(root, "add-stage", "api", because="docs/stages/api.md")


@pytest.mark.parametrize("path", ["docs/stages/API.md", "tests/Stages/mine.py", "tests/STAGES"])
def test_where_case_makes_no_difference_paths_that_differ_only_in_it_are_refused(
    service: MakeService, path: str
) -> None:
    root = service()
    write(root / path, "mine\n")
    commit(root)
    git(root, "config", "core.ignoreCase", "true")
    ran = refused(root, "add-stage", "api", because=path.removesuffix("/mine.py"))
    assert " case" in ran.err
    git(root, "config", "core.ignoreCase", "false")

    assert viscaffold("add-stage", "api").code == 0


def test_a_submodule_in_the_way_is_refused(service: MakeService) -> None:
    root = service()
    git(root, "rm", "-r", "--quiet", "src/orders/stages")
    submodule(root, "src/orders/stages")

    refused(root, "add-stage", "api", because="submodule")
    assert (root / "src/orders/stages/file").exists()


@pytest.mark.parametrize("empty", [True, False])
def test_another_repository_in_the_way_is_refused(service: MakeService, *, empty: bool) -> None:
    root = service()
    nested = write(root / "docs/stages/mine", "mine\n").parent
    git(nested, "init", "--quiet")
    if not empty:
        commit(nested)

    refused(root, "add-stage", "api", because="docs/stages (a repository of its own)")


def test_another_repository_beside_the_files_of_a_stage_is_left_alone(service: MakeService) -> None:
    root = service()
    viscaffold("add-stage", "api")
    nested = write(root / "docs/stages/nested/mine", "mine\n").parent
    git(nested, "init", "--quiet")
    commit(nested)
    before = state(nested)

    assert viscaffold("undo", "--yes").code == 0
    assert state(nested) == before
    assert git(root, "status", "--porcelain") == "?? docs/stages/\n"


# --- Names ---

NAMES = {
    "quotes": "-a\nb\t'c' \"d\\n",
    "no-utf-8": os.fsdecode(b"\xff\xe9"),
    "magic": ":(top)*[a]?",
    "comment": "# !x ",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_repository_and_a_service_may_have_any_name(arranged: Arrange, name: str) -> None:
    def rename(root: Path) -> Path:
        top = whole(root, f"services/{NAMES[name]}").parents[1]
        return top.rename(top.with_name(NAMES[name])) / "services" / NAMES[name]

    there_and_back(arranged(rename))


def apart(*args: str) -> "subprocess.CompletedProcess[bytes]":
    """Run the command line as a process, whose output takes nothing but UTF-8."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    command = [sys.executable, "-m", "scaffolder", *args]
    return subprocess.run(command, env=environment, capture_output=True, check=False)


def test_output_about_a_directory_whose_name_is_no_utf_8_is_utf_8(
    service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = whole(service(), f"{NAMES['no-utf-8']}/orders")
    monkeypatch.chdir(root / "src")
    for args in (("add-stage", "api"), ("status", "--json"), ("status",), ("undo", "--yes")):
        ran = apart(*args)
        assert ran.returncode == 0, ran
        assert "--json" not in args or json.loads(ran.stdout.decode())["name"] == "orders"


@pytest.mark.parametrize("name", ["quotes", "no-utf-8"])
def test_files_of_the_user_may_have_any_name(service: MakeService, name: str) -> None:
    root, path = service(), NAMES[name]
    text = (root / "README.md").read_text(encoding="utf-8")
    (root / "README.md").rename(root / path)
    write(root / path, text.replace("| api | no |", "| api | mine |"))
    for place in NAMES.values():
        write(root / "mine" / place, "mine\n")
    commit(root)
    for place in NAMES.values():
        write(root / "loose" / place, "loose\n")
        append(root / "mine" / place, "unstaged\n")
    before = all_of(root)
    ran = apart("add-stage", "api")
    assert ran.returncode == 3, ran
    there = apart("status", "--json")
    assert there.returncode == 0, there
    assert path in json.loads(there.stdout)["modified"] + json.loads(there.stdout)["conflicts"]
    still = apart("add-stage", "--continue", "--json")
    assert still.returncode == 3, still
    assert [found["path"] for found in json.loads(still.stdout)["conflicts"]] == [path]
    aborted = viscaffold("add-stage", "--abort")
    assert aborted.code == 0, aborted.err
    assert all_of(root) == before


def test_the_diff_of_a_dry_run_has_the_bytes_of_the_files(service: MakeService) -> None:
    root = service()
    text = (root / "README.md").read_bytes()
    assert b"Path at which" in text
    (root / "README.md").write_bytes(text.replace(b"Path at which", b"Path \xe9cout\xe9"))
    commit(root)
    shown = apart("add-stage", "api", "--dry-run")
    told = viscaffold("add-stage", "api", "--dry-run", "--json")
    subprocess.run(["git", "apply", "--index", "-"], input=shown.stdout, cwd=root, check=True)

    assert (shown.returncode, told.code) == (0, 0)
    assert b"Path \xe9cout\xe9" in shown.stdout
    assert told.json()["tree"] == tree(root)


# --- Conflicts, and the tools of git that settle them ---

TOOL = (
    *("-c", 'mergetool.mine.cmd=cp "$REMOTE" "$MERGED"', "-c", "mergetool.keepBackup=false"),
    *("-c", "mergetool.mine.trustExitCode=true", "mergetool", "--tool=mine", "--no-prompt"),
)
Settle = Callable[[Path], object]
SETTLE: dict[str, Settle] = {
    "mine-by-hand": lambda root: write(
        root / SEAM, git(root, "show", f":2:{SEAM}")
    ),  # and no `git add`
    "mine-checked-out": run(f"checkout --ours -- {SEAM}", f"add {SEAM}"),
    "theirs-checked-out": run(f"checkout --theirs -- {SEAM}", f"add {SEAM}"),
    "theirs-by-a-tool": lambda root: git(root, *TOOL),
}


@pytest.mark.parametrize("how", SETTLE)
def test_conflicts_are_settled_with_the_tools_of_git(
    service: MakeService, pristine: MakeService, how: str
) -> None:
    root = service()
    mine = mine_in_the_seam(root)
    theirs = (pristine(("api",)) / SEAM).read_text(encoding="utf-8")
    assert viscaffold("add-stage", "api").code == 3
    assert git(root, "status", "--short", SEAM) == f"UU {SEAM}\n"
    assert git(root, "show", f":3:{SEAM}") == theirs
    SETTLE[how](root)
    ran = viscaffold("add-stage", "--continue")

    assert ran.code == 0, ran.err
    assert git(root, "ls-files", "--unmerged") == ""
    assert git(root, "show", f":{SEAM}") == (mine if how.startswith("mine") else theirs)
    assert git(root, "status", "--porcelain", "--untracked-files").count(" M ") == 0
    git(root, "commit", "--quiet", "--message", "Add api")
    assert git(root, "status", "--porcelain") == ""
    assert viscaffold("undo", "--yes").code == 5


KEPT = "docs/stages/api.md"
SETTLE_GONE: dict[str, Settle] = {
    "gone": run(f"rm --quiet {KEPT}"),
    "kept": run(f"add {KEPT}"),
    "gone-by-a-tool": lambda root: git(root, *TOOL, stdin="d\n"),
    "kept-by-a-tool": lambda root: git(root, *TOOL, stdin="m\n"),
}


@pytest.mark.parametrize("how", SETTLE_GONE)
def test_a_file_of_a_removed_stage_that_the_user_changed_goes_or_stays(
    service: MakeService, how: str
) -> None:
    root = service("api")
    append(root / KEPT, "mine\n")
    commit(root)
    ran = viscaffold("remove-stage", "api", "--yes")
    assert ran.code == 3, ran.err
    assert git(root, "status", "--short", KEPT) == f"UD {KEPT}\n"
    assert viscaffold("remove-stage", "--continue").code == 3
    SETTLE_GONE[how](root)
    ran = viscaffold("remove-stage", "--continue")

    assert ran.code == 0, ran.err
    assert git(root, "ls-files", "--", KEPT) == (f"{KEPT}\n" if how.startswith("kept") else "")
    assert (root / KEPT).exists() == how.startswith("kept")
    assert git(root, "diff", "--name-only") == ""


@pytest.mark.parametrize(
    ("command", "stage", "label"),
    [("add-stage", "logging", "stage/logging"), ("remove-stage", "api", "without/api")],
)
def test_conflict_markers_say_whose_side_it_is(
    service: MakeService, command: str, stage: str, label: str
) -> None:
    root = service("api")
    mine = (root / SEAM).read_text(encoding="utf-8").replace("    api,\n]", "    api,  # mine\n]")
    write(root / SEAM, mine)
    commit(root)
    ran = viscaffold(command, stage)

    lines = (root / SEAM).read_text(encoding="utf-8").splitlines()
    assert ran.code == 3, ran.err
    markers = [line for line in lines if line[:7] in ("<" * 7, "|" * 7, "=" * 7, ">" * 7)]
    assert markers == ["<<<<<<< yours", "=======", f">>>>>>> {label}"]
