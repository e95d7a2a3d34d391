"""The routes by which a Python service says how it is."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from scaffolder.adopt.sources import Fact, Sources
from scaffolder.adopt.surroundings import HEALTH

from .modules import called, modules

MAKERS = frozenset({"get", "route", "api_route", "add_route", "add_api_route", "Route"})
ROUTERS = frozenset({"APIRouter", "Router", "Mount"})


@dataclass(frozen=True)
class Route:
    """A route, and where it is."""

    fact: Fact
    is_whole: bool
    """Whether a client asks for it by this path: that of a router can have a prefix."""


def health(sources: Sources) -> list[Route]:
    """Return the routes that say how the service is."""
    return [route for path, tree in modules(sources) for route in _routes(path, tree)]


def _routes(path: str, tree: ast.Module) -> Iterator[Route]:
    routers = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _is_router(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    inner = {id(below) for node in ast.walk(tree) if _is_router(node) for below in ast.walk(node)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or called(node) not in MAKERS or not node.args:
            continue
        given = node.args[0]
        if isinstance(given, ast.Constant) and HEALTH.fullmatch(str(given.value)):
            owner = node.func.value if isinstance(node.func, ast.Attribute) else None
            apart = isinstance(owner, ast.Name) and owner.id in routers
            whole = not apart and id(node) not in inner
            yield Route(Fact(str(given.value), path, node.lineno), whole)


def _is_router(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and called(node) in ROUTERS
