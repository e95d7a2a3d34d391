"""Health checks that do nothing and succeed: their "healthy" says nothing about the service."""

import ast
import re
import sys

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, inspected
from scaffolder.diagnose.causes.python.environment import module_at
from scaffolder.diagnose.evidence.files import text
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.pysource import LARGE

from .checks import test

MODULE = re.compile(r"\bpython[\d.]* (?:-[A-Za-z]+ )*-m ([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)")


@cause(
    "check-does-nothing",
    "the health check does nothing and always succeeds",
    pattern="healthcheck",
    reads=["inspect", "files"],
    when=Phase.RUNNING | Phase.IMAGE,
    basis=Basis.INFERRED,
)
def check_does_nothing(case: Case) -> Found | None:
    """Find `python -m` of a module that only defines things, as in services of template 0.5.0."""
    check = case.config.check
    match = MODULE.search(check.words) if check else None
    if check is None or match is None:
        return None
    path = module_at(case, match[1])
    source = text(case.files, path, limit=LARGE) if path.endswith(".py") else None
    if source is None or not only_defines(source):
        return None
    health = case.state.health
    status = (inspected(case, "State.Health.Status", health.status),) if health else ()
    words = "a frozen or unreachable service still counts as healthy"
    return Found(
        f"the health check python -m {match[1]} does nothing and always succeeds: the module only"
        f" defines functions, and nothing calls them; {words}",
        _fix(case, match[1]),
        (
            test(case, check),
            content(case, path, "definitions only: no statement that does anything when it runs"),
            *status,
        ),
        proven=True,
    )


def _fix(case: Case, module: str) -> str:
    package, _, name = module.rpartition(".")
    if name == "probe" and module_at(case, f"{package}.health"):
        return (
            "run viscaffold update in the service and rebuild the image; until then, give"
            f" HEALTHCHECK the command python -m {package}.health"
        )
    return 'make the module call its function: if __name__ == "__main__": sys.exit(main())'


def only_defines(source: str) -> bool:
    """Tell whether a module, run as a program, does nothing; False where that is not certain."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return all(map(_defines, body))


def _defines(statement: ast.stmt) -> bool:
    match statement:
        case ast.FunctionDef(decorator_list=[]) | ast.AsyncFunctionDef(decorator_list=[]):
            return True
        case ast.Import(names=names):
            return all(alias.name.partition(".")[0] in sys.stdlib_module_names for alias in names)
        case ast.ImportFrom(module=str(module), level=0):
            return module.partition(".")[0] in sys.stdlib_module_names
        case (
            ast.Expr(value=value)
            | ast.Assign(value=value)
            | ast.AnnAssign(value=ast.expr() as value)
        ):
            return isinstance(value, ast.Constant)
    return False
