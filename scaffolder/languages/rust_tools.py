"""Which cargo and compiler there are on this machine, and whether they build a service."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from . import cargo
from .tools import Tool, said, version

INSTALL = "install Rust: https://rustup.rs"
LINKER = "cc"


def tools(manifest: bytes | None) -> Iterator[Tool]:
    """Return cargo, the compiler, and the linker that it calls."""
    for name in ("cargo", "rustc"):
        found, problem = said(name, "-V", variables=cargo.environment())
        missing = "not found" in problem
        fix = INSTALL if missing else "rustup default stable"
        yield Tool(name, found, problem, fix) if problem else _compiler(name, found, manifest)
    found, problem = said(LINKER, "--version")
    first = found.partition("\n")[0]
    fix = "sudo apt install build-essential, or the same of your system" if problem else ""
    yield Tool(LINKER, first, problem, fix)


def installed_problem(service: Path) -> str:  # noqa: ARG001 - of the protocol
    """Return nothing: cargo itself builds anew what does not fit."""
    return ""


def _compiler(name: str, found: str, manifest: bytes | None) -> Tool:
    required = _required(manifest)
    if name == "rustc" and version(found) < version(required):
        number = ".".join(map(str, version(found)))
        problem = f"is {number}, and the service requires {required}"
        return Tool(name, found, problem, "rustup update stable")
    return Tool(name, found)


def _required(manifest: bytes | None) -> str:
    try:
        package = tomllib.loads((manifest or b"").decode()).get("package", {})
    except ValueError:
        return ""
    required = package.get("rust-version") if isinstance(package, dict) else None
    return required if isinstance(required, str) else ""
