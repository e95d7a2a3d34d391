"""What a template gives for the answers of a service."""

from collections.abc import Mapping
from typing import Any

from scaffolder.engine import trees
from scaffolder.engine.trees import Tree
from scaffolder.templates import render_cache
from scaffolder.templates.template import Template


def render(template: Template, answers: Mapping[str, Any], *, remember: bool) -> Tree:
    """Return what the template gives, from the user's cache if it is known there."""
    known = render_cache.get(template, answers)
    if known is None:
        from scaffolder.templates.render import rendered  # noqa: PLC0415 - most are known

        with rendered(template, answers) as root:
            known = trees.read_tree(root)
        if remember:
            render_cache.put(template, known)
    return known
