"""Where a Python program writes, as far as its texts, its variables and its defaults tell."""

import ast
from collections.abc import Iterator, Mapping
from posixpath import dirname, join

from . import pysource

PATHS = {"Path", "pathlib.Path", "PurePath", "str", "os.fspath", "os.path.abspath", "os.path.join"}
"""What makes a path of its arguments."""
VARIABLES = {"os.getenv", "os.environ.get", "environ.get", "getenv"}
MAKES = {"os.makedirs", "os.mkdir", "makedirs", "mkdir"}
WRITES = {"write_text", "write_bytes", "touch"}


def written(source: str, env: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    """Yield the paths that a program makes or writes to, and whether each is a directory.

    Of what is only known to be below a directory, it is that directory.
    """
    tree = pysource.parsed(source)
    known: dict[str, str] = {}
    for node in pysource.walk(tree) if tree else ():
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            known[node.targets[0].id] = _path(node.value, known, env)
        elif isinstance(node, ast.Call):
            path, is_directory = _target(node, known, env)
            if path.startswith("/"):
                yield path, is_directory


def _target(node: ast.Call, known: Mapping[str, str], env: Mapping[str, str]) -> tuple[str, bool]:
    """Return what a call makes or writes to; empty if nothing that is known."""
    name = pysource.dotted(node.func)
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    words = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
    words += [k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)]
    # A mode has three letters at most.
    to_write = any(isinstance(w, str) and len(w) < 4 and set(w) & set("wax+") for w in words)
    if name in MAKES and node.args:
        return _path(node.args[0], known, env), True
    if name in ("open", "io.open") and node.args and to_write:
        return _path(node.args[0], known, env), False
    if owner is None or not isinstance(node.func, ast.Attribute):
        return "", False
    if node.func.attr == "mkdir":
        return _path(owner, known, env), True
    if node.func.attr in WRITES or (node.func.attr == "open" and to_write):
        return _path(owner, known, env), False
    return "", False


def _path(node: ast.expr, known: Mapping[str, str], env: Mapping[str, str]) -> str:  # noqa: C901, PLR0911 - one per kind of expression
    """Return the path that an expression stands for, or begins with; empty if it is not known."""
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.Name(id=name):
            return known.get(name, "")
        case ast.BinOp(op=ast.Div(), left=left, right=right):
            folder, rest = _path(left, known, env), _path(right, known, env)
            return join(folder, rest) if folder and rest else folder
        case ast.BoolOp(op=ast.Or(), values=values):
            return next((path for value in values if (path := _path(value, known, env))), "")
        case ast.Attribute(value=value, attr="parent"):
            return dirname(_path(value, known, env))
        case ast.Subscript(value=value, slice=ast.Constant(value=str(name))) if pysource.dotted(
            value
        ).endswith("environ"):
            return env.get(name, "")
        case ast.Call(func=func, args=[first, *rest]) if pysource.dotted(func) in VARIABLES:
            default = _path(rest[0], known, env) if rest else ""
            return env.get(_path(first, known, env)) or default
        case ast.Call(func=func, args=args) if pysource.dotted(func) in PATHS:
            parts: list[str] = []
            for part in (_path(argument, known, env) for argument in args):
                if not part:
                    break
                parts.append(part)
            return join(*parts) if parts else ""
    return ""
