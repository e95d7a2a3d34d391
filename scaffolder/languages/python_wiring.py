"""A resource made known to a Python service: its routes in app.py, its table beside the migrations.

The user's code is edited where it is as plain as the template's; all else is left to the user.
"""

import ast
import keyword
from collections.abc import Mapping
from typing import TypeVar

from .base import Wiring, WiringError

APPLICATION, TABLES = "application", "tables"
LONGEST_LINE = 100
INDENT = " " * 4

Found = TypeVar("Found")


def word_problem(word: str) -> str:
    """Return why code cannot call something `word`, or an empty text."""
    return "it is a keyword of Python" if keyword.iskeyword(word) else ""


def wired(files: Mapping[str, str], wiring: Wiring) -> dict[str, str]:
    """Return the texts with a resource in them, by the same roles; as `Language.wired`."""
    edits = {APPLICATION: _with_routes, TABLES: _with_table}
    return {role: edits[role](text, wiring.module) for role, text in files.items()}


def _with_routes(text: str, module: str) -> str:
    """Return app.py with the module imported, and installed after the stages."""
    call = f"{module}.install(app)"
    problem = WiringError(
        APPLICATION, [f"from . import {module}", f"{call}  # after stages.install(app)"]
    )
    tree = _parsed(text, problem)
    if any(ast.unparse(node) == call for node in ast.walk(tree) if isinstance(node, ast.Expr)):
        return text
    if module in _bound(tree):
        raise WiringError(APPLICATION, [], f"it calls something else {module}")
    imported = _only(
        [n for n in tree.body if isinstance(n, ast.ImportFrom) and _is_beside(n)], problem
    )
    last = _last_install(tree, problem)
    lines = text.split("\n")
    lines.insert(last.end_lineno or 0, " " * last.col_offset + call)
    first, end = imported.lineno - 1, imported.end_lineno or 0
    if "#" in "".join(lines[first:end]):
        raise problem
    lines[first:end] = _import([*(alias.name for alias in imported.names), module])
    return "\n".join(lines)


def _last_install(tree: ast.Module, problem: WiringError) -> ast.stmt:
    """Return the statement after which a resource is installed: stages, or another resource."""
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    found = [body for body in bodies if any(_installs(node) == "stages" for node in body)]
    body = _only(found, problem)
    last = next(at for at, node in enumerate(body) if _installs(node) == "stages")
    while last + 1 < len(body) and _installs(body[last + 1]):
        last += 1
    if body[last].lineno != body[last].end_lineno:
        raise problem
    return body[last]


def _installs(node: ast.stmt) -> str:
    """Return what a statement installs in `app`, or an empty text."""
    words = ast.unparse(node)
    name = words.removesuffix(".install(app)")
    return name if name != words and name.isidentifier() else ""


def _is_beside(node: ast.ImportFrom) -> bool:
    """Tell whether modules beside this one are imported, with their own names."""
    names = [alias.name for alias in node.names]
    plain = all(alias.asname is None for alias in node.names)
    return node.level == 1 and node.module is None and "stages" in names and plain


def _import(names: list[str]) -> list[str]:
    listed = sorted(names)
    line = f"from . import {', '.join(listed)}"
    if len(line) <= LONGEST_LINE:
        return [line]
    return ["from . import (", *(f"{INDENT}{name}," for name in listed), ")"]


def _bound(tree: ast.Module) -> set[str]:
    """Return the names that a module gives to something."""
    found = {alias.asname or alias.name.partition(".")[0] for node in ast.walk(tree)
             if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names}  # fmt: skip
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    found |= {node.name for node in ast.walk(tree) if isinstance(node, defined)}
    found |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return found | {node.id for node in ast.walk(tree)
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}  # fmt: skip


def _with_table(text: str, table: str) -> str:
    """Return the module that lists the tables with one more."""
    problem = WiringError(TABLES, [f'TABLES = (..., "{table}")'])
    tree = _parsed(text, problem)
    value = _only(
        [
            node.value
            for node in tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign)
            and ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
            == "TABLES"
        ],
        problem,
    )
    if not isinstance(value, ast.Tuple):
        raise problem
    constants = [node.value for node in value.elts if isinstance(node, ast.Constant)]
    names = [name for name in constants if isinstance(name, str)]
    if len(names) != len(value.elts):
        raise problem
    if table in names:
        return text
    lines = text.split("\n")
    first, end = value.lineno - 1, value.end_lineno or 0
    if "#" in (ast.get_source_segment(text, value) or "#"):
        raise problem
    head, tail = lines[first][: value.col_offset], lines[end - 1][value.end_col_offset :]
    lines[first:end] = _tuple(head, [f'"{name}"' for name in [*names, table]], tail)
    return "\n".join(lines)


def _tuple(head: str, names: list[str], tail: str) -> list[str]:
    line = f"{head}({', '.join(names)}{',' if len(names) == 1 else ''}){tail}"
    if len(line) <= LONGEST_LINE:
        return [line]
    return [f"{head}(", *(f"{INDENT}{name}," for name in names), f"){tail}"]


def _parsed(text: str, problem: WiringError) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise problem from None


def _only(found: list[Found], problem: WiringError) -> Found:
    """Return the one that was found; raise `problem` where it is none, or one of several."""
    if len(found) != 1:
        raise problem
    return found[0]
