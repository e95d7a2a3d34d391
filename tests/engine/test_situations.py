"""Merge situations together: singly, in pairs, and all at once, each checked byte by byte."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pytest
from conftest import MakeService, commit, files, git, state, viscaffold

BINARY = bytes(range(256))


@dataclass(frozen=True)
class Kind:
    """A service in one language, and what a stage changes in it."""

    language: str
    stage: str
    manifest: str
    line: str
    """Of the manifest, with a dependency of every service; `mine` is one for the user to add."""
    mine: str
    brought: str
    """In the manifest, when the stage has brought its dependencies."""
    app: str
    seam: str
    listed: str
    """In the seam, when the stage is there."""
    setting: str
    """The last setting of the stage."""
    test: str
    """Of the stage, below the directory of tests."""
    code: str
    """A file of the stage."""
    own: str
    """Another file in its directory, of the user's own."""


PYTHON = Kind(
    "python",
    "api",
    manifest="pyproject.toml",
    line='    "starlette',
    mine='    "mine",\n',
    brought='\n    "fastapi',
    app="src/orders/app.py",
    seam="src/orders/stages/__init__.py",
    listed="    api,\n",
    setting="API_DOCS",
    test="stages/test_api.py",
    code="src/orders/stages/api/items.py",
    own="src/orders/stages/api/mine.py",
)
RUST = Kind(
    "rust",
    "logging",
    manifest="Cargo.toml",
    line="tracing-subscriber = ",
    mine='mine = "1"\n',
    brought="\nfancy-regex = ",
    app="src/app.rs",
    seam="src/stages/mod.rs",
    listed="pub mod logging;\n",
    setting="LOG_FORMAT",
    test="stage_logging.rs",
    code="src/stages/logging/ids.rs",
    own="src/stages/logging/mine.rs",
)
KINDS = {kind.language: kind for kind in (PYTHON, RUST)}


@dataclass(frozen=True)
class Situation:
    """What a user did before a stage is added, and what has to be so afterwards."""

    name: str
    prepare: Callable[[Path], object]
    holds: Callable[[Path], object]
    staged: Callable[[Path], object] = lambda root: None  # noqa: ARG005 - nothing, by default
    conflicts: bool = False
    pairs: bool = False
    """In another language than the first, it is tried with others, too."""


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


def noted(kind: Kind) -> Callable[[Path], object]:
    """Write a comment into the seam, and not beside what a stage changes in it."""

    def do(root: Path) -> None:
        lines = text(root, kind.seam).splitlines(keepends=True)
        at = len(lines) if kind is PYTHON else 1
        lines.insert(at, COMMENTS[kind.language])
        (root / kind.seam).write_text("".join(lines), encoding="utf-8")

    return do


def beside(kind: Kind) -> Callable[[Path], object]:
    """Add a dependency of the user's after one of every service."""

    def do(root: Path) -> None:
        text = (root / kind.manifest).read_text(encoding="utf-8")
        there = next(line for line in text.splitlines(keepends=True) if line.startswith(kind.line))
        (root / kind.manifest).write_text(text.replace(there, there + kind.mine), encoding="utf-8")

    return do


def text(root: Path, path: str) -> str:
    return (root / path).read_text(encoding="utf-8")


def stays_crlf(root: Path, setting: str) -> bool:
    content = (root / "compose.yaml").read_bytes()
    return content.count(b"\n") == content.count(b"\r\n") and f"{setting}\r\n".encode() in content


def run(*args: str) -> Callable[[Path], object]:
    return lambda root: git(root, *args)


def tracked(root: Path, path: str) -> bool:
    return bool(git(root, "ls-files", "--", path))


TABLE = "\n[mine]\nkey = 1\n"
COMMENTS = {"python": "# mine\n", "rust": "// mine\n"}


