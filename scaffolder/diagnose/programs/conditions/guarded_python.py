"""The condition around an end in a program in Python, by its syntax."""

import ast

from scaffolder.diagnose.programs.pysource import EXITS, dotted, parsed, walk

Span = tuple[int, int, bool]
Placed = ast.expr | ast.stmt | ast.excepthandler
LEAVES = (ast.Return, ast.Continue, ast.Break)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def span(source: str, line: int, called: str, status: str) -> Span | None:
    """Return where the condition around a call begins and ends, and whether it was passed."""
    tree = parsed(source)
    node = _call(tree, line, called) if tree else None
    if tree is None or node is None:
        return None
    parents = {child: each for each in ast.walk(tree) for child in ast.iter_child_nodes(each)}
    lines = [0]
    for text in source.encode().split(b"\n"):
        lines.append(lines[-1] + len(text) + 1)
    found = _around(node, parents) or _returned(tree, node, status, parents)
    if found is None:
        return None
    first, last, is_passed = found

    def at(line: int, column: int) -> int:
        return len(source.encode()[: lines[line - 1] + column].decode("utf-8", "replace"))

    begin = at(first.lineno, first.col_offset)
    return begin, at(last.end_lineno or last.lineno, last.end_col_offset or 0), is_passed


def _call(tree: ast.AST, line: int, called: str) -> ast.AST | None:
    """Return the call or the `raise` in a line that leads to the end."""
    nodes = [
        node
        for node in walk(tree)
        if isinstance(node, ast.Call | ast.Raise) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    named = [node for node in calls if dotted(node.func).rpartition(".")[2] == called]
    ends = [node for node in calls if dotted(node.func) in EXITS]
    raises = [node for node in nodes if isinstance(node, ast.Raise)]
    return next(iter([*named, *ends, *raises]), None)


def _around(  # noqa: PLR0911 - a kind of statement each
    node: ast.AST, parents: dict[ast.AST, ast.AST]
) -> tuple[Placed, Placed, bool] | None:
    """Return what begins and what ends the text of a condition, and whether it did not hold."""
    while node in parents:
        parent = parents[node]
        left = _left_before(node, parent)
        if left:
            return left, left.test, True
        match parent:
            case ast.If(test=test, orelse=others) | ast.While(test=test, orelse=others):
                if node is not test and not isinstance(test, ast.Constant) and not _is_main(test):
                    return parent, test, node in others
            case ast.IfExp(test=test, orelse=other) if node is not test:
                return test, test, node is other
            case ast.BoolOp(values=[first, *_]) if node is not first:
                return first, node if isinstance(node, ast.expr) else first, False
            case ast.Match(subject=subject) if node is not subject:
                return parent, subject, False
            case ast.ExceptHandler(type=type_) if type_:
                return parent, type_, False
            case _ if isinstance(parent, FUNCTIONS):
                return None
        node = parent
    return None


def _is_main(test: ast.expr) -> bool:
    """Tell whether a condition asks only whether the module was started itself."""
    return any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(test))


def _returned(
    tree: ast.AST, node: ast.AST, status: str, parents: dict[ast.AST, ast.AST]
) -> tuple[Placed, Placed, bool] | None:
    """Return the condition of a status that the program ends with: `sys.exit(main())`."""
    match node:
        case ast.Call(args=[ast.IfExp(test=test)]):
            return test, test, False
        case ast.Call(args=[ast.Call() | ast.Name() | ast.Await()]):
            returns = [
                each
                for each in ast.walk(tree)
                if isinstance(each, ast.Return)
                and isinstance(each.value, ast.Constant)
                and str(each.value.value) == status
            ]
            return _around(returns[0], parents) if len(returns) == 1 else None
    return None


def _left_before(node: ast.AST, parent: ast.AST) -> ast.If | None:
    """Return the last `if` before a statement, in the same block, that leaves the block."""
    blocks = (getattr(parent, name, None) for name in ("body", "orelse", "finalbody"))
    block = next((each for each in blocks if isinstance(each, list) and node in each), [])
    before = block[: block.index(node)] if block else []
    ifs = (each for each in reversed(before) if isinstance(each, ast.If))
    return next((each for each in ifs if isinstance(each.body[-1], LEAVES)), None)
