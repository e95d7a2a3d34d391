"""Where a Python service begins: its application, or the module that is run; read with ast."""

import ast
import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from scaffolder.adopt.sources import Fact, Sources

from .modules import called, modules

FRAMEWORKS = {
    "FastAPI": "FastAPI", "Starlette": "Starlette", "Litestar": "Litestar", "Quart": "Quart",
    "get_asgi_application": "Django",
}  # fmt: skip
"""What is called for an application → the framework that has it."""

NEAR = frozenset({"FastAPI", "Starlette"})
"""Frameworks whose routes and lifespan the runtime takes; others are asked by ASGI."""

SYNCHRONOUS = frozenset({"Flask", "Bottle", "get_wsgi_application"})
"""What is called for an application of WSGI."""

MOUNTS = frozenset({"Mount", "mount"})
"""What makes an application a part of another one."""

TOOLS = frozenset({"setup.py", "manage.py", "noxfile.py", "fabfile.py", "tasks.py"})
"""Programs beside a service, which are not the service."""


@dataclass(frozen=True)
class Entry:
    """What is started: an application, a function that makes one, or a module."""

    module: str
    name: str = ""
    """The application or factory in it; empty for a module that is run with `python -m`."""
    factory: bool = False
    framework: str = ""
    by_protocol: bool = False
    """Whether it is started as any server does that, by ASGI: middleware may be around it, or it
    is of a framework that the runtime does not know from within."""
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


def entries(sources: Sources, hinted: str) -> list[Entry]:
    """Return all that could be the start of the service, the one that is hinted at first."""
    own = [(path, tree) for path, tree in modules(sources) if _is_module(path)]
    found = [entry for path, tree in own for entry in _applications(path, tree)]
    if not found:
        found = [entry for path, tree in own for entry in _programs(path, tree)]
    found = [_as_imported(sources, entry, hinted) for entry in found]
    once = {entry.typed: entry for entry in found}.values()
    return sorted(once, key=lambda entry: (entry.reference != hinted, entry.factory))


def _as_imported(sources: Sources, entry: Entry, hinted: str) -> Entry:
    """Return an entry with the name of its module that is typed, or that `src` as a package has."""
    module, _, name = hinted.removeprefix("python -m ").partition(":")
    if name == entry.name and entry.path in _files(module):
        return replace(entry, module=module)
    if sources.has("src/__init__.py") and entry.path.startswith("src/"):
        return replace(entry, module=f"src.{entry.module}")
    return entry


def named(sources: Sources, words: str) -> Entry | None:
    """Return an application that is named as uvicorn takes it, if there is such a module."""
    found = re.fullmatch(r"([A-Za-z_][\w.]*):([A-Za-z_]\w*)(\(\))?", words)
    path = found and next(filter(sources.has, _files(found[1])), None)
    if not found or not path or not _is_module(path):
        return None
    entry = Entry(found[1], found[2], framework="ASGI", by_protocol=True, path=path, line=1)
    return replace(entry, factory=bool(found[3]))


def _files(module: str) -> list[str]:
    inner = module.replace(".", "/")
    return [f"{top}{inner}{end}" for top in ("", "src/") for end in (".py", "/__init__.py")]


def decided(found: list[Entry], hinted: str) -> Entry | None:
    """Return the one that it is; None where nothing tells which of several."""
    one = [entry for entry in found if entry.reference == hinted]
    if ":" in hinted and not one:
        return None
    whole = one or [entry for entry in found if not entry.factory] or found
    return whole[0] if len(whole) == 1 else None


def module_of(path: str) -> str:
    """Return the module that a file is: from the directory itself, or from `src`."""
    inner = path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__")
    return inner.removesuffix("/__main__").replace("/", ".")


def needs_arguments(sources: Sources) -> Fact | None:
    """Return a function that would make an application if somebody had its arguments."""
    for path, tree in modules(sources):
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if not _needs_nothing(node) and _framework_returned(node):
                return Fact(f"{module_of(path)}:{node.name}", path, node.lineno)
    return None


def synchronous(sources: Sources) -> Fact | None:
    """Return an application of WSGI, which no server of ASGI can run as it is."""
    for path, tree in modules(sources):
        for node in tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                    if called(call) in SYNCHRONOUS:
                        return Fact(f"{module_of(path)}:{name}", path, node.lineno)
    return None


def signal_handler(sources: Sources) -> Fact | None:
    """Return where a program handles signals itself."""
    for path, tree in modules(sources):
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(attr="add_signal_handler" as name)):
                    return Fact(name, path, node.lineno)
                case ast.Call(func=ast.Attribute(value=ast.Name(id="signal"), attr="signal")):
                    return Fact("signal.signal", path, node.lineno)
    return None