def situations(kind: Kind) -> list[Situation]:
    comment, page = COMMENTS[kind.language], f"docs/stages/{kind.stage}.md"
    return [
        Situation(
            "edited",
            append(kind.manifest, TABLE),
            lambda root: (
                text(root, kind.manifest).endswith(TABLE)
                and kind.brought in text(root, kind.manifest)
            ),
            pairs=True,
        ),
        Situation(
            "dependency",
            beside(kind),
            lambda root: (
                f"\n{kind.mine}" in text(root, kind.manifest)
                and kind.brought in text(root, kind.manifest)
            ),
            pairs=True,
        ),
        Situation(
            "deleted",
            run("rm", "--quiet", ".env.example"),
            lambda root: not (root / ".env.example").exists() and not tracked(root, ".env.example"),
        ),
        Situation(
            "binary",
            write(kind.app, BINARY),
            lambda root: (root / kind.app).read_bytes() == BINARY,
        ),
        Situation(
            "seam",
            noted(kind),
            lambda root: comment in text(root, kind.seam) and kind.listed in text(root, kind.seam),
            pairs=True,
        ),
        Situation(
            "executable",
            lambda root: (root / kind.seam).chmod(0o755),
            lambda root: (
                os.access(root / kind.seam, os.X_OK) and kind.listed in text(root, kind.seam)
            ),
            pairs=True,
        ),
        Situation(
            "link",
            lambda root: (root / "link").symlink_to("/etc/hostname"),
            lambda root: str((root / "link").readlink()) == "/etc/hostname",
        ),
        Situation("crlf", to_crlf("compose.yaml"), lambda root: stays_crlf(root, kind.setting)),
        Situation(
            "renamed",
            run("mv", "README.md", "GUIDE.md"),
            lambda root: (
                not (root / "README.md").exists() and kind.setting in text(root, "GUIDE.md")
            ),
        ),
        Situation(
            "moved-directory",
            run("mv", "tests", "checks"),
            lambda root: (root / "checks" / kind.test).exists() and not (root / "tests").exists(),
            pairs=True,
        ),
        Situation(
            "staged",
            lambda root: None,  # noqa: ARG005 - nothing to commit
            lambda root: (
                git(root, "show", ":mine.txt") == "mine\n" and text(root, "mine.txt") == "mine\n"
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
            write(page, b"My notes\n"),
            lambda root: "My notes\n" in text(root, page),
            conflicts=True,
        ),
    ]


def together(kind: Kind) -> Iterator[tuple[Kind, tuple[Situation, ...]]]:
    """Return which are tried at once: each, pairs of them, and all."""
    every = situations(kind)
    paired = every if kind is PYTHON else [item for item in every if item.pairs]
    for found in (*combinations(every, 1), *combinations(paired, 2), tuple(every)):
        yield kind, found


TOGETHER = [found for kind in KINDS.values() for found in together(kind)]


def name(found: tuple[Kind, tuple[Situation, ...]]) -> str:
    kind, items = found
    return f"{kind.language}-{'+'.join(item.name for item in items) if len(items) < 3 else 'all'}"


def prepare(root: Path, situations: tuple[Situation, ...]) -> None:
    for item in situations:
        item.prepare(root)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "mine")
    for item in situations:
        item.staged(root)


@pytest.mark.parametrize("found", TOGETHER, ids=name)
def test_situations_do_not_spoil_each_other(
    service: MakeService, found: tuple[Kind, tuple[Situation, ...]]
) -> None:
    kind, items = found
    root = service(language=kind.language)
    prepare(root, items)
    before = files(root)
    ran = viscaffold("add-stage", kind.stage, "--json")

    conflicts = any(item.conflicts for item in items)
    assert ran.code == (3 if conflicts else 0), ran.err
    for item in items:
        assert item.holds(root), item.name
    written = {entry["path"] for entry in ran.json()["files"]}
    after = files(root)
    assert {path for path in before | after if before.get(path) != after.get(path)} == written
    if not conflicts:
        assert ran.json()["tree"] == git(root, "write-tree").strip()


def obstacles(kind: Kind) -> dict[str, Callable[[Path], object]]:
    code = Path(kind.code)
    return {
        "untracked": write(kind.own, b"mine\n"),
        "in-the-way": write(kind.code, b"mine\n"),
        "ignored": lambda root: (
            append(".git/info/exclude", f"{code.name}\n")(root),
            write(kind.code, b"mine\n")(root),
        ),
        "unstaged": append(kind.seam, COMMENTS[kind.language]),
        "link-in-the-way": lambda root: (root / code.parent).symlink_to("/tmp"),
    }


@pytest.mark.parametrize("obstacle", sorted(obstacles(PYTHON).keys() - {"untracked"}))
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "all"])
@pytest.mark.parametrize("language", KINDS)
def test_an_obstacle_stops_everything_whatever_else_there_is(
    service: MakeService, language: str, obstacle: str, *, alone: bool
) -> None:
    kind = KINDS[language]
    root = service(language=language)
    prepare(root, () if alone else tuple(situations(kind)))
    obstacles(kind)[obstacle](root)
    before = state(root)
    ran = viscaffold("add-stage", kind.stage)

    assert ran.code == 5
    assert state(root) == before


@pytest.mark.parametrize("language", KINDS)
def test_a_file_beside_those_of_the_stage_is_no_obstacle(
    service: MakeService, language: str
) -> None:
    kind = KINDS[language]
    root = service(language=language)
    obstacles(kind)["untracked"](root)

    assert viscaffold("add-stage", kind.stage).code == 0
    assert (root / kind.own).read_bytes() == b"mine\n"
    commit(root)
