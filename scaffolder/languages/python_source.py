"""Python code, read and never run: which modules it imports, and which names it uses."""

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from .base import Code, Import, Text

SUFFIX = ".py"
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[-+ #0-9.]*[a-zA-Z]|\{[\w.!:]*\}")
"""Where a value is put into a text: by `%` or `format`."""
GUARDS = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
"""Errors by which code shows that it can do without what it imports."""


def module_of(path: str) -> str:
    """Return the name by which the file at `path` of a service is imported."""
    parts = PurePosixPath(path.removesuffix(SUFFIX)).parts
    parts = parts[1:] if parts[:1] == ("src",) else parts
    return ".".join(parts[:-1] if parts[-1:] == ("__init__",) else parts)


def spellings(module: str) -> list[str]:
    """Return how a text writes a module's name: as code does, or as a path."""
    return [module, module.replace(".", "/")] if "." in module else []


def read(content: bytes, path: str) -> Code | None:
    """Read the file at `path`; None if it is no Python that this one knows."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    package = module_of(path)
    if not path.endswith("/__init__.py"):
        package = package.rpartition(".")[0]
    guarded = {id(node) for found in ast.walk(tree) for node in _guarded(found)}
    code = Code([], {}, set())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found = list(_imports(node, package))
            code.imports.extend(found if id(node) not in guarded else [])
            code.bound.update(one.name for one in found)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            code.uses.setdefault(node.id, []).append(node.lineno)
        else:
            code.bound.update(_bound(node))
    return code


def _guarded(node: ast.AST) -> Iterator[ast.AST]:
    """Return what a `try` runs that expects imports to fail."""
    if isinstance(node, ast.Try) and any(_catches_imports(handler) for handler in node.handlers):
        for statement in node.body:
            yield from ast.walk(statement)


def _catches_imports(handler: ast.ExceptHandler) -> bool:
    caught = handler.type
    names = [caught] if not isinstance(caught, ast.Tuple) else caught.elts
    return any(name is None or (isinstance(name, ast.Name) and name.id in GUARDS) for name in names)


def _imports(node: ast.Import | ast.ImportFrom, package: str) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(alias.lineno, alias.name, alias.asname or alias.name.partition(".")[0])
        return
    home = node.module or ""
    if node.level:
        parts = package.split(".")
        above = ".".join(parts[: len(parts) - node.level + 1])
        home = f"{above}.{home}".strip(".")
    for alias in node.names:
        yield Import(alias.lineno, home, "")
        yield Import(alias.lineno, f"{home}.{alias.name}", alias.asname or alias.name)


def _bound(node: ast.AST) -> Iterator[str]:
    """Return the names that a node gives a value."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name


def texts(content: bytes) -> Iterator[Text]:
    """Return the texts in code but for docstrings; nothing if it is no Python."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    within: set[int] = set()
    for node in ast.walk(tree):  # from the outside in
        if isinstance(node, ast.Expr | ast.JoinedStr):
            within.update(id(part) for part in ast.iter_child_nodes(node))
        if isinstance(node, ast.JoinedStr):
            literal = (p.value if isinstance(p, ast.Constant) else None for p in node.values)
            parts = [part if isinstance(part, str) else "\0" for part in literal]
            yield Text(node.lineno, tuple("".join(parts).split("\0")))
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in within
        ):
            yield Text(node.lineno, tuple(PLACEHOLDER.split(node.value)))
