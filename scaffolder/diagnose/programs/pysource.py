"""Python programs, read without running them: what they need, print, open and connect to."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

LARGE = 256 * 1024


@dataclass
class Reading:
    """What the source of a Python program reveals."""

    required: dict[str, int] = field(default_factory=dict)
    """Variables without which it fails → the line."""
    asked: set[str] = field(default_factory=set)
    """Variables that it reads, without a default."""
    defaulted: set[str] = field(default_factory=set)
    """Variables that it does without: `os.environ.get("X") or "y"`."""
    opened: list[tuple[str, str]] = field(default_factory=list)
    """Files by a literal path, and the mode."""
    printed: list[str] = field(default_factory=list)
    """Texts that it prints, in order, without flushing them."""
    exits: list[tuple[int, str]] = field(default_factory=list)
    """Lines at which it exits silently, and how."""
    said: list[str] = field(default_factory=list)
    """Texts that it exits with."""
    modules: list[str] = field(default_factory=list)
    """The top-level modules that it imports."""
    demanded: list[str] = field(default_factory=list)
    """The top-level modules without which it exits silently: `except ImportError: sys.exit(1)`."""
    reads_input: bool = False
    abrupt: bool = False
    """It calls os._exit, which flushes nothing."""
    swallows: bool = False
    """It catches an exception and does not report it."""


def read(source: str) -> Reading | None:
    """Read a program; None if it is not Python that this version can parse."""
    tree = parsed(source)
    if tree is None:
        return None
    found = Reading()
    for node in walk(tree):
        _note(node, found)
        if isinstance(node, ast.Try) and any(map(_ends_without, node.handlers)):
            imports = Reading()
            for child in node.body:
                if isinstance(child, ast.Import | ast.ImportFrom):
                    _note(child, imports)
            found.demanded += imports.modules
    found.asked -= found.defaulted
    return found


def parsed(source: str) -> ast.Module | None:
    """Parse a program; None if it is not Python that this version can parse."""
    if len(source) > LARGE:
        return None
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def walk(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk in the order of the source."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(list(ast.iter_child_nodes(node))))


def _note(node: ast.AST, found: Reading) -> None:
    match node:
        case ast.Subscript(value=value, slice=ast.Constant(value=str(name))) if dotted(
            value
        ).endswith("environ"):
            found.required.setdefault(name, node.lineno)
        case ast.Import(names=names):
            found.modules += [alias.name.partition(".")[0] for alias in names]
        case ast.ImportFrom(module=str(module), level=0):
            found.modules.append(module.partition(".")[0])
        case ast.Raise(exc=ast.Call(func=ast.Name(id="SystemExit"), args=[first, *_])):
            if text := _text(first):
                found.said.append(text)
        case ast.BoolOp(op=ast.Or(), values=[*first, last]) if _is_value(last):
            asked = Reading()
            for value in first:
                _note(value, asked)
            found.defaulted |= asked.asked
        case ast.ExceptHandler(body=[ast.Pass()]):
            found.swallows = True
        case ast.Call():
            _note_call(node, found)


def _is_value(node: ast.expr) -> bool:
    """Tell whether something can stand for a variable that is not set; an empty text cannot."""
    if isinstance(node, ast.Call):
        return dotted(node.func) not in EXITS
    is_condition = isinstance(node, ast.Compare) or (
        isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    )
    return not is_condition and not (isinstance(node, ast.Constant) and not node.value)


EXITS = {"sys.exit", "exit", "quit", "os._exit"}


def _ends_without(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler ends the program where a module cannot be imported."""
    caught = {dotted(node) for node in ast.walk(handler.type)} if handler.type else {"Exception"}
    calls = (node for node in ast.walk(handler) if isinstance(node, ast.Call))
    ends = any(dotted(call.func) in EXITS for call in calls)
    return ends and bool(caught & {"ImportError", "ModuleNotFoundError", "Exception"})


def _note_call(node: ast.Call, found: Reading) -> None:
    name = dotted(node.func)
    texts = [_text(argument) for argument in node.args]
    first = texts[0] if texts else ""
    if name in {"os.getenv", "os.environ.get", "environ.get", "getenv"} and len(node.args) == 1:
        found.asked.add(first)
    elif name == "print" and not any(k.arg in ("flush", "file") for k in node.keywords):
        found.printed.append(" ".join(text for text in texts if text))
    elif name == "sys.stdout.write":
        found.printed.append(first)
    elif name in {"open", "io.open"} and first.startswith("/"):
        mode = (
            texts[1]
            if len(texts) > 1
            else next((_text(k.value) for k in node.keywords if k.arg == "mode"), "r")
        )
        found.opened.append((first, mode or "r"))
    elif name in EXITS:
        found.abrupt = found.abrupt or name == "os._exit"
        if first:
            found.said.append(first)
        else:
            found.exits.append((node.lineno, ast.unparse(node)))
    elif name in {"input", "sys.stdin.read", "sys.stdin.readline"}:
        found.reads_input = True


def dotted(node: ast.AST) -> str:
    """Return a name with those that it is an attribute of; empty if it is no name."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "..." for part in node.values)
    return ""
