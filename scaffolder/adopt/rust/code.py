"""The files by which the runtime runs a program of the user's: they are the user's, too."""

import json

from scaffolder.templates import once
from scaffolder.templates.template import builtin

from .found import Found

FILES = {"app.rs.jinja": "src/app.rs", "program.rs.jinja": "src/program.rs"}
"""Template, in template/shared/adopt/rust/ → path."""


def files(found: Found) -> dict[str, str]:
    """Return the stage that runs the program, and what starts and watches it, by path."""
    context = {
        "program": found.entry,
        "arguments": [_literal(text) for text in found.words],
        "port": found.program_port,
        "route": found.health[0].what if found.health else "/",
    }
    rendered = once.render(builtin(), "adopt/rust", list(FILES), context)
    return {FILES[name]: text for name, text in rendered.items()}


def _literal(text: str) -> str:
    """Return how code in Rust has a printable text: as JSON has it."""
    return json.dumps(text, ensure_ascii=False)
