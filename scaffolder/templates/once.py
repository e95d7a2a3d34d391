"""Code that a template renders once, for a place in a service: it is the user's from then on."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import sandbox_process
from .copier import TemplateError
from .jinja_limits import environment
from .placement import SHARED, TEMPLATE
from .template import Template

if TYPE_CHECKING:
    from jinja2 import Environment


def render(
    template: Template, folder: str, names: list[str], context: Mapping[str, Any]
) -> dict[str, str]:
    """Render the files `names` of a folder beside the text that languages share, by their names.

    What others wrote is rendered in a sandbox. Raise TemplateError if that fails.
    """
    arguments: dict[str, Any] = {
        "root": str(template.whole()),
        "folder": folder,
        "names": names,
        "context": dict(context),
    }
    found = (
        sandbox_process.call(render_in_process, **arguments)
        if template.layers
        else render_in_process(**arguments)
    )
    if "error" in found:
        raise TemplateError(f"{folder} cannot be rendered: {found['error']}")
    return found


def render_in_process(
    root: str, folder: str, names: list[str], context: Mapping[str, Any]
) -> sandbox_process.Answer:
    """Render, in whatever process; return the texts, or the error."""
    import jinja2

    files = _environment(Path(root, TEMPLATE, SHARED, folder))
    try:
        return {name: files.get_template(name).render(context) for name in names}
    except (jinja2.TemplateError, TypeError, ValueError, LookupError) as error:
        return {"error": f"{type(error).__name__}: {error}"}


@cache
def _environment(folder: Path) -> "Environment":
    import jinja2

    return environment().overlay(
        loader=jinja2.FileSystemLoader(folder), undefined=jinja2.StrictUndefined
    )
