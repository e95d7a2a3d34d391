"""A render of the template, fitted to a Rust service that exists: its program is run beside it.

All that comes is in one directory, a package with a lock and a workspace of its own. What the
service has stays byte for byte, and nothing of it is locked, patched or resolved anew.
"""

from typing import TYPE_CHECKING

from scaffolder.adopt.choices import Choices, Level
from scaffolder.adopt.existing import Fitted
from scaffolder.engine import ANSWERS_FILE
from scaffolder.languages.base import Tree

from . import code

if TYPE_CHECKING:
    from .existing import RustService

HOME = "."
TEXT = "100644"
OLDEST = 89
"""The minor version of Rust that the runtime needs."""

PORT = 8080
"""The port of the runtime, unless PORT says otherwise."""

USUAL = 3000

LEFT_OUT = (
    "AGENTS.md",
    "tests/app.rs",
    "tests/config.rs",
    "tests/health.rs",
    "tests/service.rs",
)
"""Theirs say how the service is worked on and tested."""

CONTAINER = ("Dockerfile", ".dockerignore", "compose.yaml", ".env.example", "docs/proxy.md")

SETTINGS = """\
# The program and the service are built into one directory, so that one finds the other.
[build]
target-dir = "../target"
"""

WORKSPACE = """
# Its own, so that the packages around it keep their lock, and this one has another.
[workspace]
"""


def fitted(render: Tree, found: "RustService", choices: Choices) -> Fitted:
    """Return what a render becomes in a directory beside the service."""
    home = choices.name
    out = [*LEFT_OUT, *(CONTAINER if choices.level is Level.RUNTIME else ())]
    places = {HOME: home, **{path: "" for path in sorted(out) if path in render}}
    own = {path: text.encode() for path, text in _adapted(render, found).items()}
    files: dict[str, tuple[str, bytes] | None] = {
        path if path == ANSWERS_FILE else f"{home}/{path}": (mode, own.get(path, content))
        for path, (mode, content) in render.items()
        if path not in places
    }
    brought = own.keys() - render.keys()
    files |= {f"{home}/{path}": (TEXT, own[path]) for path in brought}
    return Fitted(files, places)


def program_port(found: "RustService") -> int:
    """Return the port that the program gets: its usual one, where it does not have to move."""
    usual = int(found.port.what) if found.port else USUAL
    return usual + 1 if usual == PORT and found.has_port_from_environment else usual


def _adapted(render: Tree, found: "RustService") -> dict[str, str]:
    """Return the files that differ from the render, or are not in it."""
    manifest = render["Cargo.toml"][1].decode()
    root = render["src/lib.rs"][1].decode()
    route = found.health[0].what if found.health else "/"
    return {
        "Cargo.toml": manifest + WORKSPACE,
        "src/lib.rs": root.replace("pub mod runtime;", "pub mod program;\npub mod runtime;"),
        "src/app.rs": code.application(program_port(found)),
        "src/program.rs": code.program(found.entry, route),
        ".cargo/config.toml": SETTINGS,
    }
