"""Which part of `diagnose` may import which: never one above it, never the terminal, no circle."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
HOME = "scaffolder.diagnose"
FLOORS = (
    {"evidence"}, {"programs", "deadline"}, {"case"}, {"docker", "kubernetes", "causes"},
    {"verdict"}, {"report"}, {"session"},
)  # fmt: skip
"""From the ground up. Rooms on one floor know nothing of each other."""
LEVEL = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
SCREEN = ("click", "scaffolder.console", "scaffolder.commands", "scaffolder.spinner")
# verdict.handed hands files to the copies that are run
PERMITTED_IO = {"docker", "kubernetes", "verdict"}
IO = {"os", "socket", "subprocess", "tempfile", "pathlib", "fcntl", "shutil"}
FOR_COPIES = ROOT / "scaffolder/diagnose/hooks"  # data: programs of containers import it
MODULES = sorted(
    path for path in (ROOT / "scaffolder/diagnose").rglob("*.py") if FOR_COPIES not in path.parents
)


def imported(text: str, package: str) -> Iterator[str]:
    """Return what a module imports, by whole names."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join(parts) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            yield from (f"{module}.{name.name}" for name in node.names)


def room(name: str) -> str:
    return name.removeprefix(f"{HOME}.").partition(".")[0]


def prints(text: str) -> bool:
    calls = (node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    return any(isinstance(call, ast.Name) and call.id in {"print", "input"} for call in calls)


def faults(text: str, package: str, own: str) -> list[str]:
    """Return the imports of a module of the room `own` that it must not have."""
    found = []
    for name in imported(text, package):
        if name.startswith(SCREEN):
            found.append(name)
        elif name.startswith(f"{HOME}.") and own != (other := room(name)):
            found += [name] if LEVEL[other] >= LEVEL[own] else []
        elif name.startswith("scaffolder.docker"):
            found += [name] if LEVEL[own] < LEVEL["docker"] or own == "causes" else []
        elif name.partition(".")[0] in IO and own not in PERMITTED_IO:
            found.append(name)
    return found


def package_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).parent.parts)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_imports_nothing_above_it_and_no_screen(path: Path) -> None:
    own = path.relative_to(ROOT / "scaffolder/diagnose").parts[0].removesuffix(".py")
    if own == "__init__":
        return
    text = path.read_text("utf-8")
    if path.name == "page.py":  # run by hand, it writes the page
        text = text.partition('if __name__ == "__main__":')[0]

    assert not faults(text, package_of(path), own)
    assert not prints(text)
    assert len(text.splitlines()) <= 210  # about 200


@pytest.mark.parametrize(
    ("own", "line"),
    [
        ("evidence", "from scaffolder.diagnose.docker import live"),
        ("causes", "from scaffolder.docker.client import Engine"),
        ("causes", "from ..verdict.proof import is_explained"),
        ("programs", "import scaffolder.diagnose.case"),
        ("causes", "from pathlib import Path"),
        ("session", "from scaffolder import console"),
        ("report", "import click"),
    ],
)
def test_an_import_of_something_above_is_noticed(own: str, line: str) -> None:
    assert faults(line, f"{HOME}.{own}", own)


def test_printing_is_noticed() -> None:
    assert prints("def f():\n    print('x')")
    assert not prints("log.print('x')")