def _is_module(path: str) -> bool:
    """Tell whether a file can be imported by name."""
    parts = module_of(path).split(".")
    return all(part.isidentifier() and not keyword.iskeyword(part) for part in parts)


def _applications(path: str, tree: ast.Module) -> Iterator[Entry]:
    """Yield what a module has at its top: what a name stands for last is what is imported."""
    factories = {node.name: made for node in tree.body
                 if isinstance(node, ast.FunctionDef) and (made := _returned(node))}  # fmt: skip
    assigned: dict[str, Entry | None] = {}
    mounted = {
        given.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called(node) in MOUNTS
        for given in [*node.args, *(each.value for each in node.keywords)]
        if isinstance(given, ast.Name)
    }
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in factories:
            made = factories[node.name]
            yield _entry(path, node.name, made, node, factory=True)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            inner = _wrapped(node.value)
            known = assigned.get(inner.id) if isinstance(inner, ast.Name) else None
            made = _made(inner or node.value, factories) or (known.framework if known else "")
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    entry = _entry(path, target.id, made, node)
                    around = replace(entry, by_protocol=bool(inner) or entry.by_protocol)
                    assigned[target.id] = around if made else None
    yield from (entry for name, entry in assigned.items() if entry and name not in mounted)


def _entry(path: str, name: str, framework: str, node: ast.stmt, *, factory: bool = False) -> Entry:
    return Entry(
        module_of(path), name, factory, framework, framework not in NEAR, path, node.lineno
    )


def _made(value: ast.expr | None, others: Mapping[str, str] = FRAMEWORKS) -> str:
    """Return the framework whose application an expression makes, or an empty text."""
    if not isinstance(value, ast.Call):
        return ""
    return {**others, **FRAMEWORKS}.get(called(value), "")


def _wrapped(value: ast.expr | None) -> ast.expr | None:
    """Return what an expression wraps in middleware, `CORSMiddleware(app, ...)`, by its name."""
    if not isinstance(value, ast.Call) or not called(value).endswith("Middleware"):
        return None
    named = [each.value for each in value.keywords if each.arg == "app"]
    inner = next(iter([*value.args[:1], *named]), None)
    return _wrapped(inner) or inner


def _needs_nothing(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    arguments = function.args
    wanted = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    return wanted == 0 and None not in arguments.kw_defaults


def _returned(function: ast.FunctionDef) -> str:
    """Return the framework whose application a function without arguments returns, if any."""
    return _framework_returned(function) if _needs_nothing(function) else ""


def _framework_returned(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
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


def _programs(path: str, tree: ast.Module) -> Iterator[Entry]:
    """Yield what `python -m` starts: packages with a __main__, and modules that ask their name."""
    main = path.endswith("/__main__.py")
    asks = [
        node.lineno for node in tree.body if isinstance(node, ast.If) and _asks_its_name(node.test)
    ]
    is_near = path.count("/") <= 2 and path.rpartition("/")[2] not in TOOLS  # noqa: PLR2004 - deeper ones are helpers
    if (main or asks) and is_near:
        yield Entry(module_of(path), path=path, line=1 if main else asks[0])


def _asks_its_name(test: ast.expr) -> bool:
    match test:
        case ast.Compare(left=ast.Name(id="__name__")):
            return True
    return False


STARTS = ("Dockerfile", "Procfile", "compose.yaml", "compose.yml", "docker-compose.yml", "Makefile")
TYPED = re.compile(r"\b([A-Za-z_][\w.]*:[A-Za-z_]\w*)")
RUN = re.compile(r"python3?[\"', ]+-m[\"', ]+([A-Za-z_][\w.]*)")


def hint(sources: Sources, manifest: Mapping[str, Any]) -> str:
    """Return what the files that start the service name, as uvicorn or python takes it."""
    told = manifest.get("tool", {}).get("fastapi", {})
    if isinstance(told, dict) and isinstance(told.get("entrypoint"), str):
        return str(told["entrypoint"])
    for path in sources.named(STARTS):
        for _, line in sources.lines(path):
            if re.search(r"uvicorn|gunicorn|hypercorn", line) and (typed := TYPED.search(line)):
                return typed[1]
            run = RUN.search(line)
            if run and run[1] not in ("pip", "venv", "pytest", "compileall", "uvicorn", "gunicorn"):
                return f"python -m {run[1]}"
    return ""
