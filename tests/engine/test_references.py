"""A stage that goes or comes never leaves code that imports what is not there."""

import ast
import itertools
from pathlib import Path

import pytest
from conftest import MakeService, commit, git, state, viscaffold
from teams import MakeTeam, write

from scaffolder.engine import references
from scaffolder.languages import python_source

SEAM = "src/orders/stages/__init__.py"
APP = "src/orders/app.py"
NAMES = ("logging", "api", "auth")


def rewrite(root: Path, path: str, *pairs: tuple[str, str]) -> None:
    text = (root / path).read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    (root / path).write_text(text, encoding="utf-8")
    commit(root)


def lines(names: object) -> str:
    return "".join(f"    {name},\n" for name in names)  # type: ignore[attr-defined]


def listed(root: Path) -> tuple[list[str], list[str]]:
    """Return what the seam imports from the package, and what it lists."""
    tree = ast.parse((root / SEAM).read_bytes())
    imported = [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module is None
        for alias in node.names
    ]
    found = [
        [ast.unparse(item) for item in node.value.elts]
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.List)
        and all(isinstance(e, ast.Name) for e in node.value.elts)
    ]  # fmt: skip
    return sorted(imported), sorted(name for names in found for name in names)


def sound(root: Path, code: int, gone: str) -> bool:
    """Tell if the seam is whole, or in conflict and the exit code says so."""
    if code == 3:
        return SEAM in git(root, "ls-files", "--unmerged")
    imported, names = listed(root)
    return code == 0 and gone not in imported and imported == names


ORDERS = list(itertools.permutations(NAMES))


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_a_stage_goes_from_a_list_in_another_order(
    service: MakeService, order: tuple[str, ...]
) -> None:
    root = service(*NAMES)
    rewrite(
        root,
        SEAM,
        (lines(sorted(NAMES)) + ")", lines(order) + ")"),
        (lines(["logging", "api", "auth"]) + "]", lines(reversed(order)) + "]"),
    )
    ran = viscaffold("remove-stage", "auth")

    assert sound(root, ran.code, "auth"), ran.err


@pytest.mark.parametrize("gone", ["auth", "logging"])
def test_a_list_that_moved_loses_its_line_or_conflicts(service: MakeService, gone: str) -> None:
    root = service(*NAMES)
    block = "STAGES: list[Stage] = [\n" + lines(["logging", "api", "auth"]) + "]\n"
    moved = block.replace("list[Stage]", 'list["Stage"]')
    rewrite(root, SEAM, (block, ""), ("class Stage(", f"{moved}\n\nclass Stage("))
    before = state(root)
    ran = viscaffold("remove-stage", gone)

    assert sound(root, ran.code, gone), ran.err
    assert viscaffold("undo").code == 0
    assert state(root) == before


def test_two_branches_that_git_merged_lose_a_stage_cleanly(service: MakeService) -> None:
    root = service("api")
    git(root, "config", "merge.union.driver", "git merge-file --union %A %O %B")
    (root / ".gitattributes").write_text("* merge=union\n", encoding="utf-8")
    commit(root)
    git(root, "checkout", "--quiet", "-b", "other")
    viscaffold("add-stage", "logging")
    commit(root)
    git(root, "checkout", "--quiet", "-")
    viscaffold("add-stage", "auth")
    commit(root)
    git(root, "merge", "--quiet", "other")
    assert listed(root)[0] == sorted(NAMES)
    ran = viscaffold("remove-stage", "auth")

    assert sound(root, ran.code, "auth"), ran.err


def test_an_import_of_the_users_is_a_conflict_with_file_and_line(service: MakeService) -> None:
    root = service("api", "auth")
    rewrite(root, APP, ("from starlette", "from .stages.auth import tokens\nfrom starlette"))
    before = state(root)
    ran = viscaffold("remove-stage", "auth")
    still = viscaffold("remove-stage", "--continue")
    line = (root / APP).read_text(encoding="utf-8").splitlines().index(
        "from .stages.auth import tokens"
    ) + 1  # fmt: skip

    assert ran.code == 3
    assert f"{APP}: line {line} imports orders.stages.auth, which is gone" in ran.err
    assert (still.code, f"line {line} imports" in still.err) == (3, True)
    text = (root / APP).read_text(encoding="utf-8")
    (root / APP).write_text(text.replace("from .stages.auth import tokens\n", ""), "utf-8")
    assert viscaffold("remove-stage", "--continue").code == 0
    assert git(root, "ls-files", "--unmerged") == ""
    git(root, "checkout", "HEAD", "--", APP)
    assert viscaffold("undo").code == 0
    assert state(root) == before


def test_a_stage_that_is_listed_already_is_not_listed_twice_in_silence(
    service: MakeService,
) -> None:
    root = service("api")
    rewrite(root, SEAM, ("    api,\n", "    api,\n    logging,\n"))
    ran = viscaffold("add-stage", "logging")

    assert ran.code == 3
    assert "it does not list logging, which is new, as the template does" in ran.err
    assert SEAM in git(root, "ls-files", "--unmerged")


CODE = b"""\
from . import (
    api,
    auth,
)
import orders.stages.auth.users as t
from .auth import x
try:
    from .auth import y
except ImportError:
    y = None
STAGES = [auth, api]
"""
GONE = dict.fromkeys(("orders.stages.auth", "orders.stages.auth.users"), "is gone")


def test_imports_are_found_however_they_are_written() -> None:
    wrong = references.broken(SEAM, CODE, CODE, GONE)

    assert list(wrong) == [3, 5, 6]


