"""A render of the template, fitted to a Rust service that exists: its program is run beside it.

All that comes is in one directory, a package with a lock and a workspace of its own. What the
service has stays byte for byte, and nothing of it is locked, patched or resolved anew.
"""

from scaffolder.adopt.choices import Choices, Level
from scaffolder.adopt.existing import HOME, Fitted
from scaffolder.adopt.replacing import replaced
from scaffolder.docker.container import PORT
from scaffolder.engine import ANSWERS_FILE
from scaffolder.errors import RefusedError
from scaffolder.languages.base import Tree

from . import code, container
from .found import Found

TEXT = "100644"
OLDEST = 89
"""The minor version of Rust that the runtime needs."""

LEFT_OUT = (
    "AGENTS.md",
    "tests/app.rs",
    "tests/config.rs",
    "tests/health.rs",
    "tests/service.rs",
)
"""Theirs say how the service is worked on and tested."""

EXAMPLE = ".env.example"
CONTAINER = ("Dockerfile", ".dockerignore", "compose.yaml", EXAMPLE, "docs/proxy.md")

SETTINGS = """\
# The program and the service are built into one directory, so that one finds the other.
[build]
target-dir = "../target"
"""

PORT_SETTING = "# PORT=8080\n"
PROGRAM_SETTINGS = """
# What {program} gets as its PORT, and is asked on whether it lives; 0: nobody asks.
# With Docker Compose: where it is published.
# PROGRAM_PORT={port}

# How long {program} may be silent before it counts as frozen, in seconds.
# PROGRAM_HANG_SECONDS=30
"""

RUN = """\
$ cd ..          # your program finds its files there
$ cargo build && (cd {home} && cargo build)
$ target/debug/{home}
"""

WORKSPACE = """
# Its own, so that the packages around it keep their lock, and this one has another.
[workspace]
"""


def fitted(render: Tree, found: Found, choices: Choices) -> Fitted:
    """Return what a render becomes in a directory beside the service."""
    home, own = choices.name, _adapted(render, found, choices.name)
    if choices.level is Level.RUNTIME:
        out = {*LEFT_OUT, *CONTAINER}
        places = {HOME: home}
    else:
        _require_own_port(found)
        out = {*LEFT_OUT}
        places = {HOME: home, container.IGNORE: f"{home}/{container.PLACE}"}
        own |= _contained(render, found, home)
    places |= dict.fromkeys(sorted(out & render.keys()), "")
    whole = {**render, **{path: (TEXT, text.encode()) for path, text in own.items()}}
    files: dict[str, tuple[str, bytes] | None] = {
        path if path == ANSWERS_FILE else places.get(path, f"{home}/{path}"): entry
        for path, entry in whole.items()
        if places.get(path) != ""
    }
    return Fitted(files, places)


def _require_own_port(found: Found) -> None:
    """Raise RefusedError for a program that listens where a container's health check asks."""
    if found.program_port == PORT:
        raise RefusedError(
            f"{found.entry} listens on {PORT} itself ({found.port and found.port.where}), which is "
            "the port of the health routes in a container",
            "have it listen on what PORT says, or the same command with --runtime-only",
        )


def _contained(render: Tree, found: Found, home: str) -> dict[str, str]:
    """Return the files of its container."""
    text = {path: render[path][1].decode() for path in ("Dockerfile", "compose.yaml", EXAMPLE)}
    port, locked = found.program_port, found.sources.has("Cargo.lock")
    settings = PROGRAM_SETTINGS.format(program=found.entry, port=port)
    return {
        EXAMPLE: replaced(text[EXAMPLE], {PORT_SETTING: PORT_SETTING + settings}),
        "Dockerfile": container.dockerfile(
            text["Dockerfile"], home, found.entry, port, locked=locked
        ),
        "compose.yaml": container.compose(text["compose.yaml"], home, port),
        container.OVERRIDE: container.override(found.variables),
        container.IGNORE: container.IGNORED,
    }


def _image(home: str) -> dict[str, str]:
    """Return how its image is built, which has the program, too: from the directory around it."""
    return {f"$ docker build -t {home} . ": f"$ docker build -t {home} -f Dockerfile .. "}


def _adapted(render: Tree, found: Found, home: str) -> dict[str, str]:
    """Return the files that differ from the render, or are not in it."""
    manifest = render["Cargo.toml"][1].decode()
    library, readme = (render[path][1].decode() for path in ("src/lib.rs", "README.md"))
    module = "pub mod runtime;\n"
    return {
        "Cargo.toml": manifest + WORKSPACE,
        "src/lib.rs": replaced(library, {module: f"pub mod program;\n{module}"}),
        "README.md": replaced(readme, {"$ cargo run\n": RUN.format(home=home), **_image(home)}),
        ".cargo/config.toml": SETTINGS,
        **code.files(found),
    }
