"""Who may import whom: no circles, nothing from a floor above, and no screen in the core."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "scaffolder"

FLOORS = (
    {"__main__"},
    {"cli"},
    {"commands"},
    {"prompts"},
    {"console"},
    {"spinner"},
    {"diagnose", "doctor", "explain", "fleet", "testkit"},
    {"operations"},
    {"verify"},
    {"overlays"},
    {"adopt"},
    {"templates"},
    {"engine", "names"},
    {"docker", "languages"},
    {
        "key_pairs",
        "paths",
        "placing",
        "plain_yaml",
        "regular_files",
        "reporting",
        "streams",
        "temporary",
    },
    {"errors", "interrupts", "redaction"},
    {"redaction_rules", "text"},
)
"""Rooms, and modules beside them; each imports from itself, and from the floors below."""

SCREEN = {"__main__", "cli", "commands", "console", "prompts", "spinner"}
"""Those that may print and prompt."""

STREAMS = {"stdin", "stdout", "stderr"}

Graph = Mapping[str, set[str]]
"""Module → what it imports; modules of viscaffold without the name of the package."""


def graph(root: Path) -> Graph:
    files = [path for path in root.rglob("*.py") if "starter" not in path.parts]
    modules = {_name(path, root) for path in files}
    return {_name(path, root): {*_imports(path, root, modules)} for path in files}


def _name(path: Path, root: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def _imports(path: Path, root: Path, modules: set[str]) -> Iterator[str]:
    """Return what a module imports anywhere in it, and what it prints to or reads from."""
    package = ["scaffolder", *path.relative_to(root).parent.parts]
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (_local(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            base = _local(".".join([*above, *filter(None, [node.module])]))
            for alias in node.names:
                full = f"{base}.{alias.name}".removeprefix("scaffolder.")
                yield full if full in modules else base
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield from {node.func.id} & {"print", "input"}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield from {f"sys.{name}" for name in {node.attr} & STREAMS if node.value.id == "sys"}


def _local(name: str) -> str:
    return name.removeprefix("scaffolder.")


def circles(found: Graph) -> list[str]:
    try:
        TopologicalSorter({m: found[m] & found.keys() - {m} for m in found}).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def rooms(found: Graph, depth: int) -> Graph:
    """Return the same for rooms: packages, and modules beside them, down to some depth."""
    merged: dict[str, set[str]] = {}
    for module, imported in found.items():
        into = merged.setdefault(_room(module, depth), set())
        into |= {_room(other, depth) for other in imported & found.keys()}
    return merged


def _room(module: str, depth: int) -> str:
    return ".".join(module.split(".")[:depth])


def upward(found: Graph) -> list[str]:
    floor = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
    return [
        f"{module} -> {other}"
        for module, imported in found.items()
        for other in imported & found.keys()
        if (one := module.partition(".")[0]) != (two := other.partition(".")[0])
        if module != "__init__" and floor[one] >= floor[two]
    ]


def screens(found: Graph) -> list[str]:
    unwanted = {"click", "getpass", "print", "input", "sys", *SCREEN}
    return [
        f"{module} -> {other}"
        for module, imported in found.items()
        if module.partition(".")[0] not in {*SCREEN, "streams"}
        for other in imported - {"sys"}
        if other.partition(".")[0] in unwanted
    ]


FOUND = graph(PACKAGE)


def test_there_is_a_floor_for_everything() -> None:
    assert {module.partition(".")[0] for module in FOUND} - {"__init__"} == set.union(*FLOORS)


def test_there_are_no_circles_of_modules() -> None:
    assert circles(FOUND) == []


@pytest.mark.parametrize("depth", [1, 2])
def test_there_are_no_circles_of_rooms(depth: int) -> None:
    assert circles(rooms(FOUND, depth)) == []


def test_nothing_is_imported_from_above() -> None:
    assert upward(FOUND) == []


def test_the_core_has_no_screen() -> None:
    assert screens(FOUND) == []


def test_each_check_says_no(tmp_path: Path) -> None:
    for path, text in {
        "cli.py": "import click\n",
        "errors.py": "from .engine import git\n",
        "engine/__init__.py": "",
        "engine/git.py": "def late():\n    from .tree import name\n    print(name)\n",
        "engine/index.py": "import sys\nsys.stderr.write(name)\n",
        "engine/tree.py": "from . import git\nfrom scaffolder import console\nimport click.core\n",
        "console.py": "import click\n",
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    found = graph(tmp_path)

    assert set(circles(found)) == {"engine.git", "engine.tree"}
    assert upward(found) == ["errors -> engine.git", "engine.tree -> console"]
    assert sorted(screens(found)) == [
        "engine.git -> print",
        "engine.index -> sys.stderr",
        "engine.tree -> click.core",
        "engine.tree -> console",
    ]
    assert circles(rooms({"a.x": {"b.y"}, "b.y": set(), "b.z": {"a.w"}, "a.w": set()}, 1))
