"""Merge situations together: singly, in pairs, and all at once, each checked byte by byte."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pytest
from conftest import MakeService, commit, files, git, state, viscaffold

BINARY = bytes(range(256))
SEAM = "src/orders/stages/__init__.py"


@dataclass(frozen=True)
class Situation:
    """What a user did before a stage is added, and what has to be so afterwards."""

    name: str
    prepare: Callable[[Path], object]
    holds: Callable[[Path], object]
    staged: Callable[[Path], object] = lambda root: None  # noqa: ARG005 - nothing, by default
    conflicts: bool = False


def append(path: str, text: str) -> Callable[[Path], object]:
    def do(root: Path) -> None:
        with (root / path).open("a", encoding="utf-8") as file:
            file.write(text)

    return do


def write(path: str, content: bytes) -> Callable[[Path], object]:
    def do(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)

    return do


def to_crlf(path: str) -> Callable[[Path], object]:
    return lambda root: (root / path).write_bytes(
        (root / path).read_bytes().replace(b"\n", b"\r\n")
    )


def stays_crlf(root: Path) -> bool:
    content = (root / "compose.yaml").read_bytes()
    return content.count(b"\n") == content.count(b"\r\n") and b"API_DOCS\r\n" in content


def run(*args: str) -> Callable[[Path], object]:
    return lambda root: git(root, *args)


def tracked(root: Path, path: str) -> bool:
    return bool(git(root, "ls-files", "--", path))


SITUATIONS = [
    Situation(
        "edited",
        append("pyproject.toml", "\n[tool.mine]\nkey = 1\n"),
        lambda root: (
            (root / "pyproject.toml").read_text().endswith("\n[tool.mine]\nkey = 1\n")
            and '\n    "fastapi' in (root / "pyproject.toml").read_text()
        ),
    ),
    Situation(
        "deleted",
        run("rm", "--quiet", ".env.example"),
        lambda root: not (root / ".env.example").exists() and not tracked(root, ".env.example"),
    ),
    Situation(
        "binary",
        write("src/orders/app.py", BINARY),
        lambda root: (root / "src/orders/app.py").read_bytes() == BINARY,
    ),
    Situation(
        "executable",
        lambda root: (root / SEAM).chmod(0o755),
        lambda root: os.access(root / SEAM, os.X_OK) and "    api,\n" in (root / SEAM).read_text(),
    ),
    Situation(
        "link",
        lambda root: (root / "link").symlink_to("/etc/hostname"),
        lambda root: str((root / "link").readlink()) == "/etc/hostname",
    ),
    Situation("crlf", to_crlf("compose.yaml"), stays_crlf),
    Situation(
        "renamed",
        run("mv", "README.md", "GUIDE.md"),
        lambda root: (
            not (root / "README.md").exists()
            and "API_MAX_BODY_BYTES" in (root / "GUIDE.md").read_text()
        ),
    ),
    Situation(
        "moved-directory",
        run("mv", "tests", "checks"),
        lambda root: (
            (root / "checks/stages/test_api.py").exists() and not (root / "tests").exists()
        ),
    ),
    Situation(
        "staged",
        lambda root: None,  # noqa: ARG005 - nothing to commit
        lambda root: (
            git(root, "show", ":mine.txt") == "mine\n"
            and (root / "mine.txt").read_text() == "mine\n"
        ),
        staged=lambda root: (write("mine.txt", b"mine\n")(root), git(root, "add", "mine.txt")),
    ),
    Situation(
        "unrelated-dirt",
        lambda root: None,  # noqa: ARG005 - nothing to commit
        lambda root: (root / "Dockerfile").read_bytes() == b"# mine\n",
        staged=write("Dockerfile", b"# mine\n"),
    ),
    Situation(
        "added-on-both-sides",
        write("docs/stages/api.md", b"My notes\n"),
        lambda root: "My notes\n" in (root / "docs/stages/api.md").read_text(),
        conflicts=True,
    ),
]
TOGETHER = [
    *combinations(SITUATIONS, 1),
    *combinations(SITUATIONS, 2),
    tuple(SITUATIONS),
]


def name(situations: tuple[Situation, ...]) -> str:
    return "+".join(item.name for item in situations) if len(situations) < 3 else "all"


def prepare(root: Path, situations: tuple[Situation, ...]) -> None:
    for item in situations:
        item.prepare(root)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "mine")
    for item in situations:
        item.staged(root)


@pytest.mark.parametrize("situations", TOGETHER, ids=name)
def test_situations_do_not_spoil_each_other(
    service: MakeService, situations: tuple[Situation, ...]
) -> None:
    root = service()
    prepare(root, situations)
    before = files(root)
    ran = viscaffold("add-stage", "api", "--json")

    conflicts = any(item.conflicts for item in situations)
    assert ran.code == (3 if conflicts else 0), ran.err
    for item in situations:
        assert item.holds(root), item.name
    written = {entry["path"] for entry in ran.json()["files"]}
    after = files(root)
    assert {path for path in before | after if before.get(path) != after.get(path)} == written
    if not conflicts:
        assert ran.json()["tree"] == git(root, "write-tree").strip()


OBSTACLES: dict[str, Callable[[Path], object]] = {
    "untracked": write("src/orders/stages/api/mine.py", b"mine\n"),
    "in-the-way": write("src/orders/stages/api/items.py", b"mine\n"),
    "ignored": lambda root: (
        append(".git/info/exclude", "items.py\n")(root),
        write("src/orders/stages/api/items.py", b"mine\n")(root),
    ),
    "unstaged": append(SEAM, "# mine\n"),
    "link-in-the-way": lambda root: (root / "src/orders/stages/api").symlink_to("/tmp"),
}


@pytest.mark.parametrize("obstacle", sorted(OBSTACLES.keys() - {"untracked"}))
@pytest.mark.parametrize("situations", [(), tuple(SITUATIONS)], ids=["alone", "all"])
def test_an_obstacle_stops_everything_whatever_else_there_is(
    service: MakeService, situations: tuple[Situation, ...], obstacle: str
) -> None:
    root = service()
    prepare(root, situations)
    OBSTACLES[obstacle](root)
    before = state(root)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 5
    assert state(root) == before


def test_a_file_beside_those_of_the_stage_is_no_obstacle(service: MakeService) -> None:
    root = service()
    OBSTACLES["untracked"](root)

    assert viscaffold("add-stage", "api").code == 0
    assert (root / "src/orders/stages/api/mine.py").read_bytes() == b"mine\n"
    commit(root)
