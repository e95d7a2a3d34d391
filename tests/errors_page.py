"""docs/errors.md: every error that the code raises, with what it tells people to type."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from inspect import signature
from pathlib import Path
from types import ModuleType

import scaffolder
from scaffolder.errors import RefusedError, ScaffoldError, UsageError

PACKAGE = Path(scaffolder.__file__).parent
PAGE = PACKAGE.parent / "docs/errors.md"
HEAD = """\
# Errors

Every error that viscaffold raises: what it found, what to type next, and its exit code.
`scripts/commands` collects them from the source, by the folder that they are raised in; capitals
and `...` stand for what differs. Mistakes in the command line itself, such as an unknown option,
are told in Click's words, with exit code 2.

"""
UNKNOWN = "there is no KIND NAME; did you mean ...?"
"""What `errors.unknown` says."""

Known = Mapping[str, type[ScaffoldError]]


@dataclass(frozen=True, order=True)
class Row:
    """An error as people see it."""

    message: str
    hint: str
    code: int


def render() -> str:
    """Return the page."""
    sections = []
    known = {error.__name__: error for error in _errors()}
    for room in sorted({path.relative_to(PACKAGE).parts[0] for path in _modules()}):
        rows = sorted({row for path in _modules(room) for row in _rows(path, known)})
        if rows:
            table = "".join(f"| {_cell(r.message)} | {_cell(r.hint)} | {r.code} |\n" for r in rows)
            title = f"## {room.removesuffix('.py')}\n\n"
            sections.append(f"{title}| it says | try | exit code |\n|---|---|---|\n{table}")
    return HEAD + "\n".join(sections)


def _modules(room: str = "") -> list[Path]:
    top = PACKAGE / room
    found = [top] if top.is_file() else top.rglob("*.py")
    return sorted(path for path in found if "starter" not in path.parts)


def _imported(path: Path) -> ModuleType:
    name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    return import_module(name.removesuffix(".__init__"))


def _errors() -> Iterator[type[ScaffoldError]]:
    """Return the classes of errors, wherever they are defined."""
    for path in _modules():
        if "Error(" in path.read_text(encoding="utf-8"):
            for value in vars(_imported(path)).values():
                if isinstance(value, type) and issubclass(value, ScaffoldError):
                    yield value


class Constants(ast.NodeTransformer):
    """Puts values in the place of the constants that a module has or imports."""

    def __init__(self, module: ModuleType) -> None:
        """Note the module."""
        self.known = vars(module)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Return the value of a constant, if it is text or a number."""
        value = self.known.get(node.id) if node.id.isupper() else None
        plain = isinstance(value, str | int | float) and isinstance(node.ctx, ast.Load)
        return ast.Constant(value) if plain else node


def _rows(path: Path, known: Known) -> Iterator[Row]:
    module = ast.parse(path.read_bytes())
    for node in ast.walk(Constants(_imported(path)).visit(module)):
        if isinstance(node, ast.ClassDef) and node.name in known:
            inner = partial(_of_super, known[node.name])
            yield from filter(None, map(inner, ast.walk(node)))
        elif isinstance(node, ast.Call):
            found = _row(node, known)
            if found:
                yield found


def _of_super(error: type[ScaffoldError], node: ast.AST) -> Row | None:
    """Return what a class of errors says itself, in its `super().__init__`."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "super().__init__":
        return _made(node, 0, 1, error)
    return None


def _row(call: ast.Call, known: Known) -> Row | None:
    name = ast.unparse(call.func).rpartition(".")[2]
    if name in known:
        parameters = [*signature(known[name]).parameters]
        hint = parameters.index("hint") if "hint" in parameters else len(parameters)
        return _made(call, 0, hint, known[name])
    if name == "unknown" and call.args:
        said = UNKNOWN.replace("KIND", _text(call.args[0]))
        return Row(said, _argument(call, 3, "hint"), UsageError.exit_code)
    if name == "error" and len(call.args) > 1:  # of a document in YAML, at a node of it
        return _made(call, 1, 2, RefusedError)
    return None


def _made(call: ast.Call, message: int, hint: int, error: type[ScaffoldError]) -> Row | None:
    """Return a row, unless the message is put together elsewhere."""
    said = _argument(call, message, "message")
    if said.upper() == said:
        return None
    tried = _argument(call, hint, "hint")
    return Row(said, "..." if tried == "HINT" else tried, error.exit_code)


def _argument(call: ast.Call, position: int, name: str) -> str:
    if position < len(call.args):
        return _text(call.args[position])
    return next((_text(k.value) for k in call.keywords if k.arg == name), "")


def _text(node: ast.expr) -> str:
    """Return an expression as a person reads it, with capitals for what is not fixed."""
    match node:
        case ast.Constant(value=value):
            text = str(value)
        case ast.JoinedStr(values=values):
            text = "".join(map(_text, values))
        case ast.FormattedValue(value=value):
            text = _text(value)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            text = _text(left) + _text(right)
        case ast.IfExp(body=body, orelse=other):
            text = " / ".join(dict.fromkeys(filter(None, (_text(body), _text(other)))))
        case ast.Name() | ast.Attribute():
            text = ast.unparse(node).rpartition(".")[2].strip("_").upper()
        case _:
            text = _of_call(node)
    return text


def _of_call(node: ast.expr) -> str:
    """Return the name of what is quoted or listed; `...` for what says less."""
    wraps = {"shown", "printable", "quoted", "str", "listed", "repr"}
    if isinstance(node, ast.Call) and node.args and ast.unparse(node.func) in wraps:
        return _text(node.args[0])
    return "..."


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
