"""`new` replaces nothing, whatever appears meanwhile, and takes away only what it made."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import files, git, viscaffold

from scaffolder import placing
from scaffolder.errors import RefusedError
from scaffolder.operations import room

Meanwhile = Callable[[Callable[[], object]], None]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Have something happen when all is rendered, and nothing is in place."""

    def happen(what: Callable[[], object]) -> None:
        def placed(tree: Path, target: Path) -> object:
            what()
            return placing.placed(tree, target)

        monkeypatch.setattr("scaffolder.operations.making.placed", placed)

    return happen


def write(place: str, text: str = "precious") -> None:
    Path(place).parent.mkdir(exist_ok=True, parents=True)
    Path(place).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize(
    "path", ["README.md", "src/orders/app.py", ".git/config", "src", "Dockerfile"]
)
def test_a_file_that_appears_meanwhile_stays(
    here: Path,
    meanwhile: Meanwhile,
    path: str,
    there: bool,  # noqa: FBT001 - a parameter
) -> None:
    if there:
        (here / "orders").mkdir()
    meanwhile(lambda: write(f"orders/{path}"))
    ran = viscaffold("new", "orders")

    assert ran.code == 5
    assert f"orders/{path} appeared in the meantime" in ran.err
    left = [p.relative_to(here) for p in here.rglob("*") if p.is_file()]
    assert left == [Path("orders", path)]
    assert (here / "orders" / path).read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize("there", [True, False])
def test_a_file_that_is_in_nobodys_way_stays_beside(
    here: Path,
    meanwhile: Meanwhile,
    there: bool,  # noqa: FBT001 - a parameter
) -> None:
    if there:
        (here / "orders").mkdir()
    meanwhile(lambda: write("orders/notes.txt"))
    ran = viscaffold("new", "orders")

    assert ran.code == 0, ran.err
    assert (here / "orders/notes.txt").read_text(encoding="utf-8") == "precious"
    assert git(here / "orders", "status", "--porcelain") == "?? notes.txt\n"


@pytest.mark.parametrize("link", ["orders", "orders/src"])
def test_a_link_that_appears_meanwhile_is_not_followed(
    here: Path, tmp_path: Path, meanwhile: Meanwhile, link: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "app.py").write_text("precious", encoding="utf-8")
    if link != "orders":
        (here / "orders").mkdir()
    meanwhile(lambda: (here / link).symlink_to(elsewhere / "app.py"))
    ran = viscaffold("new", "orders")

    assert ran.code == 5
    assert files(elsewhere) == {"app.py": b"precious"}
    assert (here / link).is_symlink()


