"""Which hosts Django answers to, by its settings: ALLOWED_HOSTS."""

import ast
import re
from collections.abc import Mapping

from . import pysource

NAME = "ALLOWED_HOSTS"
MODULE = re.compile(r"DJANGO_SETTINGS_MODULE['\"]\s*(?:,|\]\s*=)\s*['\"]([\w.]+)['\"]")
"""How manage.py, wsgi.py and asgi.py name the module of the settings."""
BETWEEN = re.compile(r"[,;\s]+")
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]+")


def allowed_hosts(source: str, env: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the hosts that settings allow; None if that is not known, or is not for certain."""
    tree = pysource.parsed(source)
    if tree is None:
        return None
    found: tuple[str, ...] | None = None
    known = 0
    for statement in tree.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id="ALLOWED_HOSTS")], value=value)
                | ast.AnnAssign(target=ast.Name(id="ALLOWED_HOSTS"), value=ast.expr() as value)
            ):
                found = _hosts(value, env)
            case ast.AugAssign(target=ast.Name(id="ALLOWED_HOSTS"), op=ast.Add(), value=value):
                more = _hosts(value, env)
                found = None if found is None or more is None else (*found, *more)
            case _:
                continue
        known += 1
    named = sum(isinstance(n, ast.Name) and n.id == NAME for n in pysource.walk(tree))
    if not found and _may_debug(tree):
        return None  # then some go without saying
    return found if named == known else None


def allows(hosts: tuple[str, ...], host: str) -> bool:
    """Tell whether one of the hosts stands for a host, as Django compares them."""
    host = host.lower()
    return any(
        each in ("*", host) or (each[:1] == "." and f".{host}".endswith(each))
        for each in map(str.lower, hosts)
    )


def _may_debug(tree: ast.Module) -> bool:
    """Tell whether DEBUG is set to anything but False, which it is unless it is set."""
    for node in pysource.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id="DEBUG")], value=value):
                if not (isinstance(value, ast.Constant) and value.value is False):
                    return True
    return False


def _hosts(node: ast.expr, env: Mapping[str, str]) -> tuple[str, ...] | None:  # noqa: PLR0911 - one per kind of expression
    """Return the hosts that an expression stands for; None if that is not known."""
    match node:
        case ast.Constant(value=str(text)):
            return tuple(filter(None, BETWEEN.split(text)))
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            each = [_hosts(element, env) for element in elements]
            return None if None in each else tuple(host for hosts in each for host in hosts or ())
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first, second = _hosts(left, env), _hosts(right, env)
            return None if first is None or second is None else (*first, *second)
        case ast.Call(func=ast.Attribute(value=value, attr="split")):
            return _hosts(value, env)
        case ast.Subscript(value=value, slice=ast.Constant(value=str(name))):
            is_variable = pysource.dotted(value).endswith("environ") and name in env
            return _hosts(ast.Constant(env[name]), env) if is_variable else None
        case ast.Call(args=[ast.Constant(value=str(name)), *rest]) if VARIABLE.fullmatch(name):
            # os.environ.get, os.getenv, and what django-environ and decouple have.
            given = next((k.value for k in node.keywords if k.arg == "default"), None)
            default = given or next(iter(rest), None)
            if name in env:
                return _hosts(ast.Constant(env[name]), env)
            return _hosts(default, env) if default else None
    return None