def test_a_name_without_its_import_is_found() -> None:
    now = CODE.replace(b"    auth,\n", b"")
    wrong = references.broken(SEAM, CODE, now, GONE)

    assert wrong[10] == "line 10 uses auth, which is gone"
    assert 0 in references.broken(SEAM, CODE, CODE + b"(", {})
    assert references.broken(SEAM, b"(", b"(", {}) == {}


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("src/orders/app.py", "orders.app"),
        ("src/orders/stages/__init__.py", "orders.stages"),
        ("tests/test_x.py", "tests.test_x"),
    ],
)
def test_a_module_has_the_name_that_it_is_imported_by(path: str, module: str) -> None:
    assert python_source.module_of(path) == module


def test_a_module_that_became_a_package_is_not_gone() -> None:
    before = ["src/a/x.py", "src/a/y.py", "docs/z.md"]
    assert references.gone(before, ["src/a/x/__init__.py"]) == {"a.y": "is gone"}


def test_texts_that_name_what_is_gone_are_said_with_file_and_line(service: MakeService) -> None:
    root = service("api", "auth")
    run = "services:\n  users:\n    command: python -m orders.stages.auth list\n"
    texts = {
        "compose.override.yaml": run.encode(),
        "deploy/Dockerfile": b"FROM orders\r\nCOPY src/orders/stages/auth/users.py /\r\n",
        "run.sh": b"python -m orders.stages.auth; ls src/orders/stages/auth\n",
        "notes.md": b"orders.stages.authors and stages.auth are others\n",
        "image.bin": b"\0orders.stages.auth\n",
    }
    for path, text in texts.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_bytes(text)
    commit(root)
    ran = viscaffold("remove-stage", "auth", "--json")

    assert ran.code == 0
    assert ran.json()["notes"] == [
        "compose.override.yaml: line 3 names orders.stages.auth, which is gone",
        "deploy/Dockerfile: line 2 names orders/stages/auth, which is gone",
        "run.sh: line 1 names orders.stages.auth, which is gone",
        "run.sh: line 1 names orders/stages/auth, which is gone",
    ]


def test_texts_of_the_templates_own_are_not_said(service: MakeService) -> None:
    service(*NAMES)
    ran = viscaffold("remove-stage", *NAMES, "--json")

    assert ran.code == 0
    assert ran.json()["notes"] == []


def test_no_more_than_some_such_lines_are_said(service: MakeService) -> None:
    root = service("api")
    (root / "all.txt").write_text("orders.stages.api\n" * 50, encoding="utf-8")
    commit(root)
    ran = viscaffold("remove-stage", "api", "--json")

    assert len(ran.json()["notes"]) == 21
    assert ran.json()["notes"][-1] == "30 more lines name what is gone"


def test_a_stage_whose_folder_moved_is_a_conflict_in_plain_words(service: MakeService) -> None:
    root = service("api")
    git(root, "mv", "src/orders", "src/shop")
    commit(root)
    ran = viscaffold("remove-stage", "api")

    assert ran.code == 3
    assert "src/shop/stages/api/items.py: it would go, but you moved it here;" in ran.err
    assert "rename/delete" not in ran.err


@pytest.mark.parametrize("operation", ["remove-stage", "update"])
def test_files_that_only_end_their_lines_otherwise_go_cleanly(
    service: MakeService, old: MakeService, operation: str
) -> None:
    root = service("api", "auth") if operation == "remove-stage" else old("0.5.0", "api", "auth")
    for path in git(root, "ls-files").splitlines():
        (root / path).write_bytes((root / path).read_bytes().replace(b"\n", b"\r\n"))
    commit(root)
    before = state(root)
    ran = viscaffold(*([operation, "auth"] if operation == "remove-stage" else [operation]))

    assert ran.code == 0, ran.err
    assert git(root, "diff", "--staged", "--diff-filter=D", "--name-only")
    seam = (root / SEAM).read_bytes()
    assert seam.count(b"\n") == seam.count(b"\r\n")
    assert viscaffold("undo").code == 0
    assert state(root) == before


def merged_branches(root: Path, *names: str) -> None:
    """Add stages in branches of their own, with git's union of both sides in each file."""
    (root / ".gitattributes").write_text("* merge=union\n", encoding="utf-8")
    commit(root)
    start = git(root, "rev-parse", "HEAD").strip()
    for name in names:
        git(root, "checkout", "--quiet", "-b", name, start)
        assert viscaffold("add-stage", name).code == 0
        commit(root)
    for name in names[:-1]:
        git(root, "merge", "--quiet", name)


@pytest.mark.parametrize("names", [("logging", "auth"), ("auth", "logging")], ids="-".join)
def test_two_branches_that_git_merged_are_updated(
    team: MakeTeam, monkeypatch: pytest.MonkeyPatch, names: tuple[str, str]
) -> None:
    template = team({})
    viscaffold("new", "orders", "-t", str(template), "--trust", "--stage", "api")
    root = Path("orders").absolute()
    monkeypatch.chdir(root)
    merged_branches(root, *names)
    before = state(root)
    write(template, {"template/shared/incident.md": "# Changed\n"})
    ran = viscaffold("update", "--trust")

    assert ran.code == 0, ran.err
    assert (root / "docs/incident.md").read_bytes() == b"# Changed\n"
    imported, found = listed(root)
    assert imported == found == sorted(NAMES)
    assert viscaffold("undo").code == 0
    assert state(root) == before
    assert sound(root, viscaffold("remove-stage", "auth").code, "auth")