def test_of_two_at_once_one_is_made_and_whole(here: Path) -> None:
    command = [sys.executable, "-m", "scaffolder", "new", "dup"]
    root = str(Path(__file__).parents[2])
    both = [
        subprocess.Popen(command, env={**os.environ, "PYTHONPATH": root},
                         stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]  # fmt: skip
    codes = sorted((process.communicate()[1], process.returncode)[1] for process in both)

    assert codes == [0, 5]
    assert git(here / "dup", "status", "--porcelain") == ""
    assert git(here / "dup", "rev-list", "--count", "HEAD").strip() == "1"
    assert [path.name for path in here.iterdir()] == ["dup"]


def test_the_one_that_comes_second_takes_nothing_of_the_first(
    here: Path, meanwhile: Meanwhile
) -> None:
    """The race of two, with certainty: the other one is done between the check and the move."""
    before: dict[str, bytes] = {}

    def other() -> None:
        subprocess.run(
            [sys.executable, "-m", "scaffolder", "new", "dup"], check=True, capture_output=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip
        before.update(files(here / "dup"))

    meanwhile(other)
    ran = viscaffold("new", "dup")

    assert ran.code == 5
    assert before
    assert files(here / "dup") == before
    assert git(here / "dup", "status", "--porcelain") == ""


def test_what_fails_afterwards_takes_away_only_what_was_placed(here: Path) -> None:
    tree, target = here / "tree", here / "orders"
    (tree / "src").mkdir(parents=True)
    for name in ("a", "b", "src/c"):
        (tree / name).write_text("ours", encoding="utf-8")

    def fail() -> None:
        (target / "src/mine").write_text("precious", encoding="utf-8")
        (target / "b").write_text("edited", encoding="utf-8")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), placing.placed(tree, target):
        fail()

    assert files(target) == {"b": b"edited", "src/mine": b"precious"}


def test_without_hard_links_nothing_is_replaced_either(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr("os.link", no_links)
    tree, target = here / "tree", here / "orders"
    for place in (tree, target):
        place.mkdir()
    (tree / "run").write_text("ours", encoding="utf-8")
    (tree / "run").chmod(0o755)
    with placing.placed(tree, target):
        assert (target / "run").stat().st_mode & 0o777 == 0o755
    (tree / "run").write_text("again", encoding="utf-8")
    with pytest.raises(FileExistsError), placing.placed(tree, target):
        pass

    assert (target / "run").read_text(encoding="utf-8") == "ours"


@pytest.mark.parametrize("command", ["new", "template init"])
def test_a_directory_in_use_is_refused_with_what_is_in_it(here: Path, command: str) -> None:
    write("orders/mine")
    ran = viscaffold(*command.split(), "orders")

    assert ran.code == 5
    assert files(here) == {"orders/mine": b"precious"}


def clone(here: Path) -> Path:
    subprocess.run(["git", "init", "-q", "--bare", str(here / "origin.git")], check=True)
    subprocess.run(
        ["git", "clone", "-q", str(here / "origin.git"), str(here / "orders")],
        check=True, capture_output=True,
    )  # fmt: skip
    return here / "orders"


def test_in_the_clone_of_an_empty_repository_the_service_is_the_first_commit(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = clone(here)
    monkeypatch.chdir(root)
    ran = viscaffold("new", ".")

    assert ran.code == 0, ran.err
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "rev-list", "--count", "HEAD").strip() == "1"
    git(root, "push", "-q", "origin", "HEAD")
    assert viscaffold("add-stage", "api").code == 0


def test_what_is_usual_in_a_new_directory_may_be_there_and_stays(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = clone(here)
    mine = {".venv/bin/python": "x", ".idea/orders.iml": "x", "README.md": "# mine\n",
            "LICENSE": "MIT\n", ".gitignore": ".venv/\n.idea/\n",
            "CODE_OF_CONDUCT.md": "x"}  # fmt: skip
    for path, text in mine.items():
        write(str(root / path), text)
    monkeypatch.chdir(root)
    ran = viscaffold("new", ".")

    assert ran.code == 0, ran.err
    for path, text in mine.items():
        assert (root / path).read_text(encoding="utf-8") == text
    assert "! README.md: yours stays" in ran.err
    assert "! .gitignore: yours stays" in ran.err
    assert git(root, "show", "HEAD:README.md") == "# mine\n"
    assert git(root, "status", "--porcelain") == "?? CODE_OF_CONDUCT.md\n?? LICENSE\n"


def test_a_repository_that_ignores_everything_is_still_the_one_that_is_meant(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = clone(here)
    (root / ".gitignore").write_text("*\n", encoding="utf-8")
    monkeypatch.chdir(root)
    ran = viscaffold("new", ".")

    assert ran.code == 0, ran.err
    assert "Dockerfile" in git(root, "ls-files").split()


@pytest.mark.parametrize("flags", [[], ["--no-git"], ["--dry-run"]])
def test_beside_a_readme_without_a_repository(here: Path, flags: list[str]) -> None:
    write("orders/README.md")
    ran = viscaffold("new", "orders", *flags)

    assert ran.code == 0, ran.err
    assert "! README.md: yours stays" in ran.err
    assert (here / "orders/README.md").read_text(encoding="utf-8") == "precious"
    if not flags:
        assert git(here / "orders", "status", "--porcelain") == ""


def test_in_a_repository_with_a_first_commit_the_service_is_staged_beside_it(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = clone(here)
    write(str(root / "README.md"), "# mine\n")
    git(root, "add", "--all")
    git(root, "commit", "-qm", "Initial commit")
    write(str(root / "README.md"), "# edited\n")
    monkeypatch.chdir(root)
    ran = viscaffold("new", ".")

    assert ran.code == 0, ran.err
    status = git(root, "status", "--porcelain").splitlines()
    assert " M README.md" in status
    assert "A  pyproject.toml" in status
    assert git(root, "rev-list", "--count", "HEAD").strip() == "1"


@pytest.mark.parametrize("path", [".github/workflows/ci.yml", ".env.example", ".github"])
@pytest.mark.parametrize("flags", [[], ["--dry-run"]])
def test_files_in_the_way_of_the_services_own_are_listed(
    here: Path, path: str, flags: list[str]
) -> None:
    write(f"orders/{path}")
    before = files(here)
    ran = viscaffold("new", "orders", *flags)

    assert ran.code == 5
    assert f"  {path}" in ran.err
    assert files(here) == before


def test_a_service_is_not_made_into_another(here: Path) -> None:
    viscaffold("new", "orders")
    before = files(here)
    ran = viscaffold("new", "orders")

    assert ran.code == 5
    assert "is a service already" in ran.err
    assert files(here) == before


def test_a_first_commit_that_fails_leaves_the_clone_as_it_was(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = clone(here)
    hook = root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no commits today >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    write(str(root / "README.md"), "# mine\n")
    monkeypatch.chdir(root)
    ran = viscaffold("new", ".")

    assert ran.code == 1
    assert "no commits today" in ran.err
    assert files(root) == {"README.md": b"# mine\n"}
    assert git(root, "status", "--porcelain") == "?? README.md\n"


def test_a_link_in_place_of_a_directory_is_in_the_way(here: Path, tmp_path: Path) -> None:
    (here / "orders").mkdir()
    (here / "orders/.github").symlink_to(tmp_path)

    with pytest.raises(RefusedError, match="in the way"):
        room.kept([".github/workflows/ci.yml"], here / "orders")
