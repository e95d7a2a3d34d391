"""Where a Python service begins: its application, or the module that is run; read with ast."""

import ast
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache

from .sources import Fact, Sources

FRAMEWORKS = {"FastAPI": "FastAPI", "Starlette": "Starlette"}
HEALTH = ("/health", "/health/live", "/health/ready")
OTHERS = ("/healthz", "/livez", "/readyz", "/live", "/ready", "/ping")
"""Routes that say the same under other names: they are told of, and stay beside ours."""


@dataclass(frozen=True)
class Entry:
    """What is started: an application, a function that makes one, or a module."""

    module: str
    name: str = ""
    """The application or factory in it; empty for a module that is run with `python -m`."""
    factory: bool = False
    framework: str = ""
    path: str = ""
    line: int = 0

    @property
    def reference(self) -> str:
        """Return it as uvicorn or python takes it."""
        return f"{self.module}:{self.name}" if self.name else f"python -m {self.module}"

    @property
    def typed(self) -> str:
        """Return the same, with the mark of a call behind a factory."""
        return f"{self.reference}()" if self.factory else self.reference

    @property
    def fact(self) -> Fact:
        """Return it with its place."""
        return Fact(self.typed, self.path, self.line)


def entries(sources: Sources) -> list[Entry]:
    """Return all that could be the start of the service, the most likely first."""
    found = [entry for path, tree in _modules(sources) for entry in _applications(path, tree)]
    if not found:
        found = [*_programs(sources)]
    hinted = _hint(sources)
    return sorted(found, key=lambda entry: (entry.reference != hinted, entry.factory))


def decided(sources: Sources, found: list[Entry]) -> Entry | None:
    """Return the one that it is; None where nothing tells which of several."""
    hinted = _hint(sources)
    one = [entry for entry in found if entry.reference == hinted]
    whole = one or [entry for entry in found if not entry.factory] or found
    return whole[0] if len(whole) == 1 else None


def module_of(path: str) -> str:
    """Return the module that a file is: from the directory itself, or from `src`."""
    inner = path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__")
    return inner.removesuffix("/__main__").replace("/", ".")


def health_routes(sources: Sources) -> list[Fact]:
    """Return the routes that say how the service is."""
    return [
        Fact(node.args[0].value, path, node.lineno)
        for path, tree in _modules(sources)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)
        if node.args[0].value in (*HEALTH, *OTHERS)
    ]


def signal_handler(sources: Sources) -> Fact | None:
    """Return where a program handles signals itself."""
    for path, tree in _modules(sources):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _called(node) == "signal":
                return Fact("signal.signal", path, node.lineno)
    return None


@lru_cache(maxsize=1)
def _modules(sources: Sources) -> list[tuple[str, ast.Module]]:
    """Return the modules that can be parsed, which may be a stranger's."""
    found = []
    for path, text in sources.code(".py"):
        # A null character, too deep nesting and so on are no SyntaxError.
        with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            found.append((path, ast.parse(text)))
    return found


def _applications(path: str, tree: ast.Module) -> Iterator[Entry]:
    if not all(part.isidentifier() for part in module_of(path).split(".")):
        return
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and (made := _made(node.value)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    yield _entry(path, target.id, made, node)
        elif isinstance(node, ast.FunctionDef) and (made := _returned(node)):
            yield replace(_entry(path, node.name, made, node), factory=True)


def _entry(path: str, name: str, framework: str, node: ast.stmt) -> Entry:
    return Entry(module_of(path), name, framework=framework, path=path, line=node.lineno)


def _made(value: ast.expr | None) -> str:
    """Return the framework whose application an expression makes, or an empty text."""
    if not isinstance(value, ast.Call):
        return ""
    return FRAMEWORKS.get(_called(value), "")


def _called(call: ast.Call) -> str:
    """Return the last name of what is called: `FastAPI` of `fastapi.FastAPI()`."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _needs_nothing(function: ast.FunctionDef) -> bool:
    arguments = function.args
    wanted = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    return wanted == 0 and None not in arguments.kw_defaults


def _returned(function: ast.FunctionDef) -> str:
    """Return the framework whose application a function without arguments returns, if any."""
    if not _needs_nothing(function):
        return ""
    made = {
        target.id: framework
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and (framework := _made(node.value))
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and node.value is not None:
            named = made.get(node.value.id, "") if isinstance(node.value, ast.Name) else ""
            if framework := named or _made(node.value):
                return framework
    return ""


def _programs(sources: Sources) -> Iterator[Entry]:
    """Yield what `python -m` starts: packages with a __main__, and modules that ask their name."""
    for path, tree in _modules(sources):
        main = path.endswith("/__main__.py")
        asks = [
            node.lineno
            for node in tree.body
            if isinstance(node, ast.If) and _asks_its_name(node.test)
        ]
        if (main or asks) and path.count("/") <= 2:  # noqa: PLR2004 - deeper ones are helpers
            yield Entry(module_of(path), path=path, line=1 if main else asks[0])


def _asks_its_name(test: ast.expr) -> bool:
    match test:
        case ast.Compare(left=ast.Name(id="__name__")):
            return True
    return False


STARTS = ("Dockerfile", "Procfile", "compose.yaml", "compose.yml", "docker-compose.yml", "Makefile")
TYPED = re.compile(r"\b([A-Za-z_][\w.]*:[A-Za-z_]\w*)")
RUN = re.compile(r"python3?[\"', ]+-m[\"', ]+([A-Za-z_][\w.]*)")


def _hint(sources: Sources) -> str:
    """Return what the files that start the service name, as uvicorn or python takes it."""
    for path in sources.named(STARTS):
        for _, line in sources.lines(path):
            if re.search(r"uvicorn|gunicorn|hypercorn", line) and (typed := TYPED.search(line)):
                return typed[1]
            run = RUN.search(line)
            if run and run[1] not in ("pip", "venv", "pytest", "compileall", "uvicorn", "gunicorn"):
                return f"python -m {run[1]}"
    return ""
