"""What links an exception that Python code handles to an end that it chooses later: a name.

`except OSError: ok = False`, and far below `if not ok: sys.exit(1)`. The handler sets what is asked
there, or the exception keeps the body from setting it.
"""

import ast
from collections.abc import Collection, Iterator

from .pysource import LARGE

DEPTH = 2
"""How many functions are looked into: what an end depends on may be what a function returns."""
ADDS = frozenset({"append", "add", "extend", "update", "insert", "set"})
"""Methods that change what they are called of."""
LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def deciding(source: str, raised: Collection[int], ended: int) -> str:
    """Return the name by which what is handled at some lines decides an end at another one."""
    if len(source) > LARGE:
        return ""
    try:
        linked = _Linked(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    asked = linked.asked(ended, DEPTH)
    found = next((name for name in linked.left(raised) if name in asked), "")
    return found.partition("@")[0]


class _Linked:
    """A source, in which a name is called after the function that it belongs to: `ok@12`."""

    def __init__(self, tree: ast.Module) -> None:
        self.nodes = list(ast.walk(tree))
        self.functions = [node for node in self.nodes if isinstance(node, FUNCTIONS)]
        self.locals = {node.lineno: _locals(node) for node in self.functions}

    def left(self, raised: Collection[int]) -> Iterator[str]:
        """Yield what an exception sets, or leaves unset, where it is handled."""
        for around in self.nodes:
            if not isinstance(around, ast.Try):
                continue
            body = around.body
            at = next((i for i, step in enumerate(body) if _covers(step, raised)), None)
            if at is None:
                continue
            for step in (*around.handlers, *body[at:], *around.orelse):
                yield from self._sets(step)
            if any(isinstance(node, ast.Return) for h in around.handlers for node in ast.walk(h)):
                yield from (f"{node.name}()" for node in self._around(around.lineno)[:1])

    def asked(self, line: int, depth: int) -> set[str]:
        """Return the names, and the functions as `name()`, on which a line depends."""
        found: set[str] = set()
        for node in self.nodes:
            for steps in (getattr(node, "body", None), getattr(node, "orelse", None)):
                at = _index(steps, line)
                if at is not None and isinstance(steps, list):
                    found |= self._conditions(node, steps, at)
        called = {name for name in found if name.endswith("()")} if depth else set()
        for function in self.functions:
            if f"{function.name}()" in called:
                found |= self._returned(function, depth - 1)
        return found

    def _conditions(self, node: ast.AST, steps: list[ast.stmt], at: int) -> set[str]:
        found: set[str] = set()
        if isinstance(node, ast.If | ast.While):
            found |= self._names(node.test)
        for step in steps[:at]:  # those that leave before, if they are true
            if isinstance(step, ast.If) and isinstance(step.body[-1], LEAVES):
                found |= self._names(step.test)
        if isinstance(steps[at], ast.Expr | ast.Raise):
            found |= self._names(steps[at])
        return found

    def _returned(self, function: ast.AST, depth: int) -> set[str]:
        """Return what it depends on that a function returns a failure."""
        found: set[str] = set()
        for node in ast.walk(function):
            if not isinstance(node, ast.Return) or node.value is None:
                continue
            is_fixed = isinstance(node.value, ast.Constant)
            found |= set() if is_fixed else self._names(node.value)
            if not isinstance(node.value, ast.Constant) or node.value.value:
                found |= self.asked(node.lineno, depth)
        return found

    def _sets(self, step: ast.AST) -> Iterator[str]:
        for node in ast.walk(step):
            if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
                yield self._name(node)
            elif isinstance(node, ast.Call):
                match node.func:
                    case ast.Attribute(value=holder, attr=attr) if attr in ADDS:
                        yield self._name(holder)

    def _names(self, node: ast.AST) -> set[str]:
        called = [inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call)]
        used = {self._name(inner) for inner in ast.walk(node) if inner not in called}
        return (used | {f"{_plain(func)}()" for func in called}) - {""}

    def _name(self, node: ast.AST) -> str:
        if isinstance(node, ast.Attribute):
            return f"{node.attr}@"
        if not isinstance(node, ast.Name):
            return ""
        around = self._around(node.lineno)
        own = (f.lineno for f in around if node.id in self.locals[f.lineno])
        return f"{node.id}@{next(own, '')}"

    def _around(self, line: int) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Return the functions around a line, the innermost first."""
        around = (f for f in self.functions if f.lineno <= line <= (f.end_lineno or line))
        return sorted(around, key=lambda node: -node.lineno)


def _locals(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    inner = list(ast.walk(function))
    of_others = {
        n for node in inner if isinstance(node, ast.Global | ast.Nonlocal) for n in node.names
    }
    stored = {n.id for n in inner if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return (stored | {n.arg for n in inner if isinstance(n, ast.arg)}) - of_others


def _plain(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _covers(node: ast.stmt, lines: Collection[int]) -> bool:
    return any(node.lineno <= line <= (node.end_lineno or node.lineno) for line in lines)


def _index(steps: object, line: int) -> int | None:
    if not isinstance(steps, list):
        return None
    known = (i for i, s in enumerate(steps) if isinstance(s, ast.stmt) and _covers(s, (line,)))
    return next(known, None)
