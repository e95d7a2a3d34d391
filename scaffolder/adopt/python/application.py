"""The module by which the runtime starts an application, or a program, that is the user's."""

import shlex

from scaffolder.adopt.sources import Fact
from scaffolder.templates import once
from scaffolder.templates.template import builtin

from .app import Entry

APPLICATION, PROGRAM = "app.py.jinja", "program.py.jinja"
"""Templates, in template/shared/adopt/python/."""


def application(entry: Entry, arguments: Fact | None = None) -> str:
    """Return the module by which the runtime starts theirs; a program gets its arguments."""
    context = {
        "module": entry.module,
        "name": entry.name,
        "call": "yours()" if entry.factory else "yours",
        "by_protocol": entry.by_protocol,
        "arguments": shlex.split(arguments.what) if arguments else [],
    }
    name = APPLICATION if entry.name else PROGRAM
    return once.render(builtin(), "adopt/python", [name], context)[name]
