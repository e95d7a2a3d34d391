"""The modules of a Python service as trees, which a stranger may have written."""

import ast
from contextlib import suppress
from functools import lru_cache

from scaffolder.adopt.sources import Sources


@lru_cache(maxsize=1)
def modules(sources: Sources) -> list[tuple[str, ast.Module]]:
    """Return the modules that can be parsed, with their paths; those near the top first."""
    found = []
    for path, text in sources.code(".py"):
        # A null character, too deep nesting and so on are no SyntaxError.
        with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            found.append((path, ast.parse(text)))
    return found


def called(call: ast.Call) -> str:
    """Return the last name of what is called: `FastAPI` of `fastapi.FastAPI()`."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
