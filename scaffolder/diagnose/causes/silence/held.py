"""A running Python that keeps its output in a buffer."""

import ast
import re
from collections.abc import Iterator, Sequence

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, inspected, live, nothing_logged
from scaffolder.diagnose.evidence.phase import Phase

OLD_SECONDS = 3
LARGE = 1 << 20
DEEP = 3
MOST = 500
PRINT, FLUSH, WAIT, OTHER = "print", "flush", "wait", "other"
FLUSHES = {"flush", "reconfigure"}
WAITS = {
    "serve_forever", "run", "run_forever", "run_app", "run_until_complete", "start", "join", "wait",
    "accept", "recv", "recvfrom", "get", "poll", "select", "pause", "input", "read", "readline",
    "consume", "start_consuming", "execute_from_command_line", "main_loop", "exec_", "sleep",
}  # fmt: skip
"""Calls that may not return."""
HARMLESS = {
    "time", "getenv", "len", "str", "int", "range", "format", "getpid", "now", "list",
    "dict", "float", "bool", "tuple", "set", "split", "strip", "lower", "upper",
}  # fmt: skip

Step = tuple[str, str]


@cause(
    "python-holds-output",
    "a running Python program keeps its output in a buffer",
    pattern="process",
    reads=["inspect", "files", "logs", "live"],
    page="ended-without-a-word",
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
)
def python_holds_output(case: Case) -> Found | None:
    """Find a program that has printed, by its source, while its log is empty."""
    config = case.config
    unbuffered = config.env.get("PYTHONUNBUFFERED") or config.tty
    old = any(p.seconds >= OLD_SECONDS for p in case.processes or ())
    if not case.is_silent or unbuffered or not old:
        return None
    for item in case.launched:
        script = item.script
        if (
            script is None
            or script.language != "python"
            or re.search(r"python[\d.]*\s+(?:-\S+\s+)*-\w*u", " ".join(item.argv))
        ):
            continue
        steps = list(_until_it_waits(script.text))
        printed = [text for what, text in steps if what == PRINT]
        if not printed or any(what == FLUSH for what, _ in steps):
            continue
        first = next(i for i, (what, _) in enumerate(steps) if what == PRINT)
        return Found(
            "the program runs and prints, but its log is empty: Python keeps the output in an"
            " 8 KiB buffer unless stdout is a terminal; its source prints:"
            f" {printed[0]}",
            "ENV PYTHONUNBUFFERED=1 (or python -u), or print(..., flush=True)",
            (
                nothing_logged(case),
                content(case, script.path, f"print({printed[0][:120]!r})")
                if script.path
                else inspected(case, "Config.Cmd", list(config.argv)),
                inspected(case, "Config.Env", "PYTHONUNBUFFERED is not set"),
                live(case, "ps", f"up for {max(p.seconds for p in case.processes or ())} s"),
            ),
            (f"docker run -e PYTHONUNBUFFERED=1 {config.image}",),
            proven=all(what != OTHER for what, _ in steps[:first]),
        )
    return None


def _until_it_waits(source: str) -> Iterator[Step]:
    """Return what a program certainly does after its start, until it may wait."""
    try:
        tree = ast.parse(source) if len(source) < LARGE else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    if tree is None:
        return
    functions = {f.name: f.body for f in tree.body if isinstance(f, ast.FunctionDef)}
    for number, step in enumerate(_steps(tree.body, functions, 0)):
        if step[0] == WAIT or number > MOST:
            return
        yield step


def _steps(
    body: Sequence[ast.stmt], functions: dict[str, list[ast.stmt]], deep: int
) -> Iterator[Step]:
    for statement in body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                continue
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
                yield from _steps(statement.body, functions, deep)
            case ast.While(test=ast.Constant(value=true)) if true:
                yield from _steps(statement.body, functions, deep)
                yield WAIT, ""
            case ast.With():
                yield from _calls([item.context_expr for item in statement.items], functions, deep)
                yield from _steps(statement.body, functions, deep)
            case ast.Try():
                yield from _steps(statement.body, functions, deep)
            case ast.If() | ast.While() | ast.For():
                if any(_name(call) in WAITS for call in _found_calls([statement])):
                    yield WAIT, ""
                yield OTHER, ""
            case _:
                yield from _calls([statement], functions, deep)


def _found_calls(nodes: Sequence[ast.AST]) -> Iterator[ast.Call]:
    yield from (n for node in nodes for n in ast.walk(node) if isinstance(n, ast.Call))


def _calls(
    nodes: Sequence[ast.AST], functions: dict[str, list[ast.stmt]], deep: int
) -> Iterator[Step]:
    for call in _found_calls(nodes):
        name = _name(call)
        if name == "print":
            given = {keyword.arg for keyword in call.keywords}
            if "flush" in given:
                yield FLUSH, ""
            elif "file" not in given:
                yield PRINT, ast.unparse(call)[6:-1][:200]
        elif name in functions and isinstance(call.func, ast.Name) and deep < DEEP:
            yield from _steps(functions[name], functions, deep + 1)
        elif name in FLUSHES:
            yield FLUSH, ""
        elif name in WAITS and not _is_of_values(call):
            if not _is_nap(call):
                yield WAIT, ""
        elif name not in HARMLESS and name not in WAITS:
            yield OTHER, ""


def _is_of_values(call: ast.Call) -> bool:
    """Tell whether a call only looks up or puts together values: a queue's `get` has no such."""
    match call:
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str()), *_]):
            return True
        case ast.Call(func=ast.Attribute(attr="join", value=ast.Constant(value=str()))):
            return True
        case ast.Call(func=ast.Attribute(attr="join", value=ast.Attribute(attr="path"))):
            return True
    return False


def _is_nap(call: ast.Call) -> bool:
    """Tell whether a call is a sleep that is over by now."""
    match call.args:
        case [ast.Constant(value=int() | float() as seconds)]:
            return _name(call) == "sleep" and seconds < OLD_SECONDS
    return False


def _name(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
