"""`viscaffold --version`."""

from importlib import metadata

from scaffolder.templates.template import builtin


def version() -> str:
    """Return the versions of viscaffold and of the template that it carries."""
    return f"viscaffold {metadata.version('viscaffold')}, template {builtin().version}"
